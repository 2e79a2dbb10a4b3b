"""Small simulations: seconds of real time, minutes of virtual time."""

from dataclasses import replace

import pytest

from loadtest.plots import grid
from loadtest.simulation.figures import figures, panel
from loadtest.simulation.programs import PROGRAMS
from loadtest.simulation.running import Record, run
from loadtest.simulation.scenario import FleetScenario

SMALL = FleetScenario(
    "small",
    "a small backlog",
    {"DetectLabels": 50.0},
    (5, 10),
    backlog=500,
    backlog_is_live=True,
    live_workers=10,
    bulk_workers=10,
)


@pytest.fixture(scope="module")
def record() -> Record:
    return run(SMALL)


def test_every_photo_becomes_searchable_and_is_paid_for_once(record: Record) -> None:
    seen = figures(record)
    assert (seen.searchable, seen.aftermath.lost, seen.aftermath.dead.total(), seen.aftermath.paid_twice) == (
        500,
        0,
        0,
        0,
    )


def test_the_budget_fills_the_quota_and_does_not_collide_with_it(record: Record) -> None:
    seen = figures(record)
    assert seen.use["DetectLabels"] >= 0.95
    assert seen.throttled <= 0.01


def test_what_is_over_is_forgotten(record: Record) -> None:
    assert {pk for pk, _ in record.table.items} == {"quota#DetectLabels"}


def test_the_same_seed_gives_the_same_run(record: Record) -> None:
    again = run(SMALL)
    assert again.rekognition.accepted == record.rekognition.accepted
    assert again.latencies == record.latencies


def test_a_killed_worker_costs_the_calls_it_had_paid_for_and_no_photo() -> None:
    seen = figures(run(replace(SMALL, kills=(4.0, 6.0))))
    assert seen.killed == 2
    assert (seen.searchable, seen.aftermath.lost, seen.aftermath.dead.total()) == (500, 0, 0)
    assert 0 < seen.aftermath.paid_twice <= 2 * 10


def test_without_the_budget_item_work_goes_on_more_slowly() -> None:
    seen = figures(run(replace(SMALL, budget_away=(0.0, 600.0))))
    assert seen.searchable == 500
    assert 0.3 <= seen.use["DetectLabels"] <= 1
    assert seen.throttled <= 0.01


def test_live_photos_pass_a_bulk_backlog() -> None:
    both = replace(SMALL, backlog_is_live=False, live_rate=2.0, live_span=(2.0, 8.0))
    latencies = run(both).latencies
    assert max(seconds for _, seconds in latencies["images"]) < 8
    assert max(seconds for _, seconds in latencies["bulk"]) >= 10


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_way_ends_all_photos_where_there_is_no_lack_of_quota(program: str) -> None:
    plenty = replace(SMALL, program=program, quotas={"DetectLabels": 5000.0}, backlog=60, batch_size=10)
    seen = figures(run(plenty))
    assert (seen.searchable, seen.aftermath.lost, seen.aftermath.dead.total(), seen.aftermath.paid_twice) == (
        60,
        0,
        0,
        0,
    )


def test_a_plot_shows_the_calls_of_each_second(record: Record) -> None:
    picture = panel(record, SMALL.title)
    assert sum(picture.accepted) == 500
    assert "a small backlog" in grid("all", [picture])
