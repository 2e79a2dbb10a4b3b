"""The shared budget: evenly spaced slots that nobody holds twice, two lanes, and what follows a throttle."""

import math
import random
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.errors import NotReadyError
from contract.items import key_to_wire
from contract.metrics import Metric
from contract.quotas import CubicCalculator
from contract.table import budget_key
from contract.timing import RESERVE_SECONDS
from loadtest.simulation.outages import client_error
from processors.adapters.calls import retry_policy
from processors.adapters.dynamodb_counters import DynamoDBRateLimits
from processors.permits import Permits
from processors.rate_limit import ALONE_SECONDS, LONGEST_SPAN_SECONDS, Lane, SharedRateLimiter
from processors.runtime import Deadline
from tests.fakes.calls import nothing
from tests.fakes.dynamodb import TABLE, FakeDynamoDB
from tests.processors.world import SETTINGS, CountedMetrics, World

OPERATION = "DetectLabels"
START = 1_795_000_000.0


class Silence:
    def warning(self, message: str, **facts: object) -> None: ...
    def error(self, message: str, **facts: object) -> None: ...

    def exception(self, message: str, **facts: object) -> None: ...


@dataclass
class Fleet:
    """Workers that share one budget of `quota` calls a second, on a clock that only `sleep` moves."""

    quota: float = 50.0
    daily_limit: int | None = None
    now: float = START
    table: FakeDynamoDB = field(default_factory=FakeDynamoDB)
    tally: CountedMetrics = field(default_factory=CountedMetrics)

    def worker(self, share: float = 5.0) -> SharedRateLimiter:
        budgets = DynamoDBRateLimits(self.table, TABLE, retry_policy(lambda _: None, attempts=2))  # type: ignore[arg-type]
        return SharedRateLimiter(
            OPERATION,
            self.quota,
            share,
            budgets,
            lambda: self.now,
            self.tally,
            Silence(),
            self.daily_limit,
        )

    def permits(self, lane: Lane, expected: int, remaining_seconds: float = 60.0) -> Permits:
        ends_at = self.now + remaining_seconds
        deadline = Deadline(lambda: int((ends_at - self.now) * 1000))
        return Permits(
            self.worker(),
            lane,
            expected,
            deadline,
            nullcontext(),
            lambda: self.now,
            self.sleep,
            lambda m: m / 2,
        )

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_rate_is_the_quota_until_a_throttle() -> None:
    assert CubicCalculator(50).rate(START) == 50


def test_after_a_throttle_the_rate_falls_comes_back_and_then_grows_to_the_quota() -> None:
    cut = CubicCalculator(50, cut_at=START, cut_from=25)
    rates = [cut.rate(START + second) for second in range(20)]

    assert rates[0] == pytest.approx(0.7 * 25)
    assert rates[5] == pytest.approx(25, rel=0.02)
    assert rates == sorted(rates)
    assert rates[13] >= 0.9 * 50
    assert rates[-1] == 50


def test_however_often_it_is_throttled_something_is_still_tried() -> None:
    assert CubicCalculator(50, cut_at=START, cut_from=0.1).rate(START) == 1.0


@given(
    batches=st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 10), st.floats(0, 0.5)), min_size=1, max_size=40
    )
)
def test_slots_of_all_workers_are_evenly_spaced_and_nobody_shares_one(
    batches: list[tuple[int, int, float]],
) -> None:
    fleet = Fleet()
    workers = [fleet.worker() for _ in range(4)]
    slots: list[float] = []
    for worker, calls, pause in batches:
        fleet.now += pause
        taken = workers[worker].reserve(calls, Lane.LIVE, fleet.now + 1000).times
        assert len(taken) == calls
        assert taken[0] >= fleet.now - 1e-6
        slots += taken

    slots.sort()
    gaps = [later - earlier for earlier, later in pairwise(slots)]
    assert all(gap >= 1 / 50 - 1e-5 for gap in gaps)


def test_a_backlog_uses_every_slot_at_a_tenth_of_a_write_a_call() -> None:
    fleet = Fleet()
    workers = [fleet.worker() for _ in range(10)]
    slots = [
        slot
        for _ in range(50)
        for worker in workers
        for slot in worker.reserve(10, Lane.LIVE, START + 999).times
    ]

    assert max(slots) - min(slots) == pytest.approx(len(slots) / 50, rel=0.01)
    assert fleet.tally[Metric.BUDGET_WRITES] <= 0.11 * len(slots)


