"""How soon the verdict on a photo uploaded now is announced while a million wait in the bulk lane."""

from dataclasses import replace
from statistics import median, quantiles

import typer

from contract.quotas import IN_LARGE_REGIONS
from loadtest.simulation.fleet import REKOGNITION
from loadtest.simulation.report import SIMULATED
from loadtest.simulation.running import run
from loadtest.simulation.scenarios import LIVE
from local.cloud.stages import console

MODERATION = "DetectModerationLabels"
# A normal variable is below this in 95 of 100 cases.
P95 = 1.645
AIM = 3.0


def main(waiting: int = 1_000_000, uploads_a_second: float = 2.0, seed: int = 1) -> None:
    """Simulate a minute of uploads; exit 1 if p95 is above three times the detector's own."""
    scenario = replace(
        LIVE,
        detectors=("moderation",),
        quotas={MODERATION: IN_LARGE_REGIONS[MODERATION]},
        backlog=waiting,
        live_rate=uploads_a_second,
        longest=LIVE.live_span[1] + 15,
        seed=seed,
        recursive_loop="Allow",
    )
    record = run(scenario)
    own = REKOGNITION.quantile(P95)
    told = quantiles(record.announced, n=20)[18]
    left = sum(queue.stocked_count + len(queue.messages()) for queue in record.queues)
    shown = console()
    shown.print(SIMULATED)
    shown.print(
        f"{len(record.announced):,} photos, {uploads_a_second:g} a second, while {left:,} of {waiting:,} "
        f"waited to the end: announced after {median(record.announced):.2f} s (p50), {told:.2f} s (p95); the "
        f"detector takes {REKOGNITION.median:.2f} s and {own:.2f} s: p95 is {told / own:.2f} times its own",
        highlight=False,
    )
    if told > AIM * own:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
