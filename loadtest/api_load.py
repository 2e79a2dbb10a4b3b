"""Running Locust, and reading what it found."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.quotas import COSTLY_REQUESTS_A_SECOND
from loadtest import LoadtestError
from loadtest.arithmetic import percentile
from loadtest.scenario import ApiLoad
from loadtest.stack import Stack

_LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_GRACE_SECONDS = 60
# Locust ends with this when requests have failed; those are in its figures.
_FAILURES = 1


@dataclass(frozen=True)
class RequestStats:
    """One kind of question under load. Times are milliseconds, in Locust's steps of about a hundredth."""

    what: str
    requests: int
    failures: int
    a_second: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None

    @classmethod
    def of(cls, what: str, times_ms: Mapping[float, int], failures: int, seconds: float) -> "RequestStats":
        times = list(Counter(times_ms).elements())
        p50, p95, p99 = (percentile(times, percent) for percent in (50, 95, 99))
        return cls(what, len(times), failures, len(times) / seconds, p50, p95, p99)


def drive(stack: Stack, load: ApiLoad, out: Path, name: str) -> tuple[RequestStats, ...]:
    """Let users ask the API; return the figures of each kind of question, and of all together.

    On AWS they ask no faster than its throttle lets them, for what is refused has no figures. Leaves Locust's
    own page beside the report. Raises LoadtestError.
    """
    out.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "locust", "--headless", "--only-summary", "--json",
        "--locustfile", str(_LOCUSTFILE), "--host", stack.outputs["api_url"].rstrip("/"),
        "--users", str(load.users), "--spawn-rate", str(load.users), "--run-time", f"{load.seconds:g}s",
        # An answer that is late is waited for, and counts.
        "--stop-timeout", "20", "--html", str(out / f"{name}-locust.html"),
    ]  # fmt: skip
    finished = subprocess.run(  # noqa: S603
        command,
        env={**os.environ, **_settings(stack, load)},
        capture_output=True,
        text=True,
        check=False,
        timeout=load.seconds + _GRACE_SECONDS,
    )
    if finished.returncode not in (0, _FAILURES):
        raise LoadtestError(f"locust failed: {finished.stderr.strip()[-500:]}")
    return read_stats(finished.stdout, load.seconds)


def pause_seconds(load: ApiLoad) -> float:
    """Return how long each user pauses where the API takes so many requests a second and refuses the rest.

    All questions go by one route, whose throttle is on AWS alone. A tenth is kept free for what else asks.
    """
    return load.users / (0.9 * COSTLY_REQUESTS_A_SECOND)


def _settings(stack: Stack, load: ApiLoad) -> dict[str, str]:
    if stack.is_local:
        return {"LOADTEST_REGION": "", "LOADTEST_PAUSE_SECONDS": "0"}
    return {"LOADTEST_REGION": stack.outputs["region"], "LOADTEST_PAUSE_SECONDS": f"{pause_seconds(load):g}"}


def read_stats(text: str, seconds: float) -> tuple[RequestStats, ...]:
    """Read what Locust writes at its end: each kind of question, then all together. Raises LoadtestError."""
    try:
        kinds: list[Any] = json.loads(text)
        read = sorted(
            (kind["name"], _times_ms(kind["response_times"]), int(kind["num_failures"])) for kind in kinds
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LoadtestError(f"locust did not write what was expected: {text[:200]!r}") from error
    together = sum((times for _, times, _ in read), Counter[float]())
    everything = ("all together", together, sum(failed for _, _, failed in read))
    return tuple(RequestStats.of(*kind, seconds) for kind in (*read, everything))


def _times_ms(response_times: Mapping[str, Any]) -> Counter[float]:
    return Counter({float(time): int(count) for time, count in response_times.items()})
