"""The rate limiter that all workers share, one an operation: a line of slots in time, one call each.

The table holds when the next free slot is. Whoever wants n calls moves that time on by n spaces in one
conditional update, and owns the slots in between. Two forms of the update are enough: `join` a line that
reaches into the future, or `start` one that does not.

Live work joins however long the line is. Bulk work joins only while it is short, so that a photo uploaded now
never waits for much of a backlog, or when it has been kept out for long: that is its floor.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from contract.errors import ConfigurationError, ImagepipeError
from contract.metrics import Metric
from contract.moments import day_of
from contract.quotas import MOST_AHEAD_SECONDS, BudgetItem, to_microseconds
from processors.telemetry import Log, Metrics

if TYPE_CHECKING:
    from processors.adapters.dynamodb_counters import DynamoDBRateLimits

# What is taken at once: enough that the table is asked seldom, little enough that others get their turn.
SECONDS_AT_ONCE = 1.0
LEAST_CALLS_AT_ONCE = 10
# How far the line may reach into the future for bulk work to join it: a live photo waits for no more of it.
BULK_AHEAD_SECONDS = 0.5
# Kept out by live work, the bulk lane still gets this share of the slots.
BULK_FLOOR = 0.1
# How long a worker goes by its own share after the table did not answer.
ALONE_SECONDS = 5.0
# The line may begin or run empty, a day begin or a limit be set between our reading it and our update, and
# does so rarely twice.
ATTEMPTS = 6
# A reservation spans no more than this, however low the quota: a higher one, set later, is soon in force.
LONGEST_SPAN_SECONDS = 600.0
# No line of ours reaches further: a worker's time is a minute, and it takes no span longer than that.
ABSURD_SECONDS = LONGEST_SPAN_SECONDS + 300.0
UNLIMITED = 10**15
# For so long after a cut, calls are throttled because of those that came before it.
SETTLING_SECONDS = 1.0
# Throttled below the last ceiling, there is less than last time: do not try for all of it again.
LESS_THAN_LAST_TIME = 0.9
# Nobody has slots in hand that are older than so many cuts.
MOST_CUTS = 4


@dataclass(frozen=True)
class ReservationRequest:
    """A wish to move the line on by `span` seconds for `calls`, at the time `now` (seconds since 1970).

    `latest` is where the line may end at most before the step; one that ends after `absurd` is none. A bulk
    step also wants the line to end by `soon`, unless bulk has had no slot since `overdue`. At most `room`
    calls may have been taken on `day` (ISO 8601, UTC) before; `daily_limit` is what the operator's was then.
    """

    span: float
    now: float
    latest: float
    lane: "Lane"
    soon: float
    overdue: float
    absurd: float = math.inf
    calls: int = 1
    day: str = ""
    room: int = UNLIMITED
    daily_limit: int | None = None


class DayCount(NamedTuple):
    """Calls to be counted on a day without a slot of this line: the last fields of a ReservationRequest."""

    calls: int
    day: str
    room: int = UNLIMITED
    daily_limit: int | None = None


@dataclass(frozen=True)
class Reservation:
    """Times at which to call, or none, and then when to ask again. All in seconds since 1970.

    `is_day_over` says that the operation may not be called any more today. `known_cuts` is how many cuts of
    the rate the worker knew of when these were taken.
    """

    times: tuple[float, ...]
    again_at: float = 0.0
    is_day_over: bool = False
    known_cuts: int = 0


class Cut(NamedTuple):
    """The worker's `number`th cut of the rate, and how many times as far apart calls are since."""

    number: int
    at: float
    stretch: float


NO_CUT = Cut(0, -math.inf, 1.0)


