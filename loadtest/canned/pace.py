"""How many calls are let in, and how long each of them takes."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Clock = Callable[[], float]


class TokenBucket:
    """Holds at most one second's worth of calls, and fills evenly."""

    def __init__(self, calls_a_second: float, clock: Clock) -> None:
        self.calls_a_second = calls_a_second
        self._clock = clock
        self._capacity = max(1.0, calls_a_second)
        self._tokens = self._capacity
        self._filled_at = clock()

    def take(self) -> bool:
        """Take one token if there is one."""
        now = self._clock()
        self._tokens = min(self._capacity, self._tokens + (now - self._filled_at) * self.calls_a_second)
        self._filled_at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


@dataclass(frozen=True)
class Latency:
    """Log-normal: half of the calls take less than the median, and `sigma` says how long the tail is."""

    median_seconds: float = 0.45
    sigma: float = 0.35
    random: random.Random = field(default_factory=random.Random)

    def draw_seconds(self) -> float:
        """Draw the time that one call takes."""
        if self.median_seconds <= 0:
            return 0.0
        return self.random.lognormvariate(math.log(self.median_seconds), self.sigma)


@dataclass
class Quotas:
    """Calls a second and added latency by operation, settable while running."""

    clock: Clock
    buckets: dict[str, TokenBucket] = field(default_factory=dict)
    added_ms: dict[str, float] = field(default_factory=dict)

    def change(self, rates: Mapping[str, float | None], latencies_ms: Mapping[str, float]) -> None:
        """Set calls a second (None: unlimited) and milliseconds of added latency."""
        for operation, rate in rates.items():
            self.buckets.pop(operation, None)
            if rate is not None:
                self.buckets[operation] = TokenBucket(rate, self.clock)
        self.added_ms |= latencies_ms

    def admits(self, operation: str) -> bool:
        """Tell whether a call is let in, and count it as one."""
        bucket = self.buckets.get(operation)
        return bucket is None or bucket.take()

    def as_json(self) -> dict[str, dict[str, float]]:
        """Return the settings as `GET /_local/settings` does."""
        return {
            "rates": {operation: bucket.calls_a_second for operation, bucket in self.buckets.items()},
            "latencies_ms": {operation: value for operation, value in self.added_ms.items() if value},
        }
