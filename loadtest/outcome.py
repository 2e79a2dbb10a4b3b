"""A scenario from its place to its outcome, as it goes into the JSON file and onto the page."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contract.detectors import OPERATIONS
from contract.prices import MILLION, dollars_for_calls
from contract.quotas import usual_quota
from contract.usage import Assumptions, Work
from loadtest import arithmetic, baseline, verifying
from loadtest.api_load import RequestStats, drive
from loadtest.arithmetic import Steps, Window
from loadtest.gauges import ALL, Cores, Sample, circumstances, watched
from loadtest.photos import PhotoTracker, TrackedPhoto
from loadtest.places import Target
from loadtest.running import ScenarioRun, Seen
from loadtest.scenario import Phase, Scenario
from loadtest.verifying import Api, Searchable, Unheard
from operations.costs import bill


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
    def of(cls, phase: str, seconds: Sequence[float]) -> "LatencyFigures":
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
        throttled = sum(operation.throttled for operation in self.operations)
        made = throttled + sum(operation.accepted for operation in self.operations)
        return throttled / made if made else 0.0

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "throttled_share": self.throttled_share}


def operations(
    scenario: Scenario, place: Target, seen: Seen, steady: Window | None
) -> tuple[OperationFigures, ...]:
    if not seen.samples:
        return ()
    calls = seen.samples[-1].calls
    found = []
    for name in sorted(calls.accepted.keys() | calls.throttled.keys()):
        quota = quota_of(scenario, place, name)
        value = quota.at(0.0)
        found.append(
            OperationFigures(
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


def quota_of(scenario: Scenario, place: Target, operation: str) -> Steps:
    """Return the quota of an operation over time: on AWS, the one that a new account has."""
    if place.control is not None:
        quotas = {**place.control.quotas(), **scenario.quotas}
        return arithmetic.quota_at(quotas, scenario.changes, operation)
    if operation == ALL:
        return Steps(((0.0, math.inf),))
    return Steps(((0.0, usual_quota(operation, place.stack.outputs["region"])),))


def rates(photos: Sequence[TrackedPhoto], steady: Window | None) -> tuple[float, float | None]:
    """Return images a second: from the first sent to the last ended, and in steady state."""
    ended = [photo.ended_at for photo in photos if photo.ended_at is not None]
    if not ended:
        return 0.0, None
    overall = len(ended) / max(1e-9, max(ended) - min(photo.sent_at for photo in photos))
    if steady is None:
        return overall, None
    return overall, sum(steady.begin <= at <= steady.end for at in ended) / steady.seconds


def dollars(calls: Mapping[str, int], photos: int, labels: int) -> Dollars | None:
    """Return what a million photos like these cost, with as many labels; None without photos."""
    if not photos:
        return None
    a_million = {name: count / photos * MILLION for name, count in calls.items()}
    if not set(a_million) <= set(OPERATIONS.values()):
        return Dollars(dollars_for_calls(sum(a_million.values())), None)
    paid = bill(Work(MILLION, a_million), Assumptions(labels_a_photo=labels / photos))
    return Dollars(paid.by_service["Rekognition"], paid.beside_rekognition)


def statuses(photos: Sequence[TrackedPhoto]) -> dict[str, int]:
    return dict(Counter(photo.status for photo in photos if photo.status))


Show = Callable[[float, PhotoTracker, list[Sample]], None]


def measure(
    scenario: Scenario, place: Target, out: Path, say: Callable[[str], None], show: Show
) -> LoadtestOutcome:
    on, begun_at = circumstances(f"make loadtest SCENARIO={scenario.name}"), datetime.now(UTC)
    alone = baseline.rate(place.stack, say) if scenario.baseline else None
    say(f"{scenario.name}: {scenario.about}")
    with watched(place.processes) as busy:
        seen = ScenarioRun(scenario, place, say, show).carry_out()
    say("looking at what is there now")
    found = _sum_up(scenario, place, seen, on, begun_at)
    if scenario.api is not None:
        paced = "" if place.stack.is_local else ", no faster than its throttle lets them"
        say(f"{scenario.api.users} users ask the API for {scenario.api.seconds:g} s{paced}")
        found = replace(found, api=drive(place.stack, scenario.api, out, scenario.name))
    return replace(found, baseline=alone, cores=busy)


def _sum_up(scenario: Scenario, place: Target, seen: Seen, on: str, begun_at: datetime) -> LoadtestOutcome:
    photos = seen.tracker.photos()
    ended_at = sorted(photo.ended_at for photo in photos if photo.ended_at is not None)
    steady = arithmetic.steady_window(scenario, photos)
    overall, in_steady_state = rates(photos, steady)
    calls = operations(scenario, place, seen, steady)
    latencies = {phase.name: tuple(_latencies(photos, phase)) for phase in scenario.phases}
    return LoadtestOutcome(
        scenario=scenario.name,
        about=scenario.about,
        where=place.what,
        is_canned=place.is_canned,
        canned_latency_seconds=scenario.latency_seconds if place.is_canned else None,
        circumstances=on,
        begun_at=begun_at.isoformat(timespec="seconds"),
        seconds=seen.seconds,
        gave_up=seen.gave_up,
        sent=len(photos),
        statuses=statuses(photos),
        images_a_second=overall,
        steady_images_a_second=in_steady_state,
        steady=steady,
        latencies=tuple(LatencyFigures.of(phase, seconds) for phase, seconds in latencies.items()),
        operations=calls,
        unheard=verifying.unheard(place.stack, photos),
        dead_letters=_dead_letters(seen),
        calls_too_many=None
        if place.control is None
        else verifying.calls_too_many(place.control.calls_by("objects"), place.stack.bucket, photos),
        searchable=verifying.searchable(Api(place.stack), photos),
        dollars=dollars(
            {call.name: call.accepted for call in calls},
            len(ended_at),
            sum(photo.labels for photo in photos),
        ),
        samples=tuple(seen.samples),
        ended_at=tuple(ended_at),
        latency_seconds=latencies,
        quotas={call.name: quota_of(scenario, place, call.name).finite() for call in calls},
    )


def _latencies(photos: Sequence[TrackedPhoto], phase: Phase) -> Iterator[float]:
    of_phase = (photo.latency_seconds for photo in photos if photo.phase == phase.name)
    return (seconds for seconds in of_phase if seconds is not None)


def _dead_letters(seen: Seen) -> int:
    """Count the dead letters that came during the run."""
    names = ("dead_letter_queue_url", "bulk_dead_letter_queue_url")
    buried = [sum(one.waiting[name] + one.in_flight[name] for name in names) for one in seen.samples]
    return buried[-1] - buried[0] if buried else 0