def test_bulk_keeps_the_line_short_and_live_work_passes_it_by() -> None:
    fleet = Fleet()
    bulk, live = fleet.worker(), fleet.worker()
    while bulk.reserve(10, Lane.BULK, fleet.now + 30).times:
        pass

    waited = live.reserve(10, Lane.LIVE, fleet.now + 30).times[0] - fleet.now
    assert waited <= 0.5 + 10 / 50
    assert bulk.reserve(10, Lane.BULK, fleet.now + 30).times == ()


def test_bulk_is_never_kept_out_for_good() -> None:
    fleet = Fleet()
    bulk, live = fleet.worker(), fleet.worker()
    live.reserve(10, Lane.LIVE, fleet.now + 999)
    got = 0
    for _ in range(500):
        fleet.now += 0.1
        live.reserve(5, Lane.LIVE, fleet.now + 999)  # as many as there are
        got += len(bulk.reserve(10, Lane.BULK, fleet.now + 999).times)

    assert 0.05 * 2500 <= got <= 0.15 * 2500


def test_a_throttle_slows_down_everybody_once() -> None:
    fleet = Fleet()
    one, other = fleet.worker(), fleet.worker()
    for worker in (one, other, one):
        worker.slow_down(0)
    one.reserve(1, Lane.LIVE, fleet.now + 30)

    slots = [slot for _ in range(2) for slot in one.reserve(10, Lane.LIVE, fleet.now + 30).times]
    assert slots[-1] - slots[0] == pytest.approx(19 / 35, rel=0.02)
    assert other.item.cut_from == one.item.cut_from == 50


def test_what_was_taken_without_knowing_of_a_cut_does_not_cut_again() -> None:
    fleet = Fleet()
    one, other = fleet.worker(), fleet.worker()
    fleet.now += 3
    one.slow_down(0)
    fleet.now += 2
    other.slow_down(0)
    assert other.item.cut_at == one.item.cut_at == START + 3

    other.slow_down(1)
    assert other.item.cut_at == START + 5


def test_slots_that_were_taken_before_a_cut_come_as_far_apart_as_those_after_it() -> None:
    fleet = Fleet()
    one, other = fleet.worker(), fleet.worker()
    taken = [(worker, at) for worker in (other, one) for at in worker.reserve(10, Lane.LIVE, START + 9).times]

    one.slow_down(0)
    other.slow_down(0)
    after = one.reserve(10, Lane.LIVE, START + 9).times

    due = sorted([*(worker.due(at, 0) for worker, at in taken), *after])
    assert [later - earlier for earlier, later in pairwise(due)] == pytest.approx([1 / 35] * 29, rel=0.01)
    assert after == pytest.approx([one.due(at, 1) for at in after])


def test_who_hears_of_a_cut_with_a_reservation_is_not_put_off_by_how_long_ago_it_was() -> None:
    fleet = Fleet(quota=1.0)
    idle, busy = fleet.worker(), fleet.worker()
    busy.slow_down(0)
    fleet.now += 600
    busy.slow_down(1)

    slots = idle.reserve(3, Lane.LIVE, fleet.now + 30)

    assert [idle.due(at, slots.known_cuts) for at in slots.times] == pytest.approx(
        [START + 600 + place / 0.7 for place in range(3)]
    )


def test_a_cut_that_the_table_was_not_told_of_puts_off_no_slot_that_is_taken_after_it() -> None:
    fleet = Fleet()
    worker = fleet.worker()
    fleet.table.calls.before = refuse_updates
    worker.slow_down(0)
    fleet.table.calls.before = nothing
    fleet.now += 100

    slots = worker.reserve(10, Lane.LIVE, fleet.now + 30)

    assert [worker.due(at, slots.known_cuts) for at in slots.times] == list(slots.times)
    assert slots.times[0] == pytest.approx(fleet.now)


def test_a_call_waits_for_the_time_that_a_cut_has_given_it() -> None:
    fleet = Fleet()
    permits = fleet.permits(Lane.LIVE, expected=2)
    permits.wait("a.jpg")
    permits.limiter.slow_down(0)

    permits.wait("b.jpg")

    assert fleet.now == pytest.approx(START + 1 / 35)


