"""What a run amounts to, as it goes into the JSON file and onto the page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from contract.assumptions import Assumptions
from contract.costs import bill
from contract.detectors import OPERATIONS
from contract.prices import MILLION, dollars_for_calls
from contract.quotas import usual_quota
from contract.usage import Work
from loadtest import arithmetic
from loadtest.api_load.driving import Asked
from loadtest.arithmetic import Steps, Window
from loadtest.calls import ALL
from loadtest.cores import Cores
from loadtest.gauges import Sample
from loadtest.ledger import Photo
from loadtest.places import Place
from loadtest.running import Seen
from loadtest.scenario import Scenario
from loadtest.verifying import Searchable, Unheard


@dataclass(frozen=True)
class Latency:
    """Seconds from sent to the completion received, of the photos of one phase."""

    phase: str
    photos: int
    p50: float | None
    p95: float | None
    p99: float | None
    longest: float | None

    @classmethod
    def of(cls, phase: str, photos: Sequence[Photo]) -> Latency:
        """Sum up the photos of a phase that have ended."""
        seconds = [photo.latency_seconds for photo in photos if photo.latency_seconds is not None]
        p50, p95, p99 = (arithmetic.percentile(seconds, percent) for percent in arithmetic.PERCENTILES)
        return cls(phase, len(seconds), p50, p95, p99, max(seconds, default=None))


@dataclass(frozen=True)
class Operation:
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
class Outcome:
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
    latencies: tuple[Latency, ...]
    operations: tuple[Operation, ...]
    unheard: Unheard
    dead_letters: int
    calls_too_many: int | None
    searchable: Searchable
    dollars: Dollars | None
    noop: Mapping[str, float] | None = None
    cores: Cores | None = None
    api: tuple[Asked, ...] = ()
    samples: tuple[Sample, ...] = field(default=(), repr=False)
    ended_at: tuple[float, ...] = field(default=(), repr=False)
    latency_seconds: Mapping[str, tuple[float, ...]] = field(default_factory=dict, repr=False)
    quotas: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)

    @property
    def throttled_share(self) -> float:
        """Give the throttled calls over all calls."""
        throttled = sum(operation.throttled for operation in self.operations)
        made = throttled + sum(operation.accepted for operation in self.operations)
        return throttled / made if made else 0.0

    def to_json(self) -> dict[str, Any]:
        """Write it for machines."""
        return {**asdict(self), "throttled_share": self.throttled_share}


def operations(scenario: Scenario, place: Place, seen: Seen, steady: Window | None) -> tuple[Operation, ...]:
    """Sum up the calls, by operation."""
    if not seen.samples:
        return ()
    calls = seen.samples[-1].calls
    found = []
    for name in sorted(calls.accepted.keys() | calls.throttled.keys()):
        quota = quota_of(scenario, place, name)
        value = quota.at(0.0)
        found.append(
            Operation(
                name,
                calls.accepted.get(name, 0),
                calls.throttled.get(name, 0),
                value if value < math.inf else None,
                None if steady is None else arithmetic.use(seen.samples, name, quota, steady),
                tuple(
                    arithmetic.seconds_until_back(seen.samples, name, quota, change.at_seconds)
                    for change in arithmetic.restorations(scenario, name)
                ),
            )
        )
    return tuple(found)


def quota_of(scenario: Scenario, place: Place, operation: str) -> Steps:
    """Give the quota of an operation over time: on AWS, the one that a new account has."""
    if place.door is not None:
        quotas = {**place.door.quotas(), **scenario.quotas}
        return arithmetic.quota_at(quotas, scenario.changes, operation)
    if operation == ALL:
        return Steps(((0.0, math.inf),))
    return Steps(((0.0, usual_quota(operation, place.stack.outputs["region"])),))


def rates(photos: Sequence[Photo], steady: Window | None) -> tuple[float, float | None]:
    """Give images a second: from the first sent to the last ended, and in steady state."""
    ended = [photo.ended_at for photo in photos if photo.ended_at is not None]
    if not ended:
        return 0.0, None
    overall = len(ended) / max(1e-9, max(ended) - min(photo.sent_at for photo in photos))
    if steady is None:
        return overall, None
    return overall, sum(steady.begin <= at <= steady.end for at in ended) / steady.seconds


def dollars(calls: Mapping[str, int], photos: int, labels: int) -> Dollars | None:
    """Say what a million photos like these cost, with as many labels; None without photos."""
    if not photos:
        return None
    a_million = {name: count / photos * MILLION for name, count in calls.items()}
    if not set(a_million) <= set(OPERATIONS.values()):
        return Dollars(dollars_for_calls(sum(a_million.values())), None)
    paid = bill(Work(MILLION, a_million), Assumptions(labels_a_photo=labels / photos))
    return Dollars(paid.by_service["Rekognition"], paid.beside_rekognition)


def statuses(photos: Sequence[Photo]) -> dict[str, int]:
    """Count how photos have ended."""
    return dict(Counter(photo.status for photo in photos if photo.status))
