"""Where a scenario runs: on a stack that is there, or in a place of its own that is made for it.

A local environment is brought up and down as a person does it: by its commands.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtest import ROOT, LoadtestError
from loadtest.photos import PHOTOS, smallest_photo
from loadtest.scenario import RecognizerChoice, Scenario
from loadtest.stack import ControlApi, Stack, on_aws, on_this_machine

_STOP_SECONDS = 10


@dataclass(frozen=True)
class Target:
    """A running stack, what it is, and the control API of its Rekognition; AWS has none.

    `processes` are the ids of those that run it on this machine.
    """

    stack: Stack
    what: str
    control: ControlApi | None = None
    processes: tuple[int, ...] = ()

    @property
    def is_canned(self) -> bool:
        return self.control is not None and self.control.is_canned()


@contextmanager
def place_for(
    scenario: Scenario, stack: str | None, directory: Path, say: Callable[[str], None]
) -> Iterator[Target]:
    """Yield the place for a scenario while the block lasts; a stack's name is one on AWS.

    Without one, it is the local environment in the directory, or one of the scenario's own if it needs that.

    Raises LoadtestError, also where the scenario cannot run on AWS.
    """
    if stack is not None:
        if reasons := scenario.reasons_against_aws():
            raise LoadtestError(
                f"scenario {scenario.name} runs on this machine only: {'; '.join(reasons)}. "
                "Leave --stack out, or choose another scenario"
            )
        found = on_aws(stack)
        yield Target(found, f"stack {stack} on AWS, {found.outputs['region']}")
    elif scenario.needs_own_place:
        with _own_place(scenario, say) as place:
            yield place
    else:
        found = on_this_machine(directory)
        pids = LocalPlace(directory).pids()
        yield Target(
            found, "the local environment of make run", ControlApi(found.outputs["rekognition_url"]), pids
        )


@contextmanager
def _own_place(scenario: Scenario, say: Callable[[str], None]) -> Iterator[Target]:
    with tempfile.TemporaryDirectory(prefix="loadtest-") as scratch:
        warm_up = Path(scratch) / "photos"
        warm_up.mkdir()
        shutil.copy(smallest_photo(), warm_up)
        canned = scenario.recognizer is RecognizerChoice.CANNED
        with canned_rekognition(scenario.latency_seconds) if canned else nullcontext() as rekognition_url:
            place = LocalPlace(Path(scratch) / "place", scenario.context, rekognition_url)
            say("make run, in a place of its own")
            try:
                place.run(warm_up)
                stack = Stack(place.outputs())
                settings = ", ".join(f"{name}={value}" for name, value in scenario.context.items())
                what = f"a local environment of its own{f' with {settings}' if settings else ''}"
                yield Target(stack, what, ControlApi(stack.outputs["rekognition_url"]), place.pids())
            finally:
                say("stopping the place")
                place.stop()


@contextmanager
def serving(what: str, *arguments: str) -> Iterator[str]:
    """Run a server, a module with its arguments, while the block lasts; yield the URL that it prints."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            listening = re.search(r"http://[^\s,]+", process.stdout.readline())
            if listening is None:
                raise LoadtestError(f"{what} did not start; see what it says above")
            yield listening[0]
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def canned_rekognition(latency_seconds: float) -> AbstractContextManager[str]:
    """Run a Rekognition that answers without looking while the block lasts; yield its URL."""
    arguments = ("--canned", "--port", "0", "--median-seconds", str(latency_seconds))
    return serving("the canned Rekognition", "local.rekognition", *arguments)


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
        ports = [] if (self.directory / "place.json").exists() else ["--port", "0"]
        begun = time.monotonic()
        settings = [f"--context={name}={value}" for name, value in self.context.items()]
        asked = [] if self.rekognition_url is None else ["--rekognition-url", self.rekognition_url]
        said = self._command("run", "--images", str(photos), *ports, *settings, *asked)
        return MakeRun(time.monotonic() - begun, stages_of(said))

    def stop(self) -> None:
        self._command("stop")

    def outputs(self) -> dict[str, str]:
        outputs: dict[str, str] = json.loads((self.directory / "outputs.json").read_text())
        return outputs

    def pid(self, part: str) -> int:
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
