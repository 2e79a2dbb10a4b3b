from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from loadtest.faults.calls import AwsService
from loadtest.simulation import report
from loadtest.simulation.figures import kept, simulate
from loadtest.simulation.outages import Outage
from loadtest.simulation.queue import UNEXPLAINED
from loadtest.simulation.scenario import FleetScenario, deployed_workers
from loadtest.simulation.scenarios import GROUPS

TINY = FleetScenario(
    "tiny", "ten photos", {"DetectLabels": 5.0}, (0, 5), backlog=10, backlog_is_live=True, live_workers=2
)


def test_the_workers_are_as_many_as_are_deployed() -> None:
    assert [deployed_workers(quota) for quota in (5, 50, 500, 5000)] == [2, 10, 100, 1000]


def test_each_scenario_has_a_name_of_its_own() -> None:
    names = [scenario.name for group in GROUPS.values() for scenario in group]
    assert len(names) == len(set(names))


def test_the_page_has_a_place_for_each_group() -> None:
    page = report.PAGE.read_text()
    assert all(f"<!-- fleet:{group} -->" in page and f"<!-- /fleet:{group} -->" in page for group in GROUPS)


def test_a_group_is_written_between_its_markers_and_into_the_directory(tmp_path: Path) -> None:
    page = tmp_path / "fleet.md"
    page.write_text("before\n<!-- fleet:detectors -->\nold\n<!-- /fleet:detectors -->\nafter\n")
    simulated = simulate(TINY)
    report.write({"detectors": [simulated]}, tmp_path, page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| ten photos |" in text
    assert "old" not in text
    assert "not run" in (tmp_path / "index.html").read_text()
    assert (tmp_path / "detectors.json").exists()
    page.write_text("no markers")
    with pytest.raises(ValueError, match="lacks"):
        report.write({"detectors": [simulated]}, tmp_path, page)


def test_outages_have_a_table_of_their_own_and_no_plot(tmp_path: Path) -> None:
    page = tmp_path / "fleet.md"
    page.write_text("<!-- fleet:outages -->\n<!-- /fleet:outages -->\n")
    away = replace(TINY, title="SNS away", outages=(Outage(AwsService.SNS, 1.0, 20.0),))
    report.write({"outages": [simulate(away)]}, tmp_path, page)
    (limiter,) = [limiter for limiter in page.read_text().splitlines() if limiter.startswith("| SNS away")]
    assert limiter.startswith("| SNS away | 0 | 0 | 0 (0) | ")
    assert not (tmp_path / "fleet-outages.svg").exists()


def test_a_photo_paid_for_twice_is_a_fault_unless_a_worker_was_killed() -> None:
    _, seen, _ = simulate(TINY)
    assert kept(TINY, seen)
    assert not kept(TINY, replace(seen, aftermath=replace(seen.aftermath, lost=1)))
    twice = replace(seen.aftermath, paid_twice=1)
    assert not kept(TINY, replace(seen, aftermath=twice))
    assert kept(TINY, replace(seen, aftermath=twice, killed=1))


def test_a_dead_letter_is_a_fault_where_it_is_an_outage_that_made_it() -> None:
    away = replace(TINY, outages=(Outage(AwsService.SNS, 0.0, 5.0),))
    _, seen, _ = simulate(away)
    assert kept(away, seen)
    buried = replace(seen.aftermath, dead=Counter({UNEXPLAINED: 1}))
    assert not kept(away, replace(seen, aftermath=buried))


def test_a_change_of_the_quota_is_told_of() -> None:
    halved = replace(TINY, quotas={"DetectLabels": 20.0}, backlog=300, shares=((6.0, 0.5), (12.0, 1.0)))
    _, seen, _ = simulate(halved)
    cut, restored = seen.changes
    assert cut.throttled > 0
    assert cut.use > 0.5
    assert restored.use > 0.5
    assert seen.searchable == 300
