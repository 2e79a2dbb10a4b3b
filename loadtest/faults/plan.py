"""Which call fails, and how: decided by a seed and the call's number, so that a plan can be had again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from loadtest.faults.calls import AwsService


class InjectedFault(StrEnum):
    """What is done to one call. "Before": AWS never sees it. "After": it took effect, its answer is lost."""

    NONE = "none"
    THROTTLED = "throttled"
    ERROR_BEFORE = "500, before"
    ERROR_AFTER = "500, after"
    RESET_BEFORE = "reset, before"
    RESET_AFTER = "reset, after"
    STALLED = "answer later than the client waits"
    LATE = "latency"
    PARTIAL = "part of a batch not taken"


# The answer of a call that took effect does not reach the worker.
LOSES_THE_ANSWER = frozenset({InjectedFault.ERROR_AFTER, InjectedFault.RESET_AFTER, InjectedFault.STALLED})

# Of 1,000 calls outside storms.
_EVERYWHERE: Mapping[InjectedFault, int] = {
    InjectedFault.THROTTLED: 40,
    InjectedFault.ERROR_BEFORE: 20,
    InjectedFault.ERROR_AFTER: 8,
    InjectedFault.RESET_BEFORE: 12,
    InjectedFault.RESET_AFTER: 10,
    InjectedFault.STALLED: 1,
    InjectedFault.LATE: 50,
    InjectedFault.PARTIAL: 100,
}
# These are called less often; they get more, so that enough happens to them.
_SELDOM_CALLED = frozenset({AwsService.SNS, AwsService.SQS, AwsService.S3})
_SELDOM_FACTOR = 2

# Now and then a service is down for a while: nearly all of that many calls in a row fail alike.
STORM_CALLS = 20
_STORM_PROBABILITY = 0.06
_STORM_FAULTS = (InjectedFault.THROTTLED, InjectedFault.ERROR_BEFORE, InjectedFault.RESET_BEFORE)
_STORM_STRENGTH = 0.85

LONGEST_LATENCY_SECONDS = 1.5
# The processor's clients wait for 10 s.
STALL_SECONDS = 11.0


@dataclass(frozen=True)
class Strike:
    """What is done to one call: `seconds` of latency, `left_out` the share of a batch not taken (0 to 1)."""

    fault: InjectedFault
    seconds: float = 0.0
    left_out: float = 0.0


@dataclass(frozen=True)
class FaultPlan:
    """All faults of a run, and the numbers of the calls at which a worker is killed.

    They are counted over all services, while none is away.
    """

    seed: int
    kills: tuple[int, ...]

    @classmethod
    def of(cls, seed: int, *, kills: int, expected_calls: int) -> FaultPlan:
        """Spread kills over the calls that are expected, leaving the ends alone."""
        dice = random.Random(f"{seed} kills")
        span = range(expected_calls // 20, expected_calls * 3 // 4)
        return cls(seed, tuple(sorted(dice.sample(span, min(kills, len(span))))))

    def strike(self, service: AwsService, number: int) -> Strike:
        """Return what happens to the `number`th call of a service."""
        storm = random.Random(f"{self.seed} {service} storm {number // STORM_CALLS}")
        dice = random.Random(f"{self.seed} {service} call {number}")
        if number >= STORM_CALLS and storm.random() < _STORM_PROBABILITY:
            raging = storm.choice(_STORM_FAULTS)
            return Strike(raging if dice.random() < _STORM_STRENGTH else InjectedFault.NONE)
        fault = _drawn(dice, _SELDOM_FACTOR if service in _SELDOM_CALLED else 1)
        if fault is InjectedFault.LATE:
            return Strike(fault, seconds=dice.uniform(0.05, LONGEST_LATENCY_SECONDS))
        if fault is InjectedFault.STALLED:
            return Strike(fault, seconds=STALL_SECONDS)
        return Strike(fault, left_out=dice.uniform(0.1, 0.9))

    def kill_pause_seconds(self, number: int) -> float:
        """Return how long after its call a worker is killed, so that its other threads are anywhere."""
        return random.Random(f"{self.seed} pause {number}").choice((0.0, 0.0, 0.01, 0.05, 0.2))

    def kills_before_the_call(self, number: int) -> bool:
        """Return whether a worker dies before its call reaches AWS, or after, with the answer on its way."""
        return random.Random(f"{self.seed} side {number}").random() < 0.3


def _drawn(dice: random.Random, factor: int) -> InjectedFault:
    faults = list(_EVERYWHERE)
    weights = [weight * factor for weight in _EVERYWHERE.values()]
    return dice.choices([*faults, InjectedFault.NONE], [*weights, max(0, 1000 - sum(weights))])[0]
