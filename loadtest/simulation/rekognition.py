"""Rekognition with a quota: a token bucket for each operation, and who was paid for what."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from loadtest.simulation.answers import answer
from loadtest.simulation.client_errors import client_error
from local.rekognition.quotas import TokenBucket


class Rekognition:
    """Accepts calls as far as the quota goes. Times are whole seconds since the start."""

    def __init__(self, now: Callable[[], float], quotas: Mapping[str, float], start: float) -> None:
        self.quotas = {operation: TokenBucket(quota, now) for operation, quota in quotas.items()}
        self.paid: Counter[tuple[str, str]] = Counter()
        self.accepted: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.throttled: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._now, self._start = now, start

    def accept(self, operation: str, key: str) -> Mapping[str, Any]:
        """Take a call, which is then paid for, or refuse it as Rekognition does."""
        second = int(self._now() - self._start)
        if not self.quotas[operation].take():
            self.throttled[operation][second] += 1
            raise client_error(
                "ProvisionedThroughputExceededException", operation, "Provisioned rate exceeded"
            )
        self.accepted[operation][second] += 1
        self.paid[operation, key] += 1
        return answer(operation, int(key.rpartition("/")[2].removesuffix(".jpg")))

    def set_share(self, share: float, full: Mapping[str, float]) -> None:
        """Let through only a share of the full quotas from now on."""
        for operation, bucket in self.quotas.items():
            bucket.set_rate(full[operation] * share)

    def count(self, of: Mapping[str, Counter[int]], begin: int = 0, end: int = 1 << 30) -> int:
        """Add up what was counted in a span of seconds."""
        return sum(n for counted in of.values() for second, n in counted.items() if begin <= second < end)
