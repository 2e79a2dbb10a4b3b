"""What a run amounts to, as it goes into the JSON file and onto the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from loadtest import arithmetic
from loadtest.api_load.driving import RequestStats
from loadtest.arithmetic import Window
from loadtest.cores import Cores
from loadtest.gauges import Sample
from loadtest.photo_tracker import TrackedPhoto
from loadtest.verifying import Searchable, Unheard


@dataclass(frozen=True)
class LatencyFigures:
    """Seconds from sent to the completion received, of the photos of one phase."""

    phase: str
    photos: int
    p50: float | None
    p95: float | None
    p99: float | None
    longest: float | None

    @classmethod
    def of(cls, phase: str, photos: Sequence[TrackedPhoto]) -> LatencyFigures:
        """Sum up the photos of a phase that have ended."""
        seconds = [photo.latency_seconds for photo in photos if photo.latency_seconds is not None]
        p50, p95, p99 = (arithmetic.percentile(seconds, percent) for percent in arithmetic.PERCENTILES)
        return cls(phase, len(seconds), p50, p95, p99, max(seconds, default=None))


@dataclass(frozen=True)
class OperationFigures:
    """The calls of one operation. `use` is accepted calls over the quota's, in steady state."""

    name: str
    accepted: int
    throttled: int
    quota: float | None
    use: float | None
    seconds_until_back: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Dollars:
    """Dollars for a million photos like these: calls as they were made, the rest by the cost model."""

    rekognition: float
    everything_else: float | None


@dataclass(frozen=True)
class LoadtestOutcome:
    """All figures of one scenario. Times are seconds since the run began."""

    scenario: str
    about: str
    where: str
    is_canned: bool
    canned_latency_seconds: float | None
    circumstances: str
    begun_at: str
    seconds: float
    gave_up: bool
    sent: int
    statuses: Mapping[str, int]
    images_a_second: float
    steady_images_a_second: float | None
    steady: Window | None
    latencies: tuple[LatencyFigures, ...]
    operations: tuple[OperationFigures, ...]
    unheard: Unheard
    dead_letters: int
    calls_too_many: int | None
    searchable: Searchable
    dollars: Dollars | None
    baseline: Mapping[str, float] | None = None
    cores: Cores | None = None
    api: tuple[RequestStats, ...] = ()
    samples: tuple[Sample, ...] = field(default=(), repr=False)
    ended_at: tuple[float, ...] = field(default=(), repr=False)
    latency_seconds: Mapping[str, tuple[float, ...]] = field(default_factory=dict, repr=False)
    quotas: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)

    @property
    def throttled_share(self) -> float:
        """Return the throttled calls over all calls."""
        throttled = sum(operation.throttled for operation in self.operations)
        made = throttled + sum(operation.accepted for operation in self.operations)
        return throttled / made if made else 0.0

    def to_json(self) -> dict[str, Any]:
        """Write it for machines."""
        return {**asdict(self), "throttled_share": self.throttled_share}
