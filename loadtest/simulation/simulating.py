"""One scenario from its description to what is reported of it: what a process of its own can do."""

from __future__ import annotations

from loadtest.simulation.aftermath import broken_promises
from loadtest.simulation.figures import Figures, figures
from loadtest.simulation.plots import Panel, panel
from loadtest.simulation.running import run
from loadtest.simulation.scenario import Scenario

# Outages last for days, of which nobody could see a second.
MOST_SECONDS_DRAWN = 600


def simulate(scenario: Scenario) -> tuple[Scenario, Figures, Panel]:
    """Run a scenario and give what is reported of it."""
    record = run(scenario)
    return scenario, figures(record), panel(record, scenario.title, MOST_SECONDS_DRAWN)


def kept(scenario: Scenario, seen: Figures) -> bool:
    """Tell whether the promises were kept.

    Nothing is lost, and nothing is paid twice that no killed worker had paid for. Where services were away,
    or Lambda refused to run, there are no dead letters either.
    """
    if scenario.outages or scenario.concurrency:
        return not broken_promises(scenario, seen.aftermath)
    return not seen.lost and (not seen.paid_twice or seen.killed + seen.timed_out > 0)
