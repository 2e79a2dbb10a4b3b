"""How long it takes until there is a place, and how long when there is one already."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from loadtest.bench.figures import Figure
from loadtest.places import LocalPlace, MakeRun
from local.cloud.assembly import run_app

AIM_SECONDS = 15.0


def figures(place: LocalPlace, say: Callable[[str], None]) -> list[Figure]:
    """Bring a place up from nothing, and do it again; it runs afterwards.

    Raises LocalCloudError, LoadtestError.
    """
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
        begun = time.monotonic()
        run_app(Path(scratch), {})
        return time.monotonic() - begun
