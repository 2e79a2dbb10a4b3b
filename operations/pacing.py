"""Not faster than so many a second, evenly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

MOST_AT_ONCE = 10


@dataclass
class Pace:
    """Spreads sends over time. `per_second` None is as fast as it goes."""

    per_second: float | None
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _next_at: float = field(init=False, default=0.0)

    @property
    def at_once(self) -> int:
        """How many go at once: at most half a second's worth, so that no burst is to be seen."""
        if self.per_second is None:
            return MOST_AT_ONCE
        return max(1, min(MOST_AT_ONCE, int(self.per_second / 2)))

    def wait(self, count: int) -> None:
        """Wait until so many may go."""
        if self.per_second is None:
            return
        now = self.clock()
        if self._next_at > now:
            self.sleep(self._next_at - now)
        self._next_at = max(self._next_at, now) + count / self.per_second