def test_a_call_that_a_cut_puts_off_beyond_the_invocation_is_handed_back_at_once() -> None:
    fleet = Fleet(quota=1.0)
    permits = fleet.permits(Lane.LIVE, expected=8, remaining_seconds=RESERVE_SECONDS + 8)
    permits.wait("0.jpg")
    permits.limiter.slow_down(0)

    for number in range(1, 6):
        permits.wait(f"{number}.jpg")
    with pytest.raises(NotReadyError) as refusal:
        permits.wait("6.jpg")

    assert refusal.value.code == "QuotaExhausted"
    assert fleet.now == pytest.approx(START + 5 / 0.7)


def test_a_throttle_right_after_a_cut_is_its_echo() -> None:
    fleet = Fleet()
    worker = fleet.worker()
    worker.slow_down(0)
    fleet.now += 0.9

    worker.slow_down(1)

    assert worker.item.cut_at == START


def test_the_rate_grows_by_no_more_than_is_throttled_until_it_is_heard_of() -> None:
    cut = CubicCalculator(1000, cut_at=START, cut_from=100)
    rates = [cut.rate(START + second / 10) for second in range(300)]

    assert all(rate <= max(100, 100 * math.exp(0.1 * tenth / 10)) for tenth, rate in enumerate(rates))
    assert rates[-1] > 500
    assert cut.rate(START + 30 * 86_400) == 1000


def test_a_second_throttle_lowers_the_ceiling_to_which_the_rate_returns() -> None:
    fleet = Fleet()
    worker = fleet.worker()
    worker.slow_down(0)
    fleet.now += 2
    rate = worker.item.pace(fleet.quota).rate(fleet.now)

    worker.slow_down(1)

    assert worker.item.cut_from == pytest.approx(0.9 * rate, abs=0.001)


def test_a_throttle_above_the_ceiling_raises_it_half_way() -> None:
    fleet = Fleet()
    set_in_budget(fleet, cut_at={"N": str(int((START - 9) * 1e6))}, cut_from={"N": "20"})
    worker = fleet.worker()
    worker.reserve(1, Lane.LIVE, fleet.now + 30)
    rate = worker.item.pace(fleet.quota).rate(fleet.now)
    assert rate > 25

    worker.slow_down(1)

    assert worker.item.cut_from == pytest.approx((20 + rate) / 2, abs=0.001)


def test_a_batch_goes_by_the_lane_of_its_queue() -> None:
    for queue_name, is_bulk in (("images", False), ("images-bulk", True)):
        world = World()

        assert world.deliver(world.s3.put("a.jpg", b"cat 97"), queue_name=queue_name) == []

        assert ("bulk_at" in world.table.items["quota#DetectLabels", "budget"]) is is_bulk


def test_the_quota_that_an_operator_has_set_goes_before_that_of_the_deployment() -> None:
    fleet = Fleet()
    fleet.table.items["quota#DetectLabels", "budget"] = {
        "pk": {"S": "quota#DetectLabels"},
        "sk": {"S": "budget"},
        "quota": {"N": "100"},
    }
    worker = fleet.worker()
    worker.reserve(1, Lane.LIVE, fleet.now + 30)

    slots = worker.reserve(10, Lane.LIVE, fleet.now + 30).times
    assert slots[-1] - slots[0] == pytest.approx(9 / 100)


def test_without_the_table_each_worker_keeps_to_its_share_and_comes_back() -> None:
    fleet = Fleet()
    worker = fleet.worker(share=2.0)
    fleet.table.calls.before = refuse_updates
    slots = worker.reserve(10, Lane.LIVE, fleet.now + 3).times
    assert slots == tuple(START + place / 2 for place in range(7))

    fleet.table.calls.before = fail_the_test
    fleet.now += ALONE_SECONDS - 1
    assert worker.reserve(1, Lane.LIVE, fleet.now + 3).times, "a table that is away is left alone"
    fleet.table.calls.before = nothing
    fleet.now += 2
    assert len(worker.reserve(10, Lane.LIVE, fleet.now + 3).times) == 10


def fail_the_test(operation: str) -> None:
    pytest.fail(f"{operation} was called")


