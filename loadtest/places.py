"""Where a scenario runs: on a stack that is there, or in a place of its own that is made for it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from loadtest.control_api import ControlApi
from loadtest.errors import LoadtestError
from loadtest.local_place import ROOT, LocalPlace
from loadtest.photos import smallest_photo
from loadtest.scenario import RecognizerChoice, Scenario
from loadtest.stack import Stack, on_aws, on_this_machine

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
def canned_rekognition(latency_seconds: float) -> Iterator[str]:
    """Run a Rekognition that answers without looking while the block lasts; return its address."""
    command = [sys.executable, "-m", "local.rekognition", "--canned", "--port", "0"]
    command += ["--median-seconds", str(latency_seconds)]
    with subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            listening = re.search(r"http://[^ ,]+", process.stdout.readline())
            if listening is None:
                raise LoadtestError("the canned Rekognition did not start; see what it says above")
            yield listening[0]
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