@dataclass
class SharedRateLimiter:
    """One worker's view of the line for one operation.

    `quota` is the deployment's, `share` what this worker may take by itself while the table does not answer,
    both in calls a second; `daily_limit` is the deployment's, in calls a day, None for none.
    """

    operation: str
    quota: float
    share: float
    store: "DynamoDBRateLimits"
    clock: Callable[[], float]
    metrics: Metrics
    log: Log
    daily_limit: int | None = None
    item: BudgetItem = field(default_factory=BudgetItem)
    _cuts: deque[Cut] = field(default_factory=lambda: deque([NO_CUT], maxlen=MOST_CUTS))
    _busy: bool = False
    _alone_until: float = 0.0
    _own_next: float = 0.0

    def reserve(self, calls: int, lane: "Lane", until: float) -> Reservation:
        """Take slots that end by `until`: as many as asked for, fewer if that is a lot, or none as yet."""
        now = self.clock()
        if now < self._alone_until:
            return self._of_own_share(calls, now, until)
        try:
            return self._reserve(calls, lane, now, until)
        except ImagepipeError as failure:
            self._go_alone(failure, now)
            return self._of_own_share(calls, now, until)

    def count(self, calls: int) -> int:
        """Count calls whose slots another region gave; return how many of them the day's limit allows.

        That is none where calls are bounded that nobody can count now.
        """
        now = self.clock()
        if now >= self._alone_until:
            try:
                return self._count(calls, day_of(now))
            except ImagepipeError as failure:
                self._go_alone(failure, now)
        return 0 if self._is_bounded() else calls

    def is_day_over(self) -> bool:
        """Whether no call may be made any more today, as far as is known here."""
        return self._left_on(day_of(self.clock())) == 0

    def seconds_ahead(self) -> float:
        """Return how far the line reaches into the future at least: others may have joined it since."""
        now = self.clock()
        next_at = self._own_next if now < self._alone_until else self.item.next_at
        return next_at - now if now < next_at <= now + ABSURD_SECONDS else 0.0

    def rate(self) -> float:
        """Return the calls a second that may be made now."""
        return self._rate(self.clock())

    def slow_down(self, known_cuts: int) -> None:
        """Note a throttle: everybody calls less often for some seconds.

        `known_cuts` is how many cuts were known when the throttled call's slot was taken. What was taken
        without knowing of a cut came at the rate before it, and says nothing about the rate since.
        """
        now, last = self.clock(), self._cuts[-1]
        if last.number != known_cuts or now < last.at + SETTLING_SECONDS:
            return
        before = rate = self.item.pace(self.quota).rate(now)
        if (ceiling := self.item.cut_from) is not None:
            rate = rate * LESS_THAN_LAST_TIME if rate < ceiling else (rate + ceiling) / 2
        item = replace(self.item, cut_at=now, cut_from=rate)
        # What is in the line already is stretched too: so much later is the next free slot.
        longer = max(0.0, self.item.next_at - now) * (before / item.pace(self.quota).rate(now) - 1)
        try:
            item = self.store.cut(self.operation, rate, now, self.item.cut_at, longer)
        except ImagepipeError as failure:
            self.log.warning(
                f"others were not told that {self.operation} is throttled: {failure.message}",
                code=failure.code,
            )
        self._learn(item)

    def due(self, at: float, known_cuts: int) -> float:
        """Return when the call of a slot is due: later than when it was taken, if the rate was cut since."""
        for cut in self._cuts:
            if cut.number > known_cuts and cut.at < at:
                at = cut.at + (at - cut.at) * cut.stretch
        return at

    def _learn(self, item: BudgetItem) -> None:
        """Take the item as it is now, and what a cut of the rate means for slots that were taken before.

        A cut that the table was not told of is known here alone: the item is the one from before it again.
        """
        last = self._cuts[-1]
        if item.cut_at is not None and last.at < item.cut_at <= self.clock() + MOST_AHEAD_SECONDS:
            before, after = (each.pace(self.quota).rate(item.cut_at) for each in (self.item, item))
            self._cuts.append(Cut(last.number + 1, item.cut_at, max(1.0, before / after)))
        self.item = item

    def _go_alone(self, failure: ImagepipeError, now: float) -> None:
        self._alone_until = now + ALONE_SECONDS
        self.log.warning(
            f"the budget of {self.operation} cannot be had, calling at this worker's share of "
            f"{self.share:.2f} a second: {failure.message}",
            code=failure.code,
        )
        if isinstance(failure, ConfigurationError):
            self.metrics.add(Metric.CONFIGURATION_ERRORS)

    def _is_bounded(self) -> bool:
        return self.daily_limit is not None or self.item.daily_limit is not None

    def _left_on(self, day: str) -> int | None:
        return self.item.calls_left(self.daily_limit) if self.item.calls_day >= day else None

    def _count(self, calls: int, today: str) -> int:
        for _ in range(ATTEMPTS):
            left = self._left_on(today)
            wanted = calls if left is None else min(calls, left)
            if wanted == 0:
                return 0
            # A worker whose clock is behind at midnight goes by the others'.
            day = max(today, self.item.calls_day)
            room = UNLIMITED if left is None else left + self.item.day_calls - wanted
            counted = DayCount(wanted, day, room, self.item.daily_limit)
            made, item = self.store.count(self.operation, counted)
            self._learn(item)
            self.metrics.add(Metric.BUDGET_WRITES)
            if made:
                return wanted
            if self.item.calls_day < today:
                self._learn(self.store.begin_day(self.operation, today))
                self.metrics.add(Metric.BUDGET_WRITES)
        return 0

    def _rate(self, now: float) -> float:
        return max(self.item.pace(self.quota).rate(now), 1 / LONGEST_SPAN_SECONDS)

    def _reserve(self, calls: int, lane: "Lane", now: float, until: float) -> Reservation:
        today = day_of(now)
        for _ in range(ATTEMPTS):
            left = self._left_on(today)
            if left == 0:
                return Reservation((), is_day_over=True)
            step = self._step(calls if left is None else min(calls, left), lane, now, until)
            made, item = (self.store.join if self._busy else self.store.start)(self.operation, step)
            self._learn(item)
            self.metrics.add(Metric.BUDGET_WRITES)
            if made:
                return self._taken(step)
            if self.item.calls_day < today:
                self._learn(self.store.begin_day(self.operation, today))
                self.metrics.add(Metric.BUDGET_WRITES)
                continue
            was_busy, self._busy = self._busy, self._is_busy(now)
            if self._busy and was_busy and self._is_as_known(step):
                break
        return Reservation((), again_at=self.item.next_at - BULK_AHEAD_SECONDS)

    def _step(self, calls: int, lane: "Lane", now: float, until: float) -> ReservationRequest:
        rate = self._rate(now)
        most_at_once = max(LEAST_CALLS_AT_ONCE, int(rate * SECONDS_AT_ONCE))
        calls = max(1, min(calls, most_at_once, int(rate * LONGEST_SPAN_SECONDS)))
        span = calls / rate
        left = self.item.calls_left(self.daily_limit)
        return ReservationRequest(
            span=span,
            now=now,
            latest=until - span,
            lane=lane,
            soon=now + BULK_AHEAD_SECONDS,
            overdue=now - span / BULK_FLOOR,
            absurd=now + ABSURD_SECONDS,
            calls=calls,
            # A worker whose clock is behind at midnight goes by the others'.
            day=max(day_of(now), self.item.calls_day),
            room=UNLIMITED if left is None else left + self.item.day_calls - calls,
            daily_limit=self.item.daily_limit,
        )

    def _taken(self, step: ReservationRequest) -> Reservation:
        """Return the slots of a step that was made: further apart than it took them, if it met a cut."""
        first = max(step.now, self.item.next_at - step.span)
        apart = max(step.span / step.calls, 1 / self._rate(step.now))
        self._busy = first > step.now
        times = tuple(first + place * apart for place in range(step.calls))
        return Reservation(times, known_cuts=self._cuts[-1].number)

    def _is_busy(self, now: float) -> bool:
        """Whether the line reaches beyond now, as the table compares it: in whole microseconds."""
        ends_at = to_microseconds(self.item.next_at)
        return to_microseconds(now) <= ends_at <= to_microseconds(now + ABSURD_SECONDS)

    def _is_as_known(self, step: ReservationRequest) -> bool:
        """Whether the refused step went by the limit that is in force: then the line was too long for it."""
        left = self.item.calls_left(self.daily_limit)
        return self.item.daily_limit == step.daily_limit and (left is None or left >= step.calls)

    def _of_own_share(self, calls: int, now: float, until: float) -> Reservation:
        """Return slots of the worker's own share; none where calls are bounded that nobody counts now."""
        if self._is_bounded():
            return Reservation((), again_at=self._alone_until)
        first = max(now, self._own_next)
        times = tuple(time for place in range(calls) if (time := first + place / self.share) <= until)
        self._own_next = first + len(times) / self.share
        return Reservation(times, again_at=self._own_next, known_cuts=self._cuts[-1].number)


class Lane(StrEnum):
    """Live photos go first; bulk work takes what they leave, and at least a floor."""

    LIVE = "live"
    BULK = "bulk"