def refuse_updates(operation: str) -> None:
    if operation == "UpdateItem":
        raise client_error("InternalServerError", operation)


def test_turns_come_at_their_times() -> None:
    fleet = Fleet()
    permits = fleet.permits(Lane.LIVE, expected=3)
    times = []
    for _ in range(3):
        permits.wait("a.jpg")
        times.append(fleet.now - START)

    assert times == pytest.approx([0, 0.02, 0.04], abs=1e-5)


def test_a_bulk_batch_waits_until_the_line_is_short() -> None:
    fleet = Fleet()
    fleet.worker().reserve(50, Lane.LIVE, fleet.now + 30)
    fleet.worker().reserve(50, Lane.LIVE, fleet.now + 30)
    fleet.permits(Lane.BULK, expected=10).wait("a.jpg")

    assert 1.5 <= fleet.now - START <= 2.5


def test_live_work_that_would_come_too_late_is_handed_back_and_says_when() -> None:
    fleet = Fleet(quota=5)
    for _ in range(20):
        fleet.worker().reserve(10, Lane.LIVE, fleet.now + 99)

    with pytest.raises(NotReadyError, match=r"a\.jpg has to wait: the line for DetectLabels") as refusal:
        fleet.permits(Lane.LIVE, expected=10).prepare("a.jpg")
    assert refusal.value.code == "QuotaExhausted"
    assert refusal.value.retry_within_seconds is not None
    assert 35 <= refusal.value.retry_within_seconds <= 45


def test_no_turn_is_taken_when_the_invocation_is_about_to_end() -> None:
    fleet = Fleet()

    with pytest.raises(NotReadyError, match="about to end"):
        fleet.permits(Lane.LIVE, expected=1, remaining_seconds=20).prepare("a.jpg")
    assert fleet.tally[Metric.BUDGET_WRITES] == 0


@settings(max_examples=10)
@given(st.integers(0, 2**32))
def test_many_bulk_workers_fill_the_quota_between_them(seed: int) -> None:
    """Each asks again when it was told to, with chance in it; the line does not run dry for long."""
    chance = random.Random(seed)
    fleet = Fleet()
    due = {number: (START, fleet.worker()) for number in range(10)}
    calls = 0
    while fleet.now < START + 20:
        number = min(due, key=lambda worker: due[worker][0])
        at, worker = due[number]
        fleet.now = max(fleet.now, at)
        slots = worker.reserve(10, Lane.BULK, fleet.now + 30)
        calls += len(slots.times)
        again = slots.times[-1] + 1.0 if slots.times else slots.again_at + chance.uniform(0, 0.5)
        due[number] = (max(again, fleet.now + 0.02), worker)

    assert calls >= 0.95 * 50 * 20
    assert fleet.tally[Metric.BUDGET_WRITES] <= 0.3 * calls


def test_a_throttle_in_the_pipeline_is_told_to_all_workers() -> None:
    world = World()
    refusals = iter(range(1))

    def refuse_once(operation: str) -> None:
        if operation == OPERATION and next(refusals, None) is not None:
            raise client_error("ProvisionedThroughputExceededException", operation)

    world.calls.before = refuse_once
    assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == []

    assert "cut_at" in world.table.items["quota#DetectLabels", "budget"]
    assert "cut_at" not in world.table.items["quota#DetectFaces", "budget"]


def test_a_budget_that_cannot_be_had_does_not_stop_the_line() -> None:
    world = World()
    world.calls.before = refuse_updates

    assert (
        world.deliver(*[world.s3.put(f"{number}.jpg", f"cat {number}".encode()) for number in range(5)]) == []
    )
    assert all(world.status(f"{number}.jpg") for number in range(5))


def set_in_budget(fleet: Fleet, **attributes: dict[str, str]) -> None:
    """Write attributes of the budget's item, as an operator or a mishap does."""
    item = fleet.table.items.setdefault(
        ("quota#DetectLabels", "budget"), dict(key_to_wire(budget_key(OPERATION)))
    )
    item.update(attributes)


def taken(worker: SharedRateLimiter, fleet: Fleet, calls: int = 10) -> int:
    return len(worker.reserve(calls, Lane.LIVE, fleet.now + 30).times)


