"""One scenario from its description to what is reported of it: what a process of its own can do."""

from __future__ import annotations

from tests.fleet.figures import Figures, figures
from tests.fleet.plots import Panel, panel
from tests.fleet.running import run
from tests.fleet.scenario import Scenario


def simulate(scenario: Scenario) -> tuple[Scenario, Figures, Panel]:
    """Run a scenario and give what is reported of it."""
    record = run(scenario)
    return scenario, figures(record), panel(record, scenario.title)


def kept(seen: Figures) -> bool:
    """Tell whether nothing was lost, and nothing paid twice that no killed worker had paid for."""
    return not seen.lost and (not seen.paid_twice or seen.killed + seen.timed_out > 0)
