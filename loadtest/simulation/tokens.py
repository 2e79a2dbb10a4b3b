"""A token bucket on the virtual clock: what a service lets through."""

from __future__ import annotations

from collections.abc import Callable


class TokenBucket:
    """Gives `rate` tokens a second and holds `seconds` worth of them; it is full at the start."""

    def __init__(self, now: Callable[[], float], rate: float, seconds: float = 1.0) -> None:
        self._now, self._seconds = now, seconds
        self.rate = rate
        self._left = rate * seconds
        self._filled_at = now()

    def take(self, tokens: float = 1.0) -> bool:
        """Take tokens if there are as many."""
        self._fill()
        if self._left + 1e-9 < tokens:
            return False
        self._left -= tokens
        return True

    def set_rate(self, rate: float) -> None:
        """Go on at another rate, holding no more than that allows."""
        self._fill()
        self.rate = rate
        self._left = min(self._left, rate * self._seconds)

    def wait_seconds(self, tokens: float = 1.0) -> float:
        """Say how long until there are as many."""
        self._fill()
        return max(0.0, (tokens - self._left) / self.rate)

    def _fill(self) -> None:
        now = self._now()
        self._left = min(self.rate * self._seconds, self._left + (now - self._filled_at) * self.rate)
        self._filled_at = now
