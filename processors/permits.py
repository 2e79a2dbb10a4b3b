"""The permits of a batch: slots of the shared line, handed out to its calls one by one.

Live work that gets no slot in this invocation goes back to its queue; bulk work waits a while for one, at
times of its own.
"""

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from contract.errors import NotReadyError
from contract.metrics import Metric
from processors.rate_limit import Lane, SharedRateLimiter
from processors.runtime import Deadline

# Bulk workers that were all told to come back at the same time come at different ones, and the more of them
# there are (who has to come again is told it), the further apart.
SPREAD_SECONDS = 0.5
LONGEST_SPREAD_SECONDS = 8.0
SHORTEST_WAIT_SECONDS = 0.02


@dataclass(frozen=True)
class Permit:
    """When a call may be made, in seconds since 1970, and how many cuts of the rate were known then."""

    at: float
    known_cuts: int


@dataclass
class Permits:
    """Hands out slots to the calls of a batch, taking them from the line a run at a time.

    `expected` is how many calls are still to come. Safe to use from several threads by `lock`.
    """

    limiter: SharedRateLimiter
    lane: Lane
    expected: int
    deadline: Deadline
    lock: AbstractContextManager[object]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    spread: Callable[[float], float]
    _slots: deque[Permit] = field(default_factory=deque)

    def prepare(self, key: str) -> None:
        """Take the first run. Raises NotReadyError if there is none to be had in this invocation."""
        with self.lock:
            self._take_a_run(key)

    def wait(self, key: str) -> Permit:
        """Return when a call may be made. Raises NotReadyError if that would be too late."""
        with self.lock:
            if not self._slots:
                self._take_a_run(key)
            permit = self._slots.popleft()
            self.expected -= 1
        while (seconds := self.limiter.due(permit.at, permit.known_cuts) - self.clock()) > 0:
            if seconds > self.deadline.seconds_for_calls():  # a cut has put it off beyond this invocation
                raise no_permit(key, self.limiter, seconds)
            self.sleep(seconds)
        self.deadline.require_time_for_a_call(key)
        return permit

    def throttled(self, permit: Permit) -> None:
        self.limiter.slow_down(permit.known_cuts)

    def _take_a_run(self, key: str) -> None:
        self.deadline.require_time_for_a_call(key)
        until = self.clock() + self.deadline.seconds_for_calls()
        spread = SPREAD_SECONDS
        while True:
            slots = self.limiter.reserve(max(1, self.expected), self.lane, until)
            self._slots.extend(Permit(at, slots.known_cuts) for at in slots.times)
            if self._slots:
                return
            if slots.is_day_over:
                raise day_over(key, self.limiter)
            again_at = slots.again_at + self.spread(spread)
            spread = min(2 * spread, LONGEST_SPREAD_SECONDS)
            if self.lane is Lane.LIVE or again_at > until:
                raise no_permit(key, self.limiter, again_at - self.clock())
            self.sleep(max(SHORTEST_WAIT_SECONDS, again_at - self.clock()))


def day_over(key: str, limiter: SharedRateLimiter) -> NotReadyError:
    limiter.metrics.add(Metric.DAILY_LIMIT_REACHED)
    return NotReadyError(
        "DailyLimitReached",
        f"{key} has to wait: all calls of {limiter.operation} that may be made today were made; "
        "`imagepipe quotas --daily` allows more",
    )


def no_permit(key: str, limiter: SharedRateLimiter, again_in_seconds: float) -> NotReadyError:
    return NotReadyError(
        "QuotaExhausted",
        f"{key} has to wait: the line for {limiter.operation} is longer than this invocation",
        retry_within_seconds=max(1, round(again_in_seconds)),
    )
