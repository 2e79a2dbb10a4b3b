"""Detector calls made and saved, from the counts that the processor adds up once a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contract.metrics import Metric
from contract.prices import DOLLARS_A_CALL

CALL_COUNTS = (Metric.CALLS_MADE, Metric.CALLS_AVOIDED, Metric.CALLS_THROTTLED)


@dataclass(frozen=True)
class Calls:
    """What a span of time has cost and saved. An aid: a batch that crashed is not in it."""

    made: int = 0
    avoided: int = 0
    throttled: int = 0

    @classmethod
    def of(cls, days: Iterable[Mapping[str, int]]) -> Calls:
        """Add up the counts of some days."""
        added = list(days)
        return cls(*(_sum(added, name) for name in CALL_COUNTS))

    @property
    def hit_ratio(self) -> float | None:
        """Which part of the answers needed no call, 0 to 1; None where there was nothing to answer."""
        wanted = self.made + self.avoided
        return self.avoided / wanted if wanted else None

    @property
    def dollars_saved(self) -> float:
        """What the avoided calls would have cost, in US dollars."""
        return self.avoided * DOLLARS_A_CALL

    def to_json(self) -> dict[str, object]:
        """Write it for machines."""
        return {
            "calls_made": self.made,
            "calls_avoided": self.avoided,
            "calls_throttled": self.throttled,
            "hit_ratio": None if self.hit_ratio is None else round(self.hit_ratio, 4),
            "dollars_saved": round(self.dollars_saved, 4),
        }


def _sum(days: Iterable[Mapping[str, int]], name: str) -> int:
    return sum(counts.get(name, 0) for counts in days)
