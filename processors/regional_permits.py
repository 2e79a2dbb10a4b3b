"""Permits of several regions as one quota: each has its own line, and a call takes the nearest short one.

A line that reaches half a second ahead or more is passed over for the next region's; where all do, live work
joins the shortest, and bulk work waits as it does at one line. So the home region is used first, the sum of
all quotas is used when there is enough to do, and bulk work is behind live work in each of them.

The day's limit is of all regions together: it is counted in the home region's budget, as without the others.
"""

from collections import deque
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from processors.circuit_breaker import CircuitBreaker
from processors.permits import (
    LONGEST_SPREAD_SECONDS,
    SHORTEST_WAIT_SECONDS,
    SPREAD_SECONDS,
    day_over,
    no_permit,
)
from processors.rate_limit import BULK_AHEAD_SECONDS, SECONDS_AT_ONCE, Lane, Reservation, SharedRateLimiter
from processors.runtime import Deadline

# A line that reaches further is left to others while another region's is shorter, in both lanes.
SHORT_SECONDS = BULK_AHEAD_SECONDS
EVERYWHERE: Collection[str] = ()


class RegionalLine(NamedTuple):
    """One operation in one region."""

    region: str
    limiter: SharedRateLimiter
    breaker: CircuitBreaker


@dataclass(frozen=True)
class RegionalLines:
    """The lines of one operation, nearest first: that of the home region, and those abroad."""

    home: RegionalLine
    abroad: tuple[RegionalLine, ...]

    @property
    def all(self) -> tuple[RegionalLine, ...]:
        return (self.home, *self.abroad)

    def reserve(
        self, calls: int, lane: Lane, until: float, avoided: Collection[str]
    ) -> tuple[RegionalLine, Reservation]:
        """Take slots of one line that end by `until` (seconds since 1970), in none of the `avoided` regions.

        Where nothing is left, the home region is asked all the same: it says whose failure that is.
        """
        if self.home.limiter.is_day_over():
            return self.home, Reservation((), is_day_over=True)
        usable = [line for line in self.all if line.region not in avoided and line.breaker.allows()]
        usable = usable or [self.home]
        for line in usable:
            if line.limiter.seconds_ahead() < SHORT_SECONDS:
                found = self._take(line, calls, lane, until, latest_begin=SHORT_SECONDS)
                if found.times or found.is_day_over:
                    return line, found
        if lane is Lane.LIVE:
            line = min(usable, key=lambda each: each.limiter.seconds_ahead())
            return line, self._take(line, calls, lane, until)
        # Each line keeps the floor of bulk work: which has had no slot for longest?
        line = min(usable, key=lambda each: each.limiter.item.bulk_at)
        found = self._take(line, calls, lane, until)
        if found.times or found.is_day_over:
            return line, found
        soonest = min(each.limiter.seconds_ahead() for each in usable)
        return line, replace(found, again_at=line.limiter.clock() + soonest - SHORT_SECONDS)

    def _take(
        self,
        line: RegionalLine,
        calls: int,
        lane: Lane,
        until: float,
        latest_begin: float | None = None,
    ) -> Reservation:
        """Take slots of one line, the first of them due within `latest_begin` seconds, where that is said.

        No more are taken than the line gives in a second: what is left finds another that is shorter.
        """
        rate = line.limiter.rate()
        is_probe = not line.breaker.is_closed
        calls = 1 if is_probe else min(calls, max(1, int(rate * SECONDS_AT_ONCE)))
        if latest_begin is not None:
            until = min(until, line.limiter.clock() + latest_begin + calls / rate)
        found = line.limiter.reserve(calls, lane, until)
        if found.times and is_probe:
            line.breaker.probe()
        if line is self.home or not found.times:
            return found
        allowed = self.home.limiter.count(len(found.times))
        if allowed:
            return Reservation(found.times[:allowed], known_cuts=found.known_cuts)
        return Reservation((), again_at=found.times[0], is_day_over=self.home.limiter.is_day_over())


class RegionalPermit(NamedTuple):
    """At which line and when a call may be made, and how many cuts of its rate were known then."""

    line: RegionalLine
    at: float
    known_cuts: int
    is_probe: bool = False


@dataclass
class RegionalPermits:
    """Hands out slots of all regions to the calls of a batch, taking them from a line a run at a time.

    `expected` is how many calls are still to come that any region may answer, `at_home` how many are about
    photos that only the home region can read. Safe to use from several threads by `lock`.
    """

    lines: RegionalLines
    lane: Lane
    expected: int
    at_home: int
    deadline: Deadline
    lock: AbstractContextManager[object]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    spread: Callable[[float], float]
    _slots: deque[RegionalPermit] = field(default_factory=deque)

    @property
    def regions_abroad(self) -> frozenset[str]:
        return frozenset(line.region for line in self.lines.abroad)

    def prepare(self, key: str) -> None:
        """Take the first run. Raises NotReadyError if there is none to be had in this invocation."""
        with self.lock:
            self._take_a_run(key, EVERYWHERE if self.expected else self.regions_abroad)

    def take(self, key: str, avoided: Collection[str] = EVERYWHERE) -> RegionalPermit:
        """Return a permit in none of the avoided regions. Raises NotReadyError if there is none."""
        with self.lock:
            if (permit := self._in_hand(avoided)) is None:
                self._take_a_run(key, avoided)
                # Where no other was left, it is the home region's.
                permit = self._in_hand(avoided) or self._in_hand(EVERYWHERE)
                assert permit is not None
            if self.regions_abroad <= frozenset(avoided):
                self.at_home -= 1
            else:
                self.expected -= 1
        return permit

    def wait_until_due(self, permit: RegionalPermit, key: str) -> None:
        """Wait for the time of a permit. Raises NotReadyError if that would be too late."""
        limiter = permit.line.limiter
        while (seconds := limiter.due(permit.at, permit.known_cuts) - self.clock()) > 0:
            if seconds > self.deadline.seconds_for_calls():  # a cut has put it off beyond this invocation
                raise no_permit(key, limiter, seconds)
            self.sleep(seconds)
        self.deadline.require_time_for_a_call(key)

    def _in_hand(self, avoided: Collection[str]) -> RegionalPermit | None:
        """Take out the first slot that may be used. Those of regions that are left out by now are lost."""
        self._slots = deque(slot for slot in self._slots if self._is_usable(slot))
        for slot in self._slots:
            if slot.line.region not in avoided:
                self._slots.remove(slot)
                return slot
        return None

    def _is_usable(self, slot: RegionalPermit) -> bool:
        return slot.is_probe or slot.line.breaker.is_closed or slot.line is self.lines.home

    def _take_a_run(self, key: str, avoided: Collection[str]) -> None:
        self.deadline.require_time_for_a_call(key)
        until = self.clock() + self.deadline.seconds_for_calls()
        spread = SPREAD_SECONDS
        wanted = self.at_home if self.regions_abroad <= frozenset(avoided) else self.expected
        while True:
            line, slots = self.lines.reserve(max(1, wanted), self.lane, until, avoided)
            is_probe = not line.breaker.is_closed
            self._slots.extend(RegionalPermit(line, at, slots.known_cuts, is_probe) for at in slots.times)
            if slots.times:
                return
            if slots.is_day_over:
                raise day_over(key, self.lines.home.limiter)
            again_at = slots.again_at + self.spread(spread)
            spread = min(2 * spread, LONGEST_SPREAD_SECONDS)
            if self.lane is Lane.LIVE or again_at > until:
                raise no_permit(key, line.limiter, again_at - self.clock())
            self.sleep(max(SHORTEST_WAIT_SECONDS, again_at - self.clock()))
