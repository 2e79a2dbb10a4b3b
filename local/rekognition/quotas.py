"""Calls a second and added latency by operation, settable while running; the token bucket of all rooms."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.rekognition.request import RekognitionError

Clock = Callable[[], float]
_ROUNDING = 1e-9


class TokenBucket:
    """Fills evenly at `rate` tokens a second, and holds a second's worth, at least one; full at the start."""

    def __init__(self, rate: float, clock: Clock) -> None:
        self.rate = rate
        self._clock = clock
        self._tokens = self._capacity
        self._filled_at = clock()

    @property
    def _capacity(self) -> float:
        return max(1.0, self.rate)

    def take(self, tokens: float = 1.0) -> bool:
        self._fill()
        if self._tokens + _ROUNDING < tokens:
            return False
        self._tokens -= tokens
        return True

    def set_rate(self, rate: float) -> None:
        """Go on at another rate, holding no more than that allows."""
        self._fill()
        self.rate = rate
        self._tokens = min(self._capacity, self._tokens)

    def wait_seconds(self, tokens: float = 1.0) -> float:
        self._fill()
        return max(0.0, (tokens - self._tokens) / self.rate)

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._capacity, self._tokens + (now - self._filled_at) * self.rate)
        self._filled_at = now


@dataclass
class CallQuotas:
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
        return self._latencies_ms.get(operation, 0.0) / 1000

    def rates(self) -> dict[str, float]:
        return {operation: bucket.rate for operation, bucket in self._buckets.items()}

    def latencies_ms(self) -> dict[str, float]:
        return {operation: value for operation, value in self._latencies_ms.items() if value}


class QuotaChangeError(Exception):
    """What is wrong with the wished change, for the one who wished it."""


@dataclass(frozen=True)
class QuotaSettings:
    """Calls a second (None: unlimited) and milliseconds of added latency, by operation."""

    rates: dict[str, float | None]
    latencies_ms: dict[str, float]


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise QuotaChangeError(f"{name}: {value!r} is not a number of at least 0")
    return float(value)


def _rate(name: str, value: Any) -> float | None:
    if value == 0:
        raise QuotaChangeError(f"{name}: a rate of 0 would let nothing in; null lifts the limit")
    return None if value is None else _number(name, value)


def read_change(wanted: Any, operations: Collection[str]) -> QuotaSettings:
    """Check a JSON document of the form that `service` describes. Raises `QuotaChangeError`."""
    if not isinstance(wanted, dict) or wanted.keys() - {"rates", "latencies_ms"}:
        raise QuotaChangeError("give an object with rates, latencies_ms or both")
    parts = [wanted.get(name, {}) for name in ("rates", "latencies_ms")]
    if not all(isinstance(part, dict) for part in parts):
        raise QuotaChangeError("rates and latencies_ms are objects: an operation's name and a number")
    rates, latencies = parts
    for name in [*rates, *latencies]:
        if name not in operations:
            raise QuotaChangeError(f"no operation {name}; there are {', '.join(sorted(operations))}")
    return QuotaSettings(
        {name: _rate(name, value) for name, value in rates.items()},
        {name: _number(name, value or 0) for name, value in latencies.items()},
    )
