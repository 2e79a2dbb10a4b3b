"""The line of all workers for one operation: slots in time, one call each, handed out by moving one number.

The table holds when the next free slot is. Whoever wants n calls moves that time on by n spaces in one
conditional update, and owns the slots in between. Two forms of the update are enough: `join` a line that
reaches into the future, or `start` one that does not.

Live work joins however long the line is. Bulk work joins only while it is short, so that a photo uploaded now
never waits for much of a backlog, or when it has been kept out for long: that is its floor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from contract.counts import Count
from contract.errors import ImagepipeError
from contract.quotas import KEPT_AFTER_A_CUT, BudgetItem
from processors.budget.lanes import Lane
from processors.telemetry import Counter, Log

# What is taken at once: enough that the table is asked seldom, little enough that others get their turn.
SECONDS_AT_ONCE = 1.0
LEAST_CALLS_AT_ONCE = 10
# How far the line may reach into the future for bulk work to join it: a live photo waits for no more of it.
BULK_AHEAD_SECONDS = 0.5
# Kept out by live work, the bulk lane still gets this share of the slots.
BULK_FLOOR = 0.1
# How long a worker goes by its own share after the table did not answer.
ALONE_SECONDS = 5.0
# The line may begin or run empty between our reading it and our update, and does so rarely twice.
ATTEMPTS = 4


@dataclass(frozen=True)
class Step:
    """A wish to move the line on by `span` seconds, at the time `now` (seconds since 1970).

    `latest` is where the line may end at most before the step. A bulk step also wants the line to end by
    `soon`, unless bulk has had no slot since `overdue`.
    """

    span: float
    now: float
    latest: float
    lane: Lane
    soon: float
    overdue: float


class BudgetStore(Protocol):
    """Where budgets stand. Both steps give whether the step was made, and the item as it is after that."""

    def join(self, operation: str, step: Step) -> tuple[bool, BudgetItem]:
        """Move a line on that reaches beyond now."""

    def start(self, operation: str, step: Step) -> tuple[bool, BudgetItem]:
        """Begin a line where there is none, or one that has run empty."""

    def cut(self, operation: str, rate: float, now: float, known_cut_at: float | None) -> BudgetItem:
        """Write down that calls were throttled at a rate, unless there is a later cut than the known one."""


@dataclass(frozen=True)
class Slots:
    """Times at which to call, or none, and then when to ask again. All in seconds since 1970."""

    times: tuple[float, ...]
    again_at: float = 0.0


@dataclass
class Line:
    """One worker's view of the line for one operation.

    `quota` is the deployment's, `share` what this worker may take by itself while the table does not answer,
    both in calls a second.
    """

    operation: str
    quota: float
    share: float
    store: BudgetStore
    clock: Callable[[], float]
    counter: Counter
    log: Log
    item: BudgetItem = field(default_factory=BudgetItem)
    _busy: bool = False
    _alone_until: float = 0.0
    _own_next: float = 0.0

    def reserve(self, calls: int, lane: Lane, until: float) -> Slots:
        """Take slots that end by `until`: as many as asked for, fewer if that is a lot, or none as yet."""
        now = self.clock()
        if now < self._alone_until:
            return self._of_own_share(calls, now, until)
        rate = self.item.pace(self.quota).rate(now)
        calls = min(calls, max(LEAST_CALLS_AT_ONCE, int(rate * SECONDS_AT_ONCE)))
        try:
            return self._reserve(calls, _step(calls, rate, lane, now, until))
        except ImagepipeError as failure:
            self._alone_until = now + ALONE_SECONDS
            self.log.warning(
                f"the budget of {self.operation} cannot be had, calling at this worker's share of "
                f"{self.share:.2f} a second: {failure.message}",
                code=failure.code,
            )
            return self._of_own_share(calls, now, until)

    def slow_down(self, known_cut_at: float | None) -> None:
        """Note a throttle: everybody calls less often for some seconds.

        `known_cut_at` is the last cut that was known when the throttled call's slot was taken. What was taken
        without knowing of a cut came at the rate before it, and says nothing about the rate since.
        """
        if self.item.cut_at != known_cut_at:
            return
        now = self.clock()
        rate = self.item.pace(self.quota).rate(now)
        if self.item.cut_from is not None and rate < self.item.cut_from:
            rate *= (1 + KEPT_AFTER_A_CUT) / 2  # there is less than last time: do not try for all of it again
        self.item = replace(self.item, cut_at=now, cut_from=rate)
        try:
            self.item = self.store.cut(self.operation, rate, now, known_cut_at)
        except ImagepipeError as failure:
            self.log.warning(
                f"others were not told that {self.operation} is throttled: {failure.message}",
                code=failure.code,
            )

    def _reserve(self, calls: int, step: Step) -> Slots:
        for _ in range(ATTEMPTS):
            made, self.item = (self.store.join if self._busy else self.store.start)(self.operation, step)
            self.counter.add(Count.BUDGET_WRITES)
            if made:
                first = max(step.now, self.item.next_at - step.span)
                self._busy = first > step.now
                return Slots(tuple(first + place * step.span / calls for place in range(calls)))
            was_busy, self._busy = self._busy, self.item.next_at >= step.now
            if self._busy and was_busy:
                break
        return Slots((), again_at=self.item.next_at - BULK_AHEAD_SECONDS)

    def _of_own_share(self, calls: int, now: float, until: float) -> Slots:
        first = max(now, self._own_next)
        times = tuple(time for place in range(calls) if (time := first + place / self.share) <= until)
        self._own_next = first + len(times) / self.share
        return Slots(times, again_at=self._own_next)


def _step(calls: int, rate: float, lane: Lane, now: float, until: float) -> Step:
    span = calls / rate
    return Step(
        span=span,
        now=now,
        latest=until - span,
        lane=lane,
        soon=now + BULK_AHEAD_SECONDS,
        overdue=now - span / BULK_FLOOR,
    )
