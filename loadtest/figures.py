"""Figures of a run, from what was seen of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from contract.assumptions import Assumptions
from contract.costs import bill
from contract.detectors import OPERATIONS
from contract.prices import MILLION, dollars_for_calls
from contract.quotas import usual_quota
from contract.usage import Work
from loadtest import arithmetic
from loadtest.arithmetic import Steps, Window
from loadtest.calls import ALL
from loadtest.outcome import Dollars, OperationFigures
from loadtest.photo_tracker import TrackedPhoto
from loadtest.places import Target
from loadtest.running import Seen
from loadtest.scenario import Scenario


def operations(
    scenario: Scenario, place: Target, seen: Seen, steady: Window | None
) -> tuple[OperationFigures, ...]:
    """Sum up the calls, by operation."""
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
    """Count how photos have ended."""
    return dict(Counter(photo.status for photo in photos if photo.status))
