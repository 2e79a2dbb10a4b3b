"""Running Locust, and reading what it found."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadtest.faults import LoadtestError
from loadtest.scenario import ApiLoad
from loadtest.stack import Stack

_LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_GRACE_SECONDS = 60
# Locust ends with this when requests have failed; those are in its figures.
_FAILURES = 1


def drive(stack: Stack, load: ApiLoad, out: Path, name: str) -> tuple[Mapping[str, Any], ...]:
    """Let users ask the API; give the figures of each kind of question, and of all together.

    Leaves Locust's own page beside the report. Raises LoadtestError.
    """
    out.mkdir(parents=True, exist_ok=True)
    prefix = out / f"{name}-locust"
    command = [
        sys.executable, "-m", "locust", "--headless", "--only-summary", "--locustfile", str(_LOCUSTFILE),
        "--host", stack.outputs["api_url"].rstrip("/"), "--users", str(load.users),
        "--spawn-rate", str(load.users), "--run-time", f"{load.seconds:g}s",
        "--csv", str(prefix), "--html", f"{prefix}.html",
    ]  # fmt: skip
    environment = dict(os.environ)
    environment.pop("LOADTEST_REGION", None)
    if not stack.is_local:
        environment["LOADTEST_REGION"] = stack.outputs["region"]
    finished = subprocess.run(  # noqa: S603
        command,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=load.seconds + _GRACE_SECONDS,
    )
    stats = Path(f"{prefix}_stats.csv")
    if finished.returncode not in (0, _FAILURES) or not stats.exists():
        raise LoadtestError(f"locust failed: {finished.stderr.strip()[-500:]}")
    found = read_stats(stats.read_text())
    for kind in ("stats", "stats_history", "failures", "exceptions"):
        Path(f"{prefix}_{kind}.csv").unlink(missing_ok=True)
    return found


def read_stats(text: str) -> tuple[dict[str, Any], ...]:
    """Read Locust's table of requests: times in milliseconds, the last line is all of them together."""
    return tuple(
        {
            "what": row["Name"] if row["Name"] != "Aggregated" else "all together",
            "requests": int(row["Request Count"]),
            "failures": int(row["Failure Count"]),
            "a_second": float(row["Requests/s"]),
            "p50_ms": _milliseconds(row["50%"]),
            "p95_ms": _milliseconds(row["95%"]),
            "p99_ms": _milliseconds(row["99%"]),
        }
        for row in csv.DictReader(text.splitlines())
    )


def _milliseconds(text: str) -> float | None:
    return None if text in {"", "N/A"} else float(text)
