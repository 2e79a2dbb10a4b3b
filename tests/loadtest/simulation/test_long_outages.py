"""The promises through hours and days of trouble: the scenarios of docs/fleet.md, with fewer photos.

Shorter ones, with one function at work, are in tests/processors/test_outages.py.
All run under recursion detection as AWS has it by default, whatever is deployed.
"""

from dataclasses import replace

import pytest

from loadtest.simulation.figures import aftermath, broken_promises
from loadtest.simulation.running import run
from loadtest.simulation.scenario import FleetScenario
from loadtest.simulation.scenarios import OUTAGES

pytestmark = pytest.mark.nightly

FEWER = 4
SCENARIOS = [
    scenario
    if scenario.concurrency
    else replace(scenario, backlog=scenario.backlog // FEWER, live_rate=scenario.live_rate / FEWER)
    for scenario in OUTAGES
    if scenario.recursive_loop is None
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_what_cannot_be_done_now_waits_and_is_done_soon_after(scenario: FleetScenario) -> None:
    assert broken_promises(scenario, aftermath(run(scenario))) == []
