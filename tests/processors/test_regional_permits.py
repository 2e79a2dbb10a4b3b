"""The lines of several regions: nearest first, none over its quota, live before bulk, one limit for all."""

from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import NotReadyError
from contract.items import key_to_wire
from contract.moments import day_of
from contract.regions import line_name
from contract.table import budget_key
from loadtest.simulation.outages import client_error
from processors.adapters.calls import retry_policy
from processors.adapters.dynamodb_counters import DynamoDBRateLimits
from processors.circuit_breaker import FAILURES_IN_A_ROW, FIRST_PAUSE_SECONDS, CircuitBreaker
from processors.rate_limit import Lane, SharedRateLimiter
from processors.regional_permits import SHORT_SECONDS, RegionalLine, RegionalLines, RegionalPermits
from processors.runtime import Deadline
from tests.fakes.dynamodb import TABLE, FakeDynamoDB
from tests.processors.test_budget import OPERATION, START, Silence
from tests.processors.world import EUROPE, HOME, WEST, CountedMetrics


@dataclass
class Fleet:
    """Workers that share the lines of three regions, on a clock that only `sleep` moves."""

    quotas: dict[str, float] = field(default_factory=lambda: {HOME: 50.0, WEST: 50.0, EUROPE: 50.0})
    daily_limit: int | None = None
    now: float = START
    table: FakeDynamoDB = field(default_factory=FakeDynamoDB)
    tally: CountedMetrics = field(default_factory=CountedMetrics)

    def worker(self) -> RegionalLines:
        home, *abroad = (self._line(region, quota) for region, quota in self.quotas.items())
        return RegionalLines(home, tuple(abroad))

    def _line(self, region: str, quota: float) -> RegionalLine:
        budgets = DynamoDBRateLimits(self.table, TABLE, retry_policy(lambda _: None, attempts=2))  # type: ignore[arg-type]
        limiter = SharedRateLimiter(
            OPERATION if region == HOME else line_name(region, OPERATION),
            quota,
            quota / 10,
            budgets,
            lambda: self.now,
            self.tally,
            Silence(),
            self.daily_limit if region == HOME else None,
        )
        return RegionalLine(region, limiter, CircuitBreaker(lambda: self.now))

    def permits(
        self, expected: int, lane: Lane = Lane.LIVE, at_home: int = 0, seconds: float = 60.0
    ) -> RegionalPermits:
        ends_at = self.now + seconds
        return RegionalPermits(
            self.worker(),
            lane,
            expected,
            at_home,
            Deadline(lambda: int((ends_at - self.now) * 1000)),
            nullcontext(),
            lambda: self.now,
            self.sleep,
            lambda longest: longest / 2,
        )

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def item(self, line: str) -> dict[str, str]:
        at = budget_key(line)
        return {name: next(iter(value.values())) for name, value in self.table.items[at.pk, at.sk].items()}


def regions_of(fleet: Fleet, batches: int, calls: int = 10, lane: Lane = Lane.LIVE) -> list[str]:
    taken = []
    for _ in range(batches):
        line, found = fleet.worker().reserve(calls, lane, fleet.now + 30, ())
        assert len(found.times) == calls
        taken.append(line.region)
    return taken


def test_the_home_region_is_used_first_and_the_others_as_lines_grow_long() -> None:
    # A batch of ten takes 0.2 s of a line: three begin within half a second.
    assert regions_of(Fleet(), 9) == [*[HOME] * 3, *[WEST] * 3, *[EUROPE] * 3]


def test_where_all_lines_are_long_live_work_joins_the_shortest() -> None:
    fleet = Fleet()
    worker = fleet.worker()
    counted = Counter(worker.reserve(10, Lane.LIVE, fleet.now + 30, ())[0].region for _ in range(60))

    assert counted == {HOME: 20, WEST: 20, EUROPE: 20}


@given(
    batches=st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 10), st.floats(0, 0.5), st.sampled_from(Lane)),
        min_size=1,
        max_size=40,
    )
)
def test_slots_of_each_region_are_evenly_spaced_and_nobody_shares_one(
    batches: list[tuple[int, int, float, Lane]],
) -> None:
    fleet = Fleet({HOME: 50.0, WEST: 25.0, EUROPE: 5.0})
    workers = [fleet.worker() for _ in range(4)]
    slots: dict[str, list[float]] = {region: [] for region in fleet.quotas}
    for worker, calls, pause, lane in batches:
        fleet.now += pause
        line, found = workers[worker].reserve(calls, lane, fleet.now + 1000, ())
        assert found.times or lane is Lane.BULK
        slots[line.region] += found.times
    for region, quota in fleet.quotas.items():
        assert all(after - before >= 1 / quota - 3e-6 for before, after in pairwise(sorted(slots[region])))


def test_bulk_work_takes_what_live_work_leaves_in_every_region() -> None:
    fleet = Fleet()
    bulk = regions_of(fleet, 9, lane=Lane.BULK)
    worker = fleet.worker()

    _, found = worker.reserve(10, Lane.BULK, fleet.now + 30, ())

    assert Counter(bulk) == {HOME: 3, WEST: 3, EUROPE: 3}
    assert found.times == ()
    assert found.again_at <= fleet.now + 0.2
    _, live = worker.reserve(10, Lane.LIVE, fleet.now + 30, ())
    assert live.times[0] <= fleet.now + SHORT_SECONDS + 0.2


