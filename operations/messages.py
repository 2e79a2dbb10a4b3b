"""Messages of a queue, on their way out and in, and not sending them faster than so many a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MOST_AT_ONCE = 10


@dataclass(frozen=True)
class Received:
    """A message as a queue hands it out. `attributes` are those of text; `sent_at` is ISO 8601 in UTC."""

    id: str
    body: str
    receipt_handle: str
    sent_at: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Outgoing:
    """A message to be sent. `id` is ours, to tell which of several was not taken."""

    id: str
    body: str


@dataclass
class Pace:
    """Spreads sends evenly over time. `per_second` None is as fast as it goes."""

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
        if self.per_second is None:
            return
        now = self.clock()
        if self._next_at > now:
            self.sleep(self._next_at - now)
        self._next_at = max(self._next_at, now) + count / self.per_second
