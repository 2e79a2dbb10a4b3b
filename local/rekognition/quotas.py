"""Calls a second and added latency, per operation, settable while running."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from local.rekognition.errors import RekognitionError

Clock = Callable[[], float]


class TokenBucket:
    """Holds at most one second's worth of calls and fills evenly."""

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


@dataclass
class Quotas:
    """The settings of every operation; an operation without a rate is never throttled."""

    clock: Clock = time.monotonic
    _buckets: dict[str, TokenBucket] = field(default_factory=dict)
    _latencies_ms: dict[str, float] = field(default_factory=dict)

    def change(self, rates: Mapping[str, float | None], latencies_ms: Mapping[str, float]) -> None:
        """Set calls a second (None: unlimited) and milliseconds of added latency."""
        for operation, rate in rates.items():
            if rate is None:
                self._buckets.pop(operation, None)
            else:
                self._buckets[operation] = TokenBucket(rate, self.clock)
        self._latencies_ms.update(latencies_ms)

    def admit(self, operation: str) -> None:
        """Let a call in, or raise what AWS raises over quota.

        https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html
        """
        bucket = self._buckets.get(operation)
        if bucket is not None and not bucket.take():
            raise RekognitionError("ProvisionedThroughputExceededException", "Provisioned rate exceeded")

    def latency_seconds(self, operation: str) -> float:
        """How much later than necessary the operation answers."""
        return self._latencies_ms.get(operation, 0.0) / 1000

    def rates(self) -> dict[str, float]:
        """Calls a second of the limited operations."""
        return {operation: bucket.calls_a_second for operation, bucket in self._buckets.items()}

    def latencies_ms(self) -> dict[str, float]:
        """Added milliseconds of the slowed operations."""
        return {operation: value for operation, value in self._latencies_ms.items() if value}
