"""A circuit breaker: what has failed some times in a row is left out for a while, and then tried once.

Closed, open and half-open, as in https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker.
Each worker has its own: a shared one in the table would be a write for every failure, and a state that can be
stuck (docs/decisions/0009-whose-failure-it-is.md).
"""

from collections.abc import Callable
from dataclasses import dataclass

# One failure may be about one picture. So many with no answer between them are not.
FAILURES_IN_A_ROW = 3
# How long it is left out at first; each probe that fails doubles it.
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 120.0
# A probe that has not come back by then is taken for none: its invocation has ended.
PROBE_SECONDS = 30.0


@dataclass
class CircuitBreaker:
    """Several threads may tell it what came of their calls: that one failure is missed does no harm."""

    clock: Callable[[], float]
    _failures: int = 0
    _pause_seconds: float = 0.0
    _open_until: float = 0.0
    _probe_until: float = 0.0

    @property
    def is_closed(self) -> bool:
        return self._pause_seconds == 0

    def allows(self) -> bool:
        """Whether a call may be made: any while it is closed, one when a pause is over."""
        return self.is_closed or self.clock() >= max(self._open_until, self._probe_until)

    def probe(self) -> None:
        """Note that the one call of a half-open breaker is under way."""
        self._probe_until = self.clock() + PROBE_SECONDS

    def succeeded(self) -> None:
        self._failures, self._pause_seconds, self._probe_until = 0, 0.0, 0.0

    def failed(self) -> bool:
        """Note a failure; return whether a pause begins by it.

        Those of calls that were under way when the last pause began say nothing new.
        """
        now = self.clock()
        if self.is_closed:
            self._failures += 1
            if self._failures < FAILURES_IN_A_ROW:
                return False
            self._pause_seconds = FIRST_PAUSE_SECONDS
        elif now < self._open_until:
            return False
        else:
            self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
        self._open_until, self._probe_until = now + self._pause_seconds, 0.0
        return True

    @property
    def pause_seconds(self) -> float:
        return self._pause_seconds
