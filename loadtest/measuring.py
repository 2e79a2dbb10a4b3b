"""A scenario from its place to its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from loadtest import arithmetic, baseline, cores, figures, verifying
from loadtest.api import Api
from loadtest.api_load.driving import drive
from loadtest.gauges import Sample
from loadtest.machine import circumstances
from loadtest.outcome import LatencyFigures, LoadtestOutcome
from loadtest.photo_tracker import PhotoTracker, TrackedPhoto
from loadtest.places import Target
from loadtest.running import ScenarioRun, Seen
from loadtest.scenario import Scenario

Show = Callable[[float, PhotoTracker, list[Sample]], None]


def measure(
    scenario: Scenario, place: Target, out: Path, say: Callable[[str], None], show: Show
) -> LoadtestOutcome:
    """Carry a scenario out and give its figures. Raises LoadtestError."""
    on, begun_at = circumstances(f"make loadtest SCENARIO={scenario.name}"), datetime.now(UTC)
    alone = baseline.rate(place.stack, say) if scenario.baseline else None
    say(f"{scenario.name}: {scenario.about}")
    with cores.watched(place.processes) as busy:
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
    overall, in_steady_state = figures.rates(photos, steady)
    calls = figures.operations(scenario, place, seen, steady)
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
        statuses=figures.statuses(photos),
        images_a_second=overall,
        steady_images_a_second=in_steady_state,
        steady=steady,
        latencies=tuple(LatencyFigures.of(phase.name, _of(photos, phase.name)) for phase in scenario.phases),
        operations=calls,
        unheard=verifying.unheard(place.stack, photos),
        dead_letters=_dead_letters(seen),
        calls_too_many=_calls_too_many(place, photos),
        searchable=verifying.searchable(Api(place.stack), photos),
        dollars=figures.dollars(
            {call.name: call.accepted for call in calls},
            len(ended_at),
            sum(photo.labels for photo in photos),
        ),
        samples=tuple(seen.samples),
        ended_at=tuple(ended_at),
        latency_seconds={
            phase.name: tuple(
                photo.latency_seconds
                for photo in _of(photos, phase.name)
                if photo.latency_seconds is not None
            )
            for phase in scenario.phases
        },
        quotas={call.name: figures.quota_of(scenario, place, call.name).finite() for call in calls},
    )


def _of(photos: list[TrackedPhoto], phase: str) -> list[TrackedPhoto]:
    return [photo for photo in photos if photo.phase == phase]


def _dead_letters(seen: Seen) -> int:
    """Count the dead letters that came during the run."""
    if not seen.samples:
        return 0
    first, last = (_buried(sample) for sample in (seen.samples[0], seen.samples[-1]))
    return last - first


def _buried(sample: Sample) -> int:
    names = ("dead_letter_queue_url", "bulk_dead_letter_queue_url")
    return sum(sample.waiting[name] + sample.in_flight[name] for name in names)


def _calls_too_many(place: Target, photos: list[TrackedPhoto]) -> int | None:
    if place.control is None:
        return None
    return verifying.calls_too_many(place.control.calls_by_object(), place.stack.bucket, photos)