def test_a_region_that_is_left_out_is_tried_once_when_its_pause_is_over() -> None:
    fleet = Fleet()
    worker = fleet.worker()
    home = worker.home
    for _ in range(FAILURES_IN_A_ROW):
        home.breaker.failed()

    assert worker.reserve(10, Lane.LIVE, fleet.now + 30, ())[0].region == WEST
    fleet.now += FIRST_PAUSE_SECONDS
    line, probe = worker.reserve(10, Lane.LIVE, fleet.now + 30, ())
    assert (line.region, len(probe.times)) == (HOME, 1)
    assert worker.reserve(10, Lane.LIVE, fleet.now + 30, ())[0].region == WEST
    home.breaker.failed()
    fleet.now += FIRST_PAUSE_SECONDS
    assert worker.reserve(10, Lane.LIVE, fleet.now + 30, ())[0].region == WEST
    fleet.now += FIRST_PAUSE_SECONDS
    assert len(worker.reserve(10, Lane.LIVE, fleet.now + 30, ())[1].times) == 1
    home.breaker.succeeded()
    line, found = worker.reserve(10, Lane.LIVE, fleet.now + 30, ())
    assert (line.region, len(found.times)) == (HOME, 10)


def test_failures_between_which_something_was_answered_leave_nothing_out() -> None:
    breaker = CircuitBreaker(lambda: START)
    for _ in range(10):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()

    assert breaker.is_closed


def test_where_every_region_is_left_out_the_home_region_is_asked() -> None:
    fleet = Fleet()
    worker = fleet.worker()
    for line in worker.all:
        for _ in range(FAILURES_IN_A_ROW):
            line.breaker.failed()

    assert worker.reserve(10, Lane.LIVE, fleet.now + 30, ())[0].region == HOME


def test_the_limit_of_the_day_is_of_all_regions_together_to_the_call() -> None:
    fleet = Fleet(daily_limit=47)
    workers = [fleet.worker() for _ in range(3)]
    taken: Counter[str] = Counter()
    for number in range(30):
        line, found = workers[number % 3].reserve(10, Lane.LIVE, fleet.now + 30, ())
        taken[line.region] += len(found.times)

    assert taken.total() == 47
    assert {region for region, calls in taken.items() if calls} == {HOME, WEST}
    assert fleet.item(OPERATION)["day_calls"] == "47"
    assert workers[0].reserve(1, Lane.LIVE, fleet.now + 30, ())[1].is_day_over


def test_a_limit_that_an_operator_sets_holds_for_slots_abroad_at_once() -> None:
    fleet = Fleet()
    worker = fleet.worker()
    worker.reserve(10, Lane.LIVE, fleet.now + 30, ())
    fleet.table.update_item(
        TableName=TABLE,
        Key=key_to_wire(budget_key(OPERATION)),
        UpdateExpression="SET daily_limit = :limit",
        ExpressionAttributeValues={":limit": {"N": "12"}},
    )

    line, found = worker.reserve(10, Lane.LIVE, fleet.now + 30, {HOME})

    assert (line.region, len(found.times)) == (WEST, 2)
    assert worker.reserve(10, Lane.LIVE, fleet.now + 30, {HOME})[1].is_day_over


def test_calls_abroad_begin_the_day_where_nothing_was_called_at_home() -> None:
    fleet = Fleet()
    line, found = fleet.worker().reserve(10, Lane.LIVE, fleet.now + 30, {HOME})

    assert (line.region, len(found.times)) == (WEST, 10)
    home = fleet.item(OPERATION)
    assert (home["calls_day"], home["day_calls"]) == (day_of(fleet.now), "10")
    assert fleet.item(line_name(WEST, OPERATION))["day_calls"] == "10"


@pytest.mark.parametrize(("limit", "are_called"), [(None, True), (1000, False)])
def test_while_the_table_is_away_each_region_is_called_at_this_workers_share_unless_it_is_bounded(
    limit: int | None, are_called: bool
) -> None:
    fleet = Fleet(daily_limit=limit)
    worker = fleet.worker()

    def away(operation: str) -> None:
        raise client_error("InternalServerError", operation)

    fleet.table.calls.before = away
    taken = Counter[str]()
    for _ in range(6):
        line, found = worker.reserve(5, Lane.LIVE, fleet.now + 1.0, ())
        taken[line.region] += len(found.times)

    assert (set(taken) == set(fleet.quotas) and taken.total() <= 3 * 6) if are_called else not taken.total()


def test_a_photo_that_only_the_home_region_can_read_waits_for_its_line() -> None:
    fleet = Fleet()
    regions_of(fleet, 4)
    permits = fleet.permits(expected=8, at_home=2)
    permits.prepare("a.jpg")

    small = [permits.take("a.jpg") for _ in range(8)]
    large = [permits.take("b.jpg", permits.regions_abroad) for _ in range(2)]

    assert {permit.line.region for permit in small} == {WEST}
    assert {permit.line.region for permit in large} == {HOME}
    assert fleet.item(line_name(WEST, OPERATION))["day_calls"] == str(10 + 8)
    assert fleet.item(OPERATION)["day_calls"] == str(40 + 8 + 2), "no slot is taken for nobody"


def test_slots_of_a_region_that_is_left_out_are_not_used() -> None:
    fleet = Fleet()
    permits = fleet.permits(expected=10)
    permits.prepare("a.jpg")
    assert permits.take("a.jpg").line.region == HOME
    for _ in range(FAILURES_IN_A_ROW):
        permits.lines.home.breaker.failed()

    # The home region's are kept for what nobody else can be asked about.
    assert permits.take("a.jpg", {HOME}).line.region == WEST


def test_what_would_be_too_late_is_told_so() -> None:
    fleet = Fleet({HOME: 1.0, WEST: 1.0})
    permits = fleet.permits(expected=1, seconds=28.0)
    for _ in range(4):
        fleet.permits(expected=10, seconds=60).prepare("a.jpg")

    def take_many() -> None:
        for _ in range(20):
            permits.take("b.jpg")

    with pytest.raises(NotReadyError) as raised:
        take_many()
    assert raised.value.code == "QuotaExhausted"
