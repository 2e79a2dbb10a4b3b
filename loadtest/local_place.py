"""A local environment of one's own, brought up and down as a person does it: by its commands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtest.errors import LoadtestError

ROOT = Path(__file__).resolve().parents[1]
PHOTOS = ROOT / "images"
# Where `make run` keeps its place.
LOCAL_DIRECTORY = ROOT / ".local"
_STAGE = re.compile(r"^[✓+] (?P<name>\S+)\s.*?(?P<seconds>[0-9.]+) s$", re.MULTILINE)


@dataclass(frozen=True)
class MakeRun:
    """One `make run`: its seconds in all, and those of each of its stages by name."""

    seconds: float
    stages: Mapping[str, float]

    @property
    def without_photos_seconds(self) -> float:
        """Return what it took beside recognizing."""
        return self.seconds - self.stages.get("recognize", 0.0)


@dataclass(frozen=True)
class LocalPlace:
    """A place in a directory, on free ports that it keeps.

    `context` are settings of the deployment beside the usual local ones. Where `rekognition_url` is given,
    that Rekognition is asked instead of a local one that looks.
    """

    directory: Path
    context: Mapping[str, str] = field(default_factory=dict)
    rekognition_url: str | None = None

    def run(self, photos: Path = PHOTOS) -> MakeRun:
        """Do what `make run` does. Raises LoadtestError."""
        ports = [] if (self.directory / "place.json").exists() else ["--port", "0"]
        begun = time.monotonic()
        settings = [f"--context={name}={value}" for name, value in self.context.items()]
        asked = [] if self.rekognition_url is None else ["--rekognition-url", self.rekognition_url]
        said = self._command("run", "--images", str(photos), *ports, *settings, *asked)
        return MakeRun(time.monotonic() - begun, stages_of(said))

    def stop(self) -> None:
        """Do what `make stop` does. Raises LoadtestError."""
        self._command("stop")

    def outputs(self) -> dict[str, str]:
        outputs: dict[str, str] = json.loads((self.directory / "outputs.json").read_text())
        return outputs

    def pid(self, part: str) -> int:
        """Return the process id of `cloud` or `rekognition`."""
        trace: dict[str, Any] = json.loads((self.directory / f"{part}.pid.json").read_text())
        return int(trace["pid"])

    def pids(self) -> tuple[int, ...]:
        return tuple(self.pid(file.name.split(".")[0]) for file in sorted(self.directory.glob("*.pid.json")))

    @property
    def packages_of_lambda(self) -> Path:
        """Where the packages are that Lambda's own Python brings."""
        return self.directory / "cloud" / "lambda-python" / "packages"

    def _command(self, name: str, *arguments: str) -> str:
        command = [sys.executable, "-m", "local", name, "--directory", str(self.directory), *arguments]
        finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
        if finished.returncode:
            raise LoadtestError(f"`local {name}` failed: {finished.stderr.strip()}")
        return finished.stdout


def stages_of(said: str) -> dict[str, float]:
    """Read the stages and their seconds off what `make run` prints."""
    return {found["name"]: float(found["seconds"]) for found in _STAGE.finditer(said)}
