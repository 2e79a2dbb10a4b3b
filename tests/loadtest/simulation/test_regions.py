"""Several regions, a small fleet: the sum of their quotas is used, and an outage of one buries nothing."""

from dataclasses import replace

import pytest

from loadtest.faults.calls import AwsService
from loadtest.simulation.figures import figures
from loadtest.simulation.fleet import ALLOW
from loadtest.simulation.outages import Outage
from loadtest.simulation.running import run
from loadtest.simulation.scenario import FleetScenario

TEN = {"DetectLabels": 10.0}
THREE = FleetScenario(
    "three",
    "three regions of 10 calls a second",
    TEN,
    (5, 20),
    abroad={"us-west-2": TEN, "eu-west-1": TEN},
    backlog=600,
    backlog_is_live=True,
    live_workers=6,
    bulk_workers=8,
    longest=120.0,
    recursive_loop=ALLOW,
)


@pytest.mark.parametrize("is_live", [True, False])
def test_the_sum_of_all_quotas_is_used_and_none_is_passed(is_live: bool) -> None:
    seen = figures(run(replace(THREE, backlog_is_live=is_live)))

    assert seen.use["DetectLabels"] >= 0.95
    assert seen.throttled == 0
    assert (seen.aftermath.lost, seen.aftermath.paid_twice, seen.aftermath.dead.total()) == (0, 0, 0)


@pytest.mark.parametrize("away", ["", "us-west-2"])
def test_while_one_is_away_the_others_are_used_and_no_photo_is_blamed(away: str) -> None:
    # The pause is over at 13 s, is doubled by the probe, and over again at 23 s.
    outage = Outage(AwsService.REKOGNITION, 8.0, 16.0, region=away)
    record = run(replace(THREE, outages=(outage,), steady=(10, 16), backlog=750))
    seen = figures(record)

    assert seen.use["DetectLabels"] >= 0.95 * 2 / 3
    assert (seen.aftermath.lost, seen.aftermath.paid_twice, seen.aftermath.dead.total()) == (0, 0, 0)
    assert seen.searchable == 750
    back = record.rekognition if not away else record.abroad[away]
    assert sum(back.accepted["DetectLabels"][second] for second in range(16, 60)) > 0, "it is asked again"


def test_calls_stay_at_home_while_its_own_quota_is_enough() -> None:
    record = run(
        replace(THREE, backlog=0, live_rate=2.0, live_span=(1.0, 20.0), quotas={"DetectLabels": 50.0})
    )

    assert record.rekognition.count(record.rekognition.accepted) == record.uploaded
    assert not any(one.count(one.accepted) for one in record.abroad.values())
