"""Percentiles, steady state, and how much of a quota was used. Times are seconds since the run began."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loadtest.gauges import Sample
from loadtest.photos import TrackedPhoto
from loadtest.scenario import QuotaChange, Scenario

# Steady state ends with the backlog's last twentieth, when there is not enough left to keep all workers busy.
SHARE_BEFORE_THE_END = 0.95
PERCENTILES = (50, 95, 99)
# A quota that has changed is used again when this share of it was, over so many seconds.
BACK_SHARE, BACK_WINDOW_SECONDS = 0.9, 5.0


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the least of the values that so many percent of them do not exceed; None of no values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)] if ordered else None


@dataclass(frozen=True)
class Window:
    """From one moment to a later one."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


def steady_window(scenario: Scenario, photos: Sequence[TrackedPhoto]) -> Window | None:
    """Return the steady state: while a backlog drains, after the warm-up and before its last twentieth.

    A backlog are the photos that came in all at once. None if there is none, or less than a second is left.
    """
    backlogs = {phase.name for phase in scenario.phases if phase.per_second is None}
    backlog = [photo for photo in photos if photo.phase in backlogs]
    ended_at = [photo.ended_at for photo in backlog if photo.ended_at is not None]
    end = percentile(ended_at, 100 * SHARE_BEFORE_THE_END)
    if end is None:
        return None
    begin = min(photo.sent_at for photo in backlog) + scenario.warm_up_seconds
    return Window(begin, end) if end - begin >= 1 else None


def accepted_at(samples: Sequence[Sample], operation: str, at: float) -> float:
    counts = [sample.calls.accepted.get(operation, 0) for sample in samples]
    return float(np.interp(at, [0.0, *(sample.at_seconds for sample in samples)], [0, *counts]))


def quota_at(scenario_quotas: Mapping[str, float], changes: Sequence[QuotaChange], operation: str) -> "Steps":
    steps = [(0.0, scenario_quotas.get(operation, math.inf))]
    steps += [
        (change.at_seconds, change.quotas[operation]) for change in changes if operation in change.quotas
    ]
    return Steps(tuple(steps))


@dataclass(frozen=True)
class Steps:
    """A value that changes at moments, the first of which is 0."""

    steps: tuple[tuple[float, float], ...]

    def at(self, moment: float) -> float:
        return [value for since, value in self.steps if since <= moment][-1]

    def finite(self) -> tuple[tuple[float, float], ...]:
        """Return the moments and values without those that are no limit."""
        return tuple((since, value) for since, value in self.steps if value < math.inf)

    def over(self, window: Window) -> float:
        ends = [since for since, _ in self.steps[1:]] + [math.inf]
        return sum(
            value * max(0.0, min(end, window.end) - max(since, window.begin))
            for (since, value), end in zip(self.steps, ends, strict=True)
            if min(end, window.end) > max(since, window.begin)
        )


def use(samples: Sequence[Sample], operation: str, quota: Steps, window: Window) -> float | None:
    """Return the accepted calls over those that the quota allowed in a time; None without a quota."""
    allowed = quota.over(window)
    if not 0 < allowed < math.inf:
        return None
    end, begin = (accepted_at(samples, operation, at) for at in (window.end, window.begin))
    return (end - begin) / allowed


def seconds_until_back(samples: Sequence[Sample], operation: str, quota: Steps, since: float) -> float | None:
    """Return how long after a change 0.9 of the new quota was used, over five seconds; None if it never was.

    What is given is the end of the first such five seconds after the change, so five at the least.
    """
    last = samples[-1].at_seconds if samples else 0.0
    end = since + BACK_WINDOW_SECONDS
    while end <= last:
        share = use(samples, operation, quota, Window(end - BACK_WINDOW_SECONDS, end))
        if share is not None and share >= BACK_SHARE:
            return end - since
        end += 0.5
    return None


def restorations(scenario: Scenario, operation: str) -> list[QuotaChange]:
    quota = quota_at(scenario.quotas, scenario.changes, operation)
    return [
        change
        for change in scenario.changes
        if operation in change.quotas
        and change.quotas[operation] > quota.at(max(0.0, change.at_seconds - 1e-6))
    ]
