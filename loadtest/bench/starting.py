"""How long it takes until there is a place, and how long when there is one already."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from loadtest.bench.figures import Figure
from loadtest.errors import LoadtestError
from loadtest.local_place import ROOT, LocalPlace, MakeRun

AIM_SECONDS = 15.0


def figures(place: LocalPlace, say: Callable[[str], None]) -> list[Figure]:
    """Bring a place up from nothing, and do it again; it is running afterwards. Raises LoadtestError."""
    say("starting: synthesizing the CDK app anew")
    synthesis_seconds = _synthesize()
    say("starting: make run, in a place of its own, from nothing")
    fresh = place.run()
    say("starting: make run, the second time")
    second = place.run()
    return [
        Figure("synthesizing the CDK app anew", synthesis_seconds, "s"),
        *(
            Figure(f"{what}, from nothing", fresh.stages[name], "s")
            for name, what in {
                "recognizer": "starting the local Rekognition",
                "cloud": "starting MiniStack",
                "deploy": "deploying through CloudFormation",
            }.items()
        ),
        _against_aim("`make run` from nothing, models there", fresh),
        Figure("of the photos' own time then", fresh.stages["recognize"], "s"),
        _against_aim("`make run` again", second),
    ]


def _against_aim(what: str, run: MakeRun) -> Figure:
    return Figure(
        f"{what}, without the photos' own time",
        run.without_photos_seconds,
        "s",
        "at most",
        AIM_SECONDS,
        at_most=1.0,
    )


def _synthesize() -> float:
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "CDK_OUTDIR": scratch, "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1"}
        command = [sys.executable, "-m", "infra.app"]
        begun = time.monotonic()
        finished = subprocess.run(  # noqa: S603
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - begun
    if finished.returncode:
        raise LoadtestError(f"the CDK app failed: {finished.stderr.strip()[-500:]}")
    return seconds
