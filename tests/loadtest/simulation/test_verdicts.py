"""How soon a live photo is announced beside a backlog: what is measured is of live photos, and of all."""

from dataclasses import replace

from loadtest.simulation.running import BULK, run
from loadtest.simulation.scenarios import LIVE


def test_each_live_photo_is_announced_once_and_after_it_is_searchable() -> None:
    scenario = replace(
        LIVE, backlog=400, backlog_is_live=False, live_span=(2.0, 7.0), steady=(2, 7), recursive_loop="Allow"
    )

    record = run(scenario)

    assert len(record.announced) == 10
    assert len(record.latencies[BULK]) == 400
    assert min(record.announced) > 0.45
    assert max(record.announced) < 7.0
