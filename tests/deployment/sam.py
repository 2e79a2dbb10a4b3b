"""The SAM CLI, in an environment of its own: it pins another boto3 than we have."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from infra.bundles import ROOT

LOCK = ROOT / "requirements" / "sam.txt"
# SAM tells AWS what is done with it, unless it is told not to.
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-telemetry.html
QUIET = {"SAM_CLI_TELEMETRY": "0"}


def installed() -> Path:
    """Return the Python that has it, as requirements/sam.txt locks it; the first time needs the network."""
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    place = ROOT / "build" / f"sam-{digest}"
    if not place.exists():
        _install(place)
    return place / "bin" / "python"


def _install(place: Path) -> None:
    from uv import find_uv_bin

    place.parent.mkdir(exist_ok=True)
    uv = find_uv_bin()
    with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        made = Path(scratch) / "sam"
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(made)], check=True)
        install = [uv, "pip", "install", "-q", "--python", str(made / "bin/python"), "--require-hashes"]
        subprocess.run([*install, "-r", str(LOCK)], check=True)
        # Another process may have made the same at the same time.
        if not place.exists():
            made.rename(place)
    for old in place.parent.glob("sam-*"):
        if old != place:
            shutil.rmtree(old, ignore_errors=True)


def sam(*arguments: str, environment: Mapping[str, str], cwd: Path, answers: str = "") -> str:
    """Run the SAM CLI, and return what it says; `answers` are typed into it."""
    finished = subprocess.run(
        [str(installed()), "-m", "samcli", *arguments],
        cwd=cwd,
        env={**environment, **QUIET},
        input=answers,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr
