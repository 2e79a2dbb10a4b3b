"""One scenario from its description to what is reported of it: what a process of its own can do."""

from __future__ import annotations

from loadtest.plots import Panel
from loadtest.simulation.aftermath import broken_promises
from loadtest.simulation.figures import Figures, figures
from loadtest.simulation.running import Record, run
from loadtest.simulation.scenario import Scenario

# Outages last for days, of which nobody could see a second.
MOST_SECONDS_DRAWN = 600


def simulate(scenario: Scenario) -> tuple[Scenario, Figures, Panel]:
    """Run a scenario and give what is reported of it."""
    record = run(scenario)
    return scenario, figures(record), panel(record, scenario.title)


def panel(record: Record, title: str) -> Panel:
    """Draw up the calls of the first operation of a scenario."""
    scenario, paid = record.scenario, record.rekognition
    operation = scenario.operations[0]
    span = range(min(MOST_SECONDS_DRAWN, int(record.ended_at) + 1))

    def quota(second: int) -> float:
        shares = [share for at, share in scenario.shares if at <= second]
        return scenario.quotas[operation] * (shares[-1] if shares else 1.0)

    return Panel(
        title,
        [paid.accepted[operation][second] for second in span],
        [paid.throttled[operation][second] for second in span],
        [quota(second) for second in span],
    )


def kept(scenario: Scenario, seen: Figures) -> bool:
    """Tell whether the promises were kept.

    Nothing is lost, and nothing is paid twice that no killed worker had paid for. Where services were away,
    or Lambda refused to run, there are no dead letters either.
    """
    if scenario.outages or scenario.concurrency:
        return not broken_promises(scenario, seen.aftermath)
    return not seen.lost and (not seen.paid_twice or seen.killed + seen.timed_out > 0)