def test_the_calls_of_a_day_are_bounded_for_all_workers_together() -> None:
    fleet = Fleet(daily_limit=25)
    workers = [fleet.worker() for _ in range(3)]

    assert sum(taken(worker, fleet) for _ in range(4) for worker in workers) == 25
    assert workers[0].reserve(1, Lane.LIVE, fleet.now + 30).is_day_over
    fleet.now += 86_400
    assert sum(taken(worker, fleet) for _ in range(4) for worker in workers) == 25


def test_a_limit_that_an_operator_sets_goes_before_the_deployments_at_once() -> None:
    fleet = Fleet(daily_limit=25)
    worker = fleet.worker()
    assert taken(worker, fleet) == 10

    set_in_budget(fleet, daily_limit={"N": "12"})
    assert (taken(worker, fleet), taken(worker, fleet)) == (2, 0)
    set_in_budget(fleet, daily_limit={"N": "40"})
    assert taken(fleet.worker(), fleet) == 10


def test_a_limit_of_nothing_allows_nothing() -> None:
    fleet = Fleet(daily_limit=0)

    assert taken(fleet.worker(), fleet) == 0


def test_what_nobody_counts_is_not_called_where_calls_are_bounded() -> None:
    fleet = Fleet(daily_limit=25)
    fleet.table.calls.before = away
    worker = fleet.worker()

    assert taken(worker, fleet) == 0


def away(operation: str) -> None:
    raise client_error("InternalServerError", operation)


def test_photos_beyond_the_limit_wait_and_are_recognized_the_next_day() -> None:
    world = World(settings=replace(SETTINGS, detectors=("labels",), daily_call_limits={OPERATION: 2}))
    puts = [world.s3.put(f"{number}.jpg", f"cat {number}".encode()) for number in range(3)]

    (waiting,) = world.deliver(*puts)
    assert world.deliver(puts[int(waiting)]) == ["0"]
    assert world.tally[Metric.DAILY_LIMIT_REACHED] >= 2
    assert world.rekognition.paid.total() == 2
    world.now += 86_400

    assert world.deliver(puts[int(waiting)]) == []
    assert world.queues.sent == []


def test_a_quota_far_too_low_holds_nobody_up_for_long_once_it_is_put_right() -> None:
    fleet = Fleet(quota=0.001)
    assert taken(fleet.worker(), fleet) <= 1
    assert taken(fleet.worker(), fleet) == 0

    fleet.quota = 50
    fleet.now += LONGEST_SPAN_SECONDS
    assert taken(fleet.worker(), fleet) == 10


def test_a_worker_whose_clock_is_an_hour_ahead_stops_nobody() -> None:
    fleet = Fleet()
    fleet.now += 3600
    assert taken(fleet.worker(), fleet) == 10

    fleet.now -= 3600
    assert taken(fleet.worker(), fleet) == 10


def test_a_throttle_that_is_noted_by_a_clock_an_hour_ahead_slows_nobody_down_and_hides_no_other() -> None:
    fleet = Fleet()
    fleet.now += 3600
    fleet.worker().slow_down(0)
    fleet.now -= 3600
    one, other = fleet.worker(), fleet.worker()

    slots = one.reserve(10, Lane.LIVE, fleet.now + 30)
    assert slots.times[-1] - slots.times[0] == pytest.approx(9 / 50)

    one.slow_down(slots.known_cuts)
    other.reserve(1, Lane.LIVE, fleet.now + 30)
    assert other.item.cut_at == fleet.now
    assert other.item.pace(fleet.quota).rate(fleet.now) < 50


@given(
    nonsense=st.dictionaries(
        st.sampled_from(["quota", "next_at", "bulk_at", "cut_at", "cut_from", "daily_limit", "day_calls"]),
        st.sampled_from([{"S": "fifty"}, {"N": "-1"}, {"BOOL": True}, {"L": []}, {"N": "1e30"}]),
        min_size=1,
    )
)
def test_a_budget_that_cannot_be_read_costs_no_more_than_the_workers_own_share(
    nonsense: dict[str, dict[str, str]],
) -> None:
    fleet = Fleet()
    set_in_budget(fleet, **nonsense)
    worker = fleet.worker(share=5.0)

    times = worker.reserve(10, Lane.LIVE, fleet.now + 30).times

    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx([0.2] * 9)
    assert fleet.tally[Metric.CONFIGURATION_ERRORS] == 1
