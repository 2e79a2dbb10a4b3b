"""What is done to the calls: faults decided by a seed and the call's number, and services that are away."""

import json
import random
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from loadtest.faults.calls import AwsAnswer, AwsService, Call, denial, refusal, unavailable


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
_SELDOM_CALLED = frozenset({AwsService.SNS, AwsService.SQS, AwsService.S3, AwsService.LAMBDA})
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
    def of(cls, seed: int, *, kills: int, expected_calls: int) -> "FaultPlan":
        """Spread kills over the calls that are expected, leaving the ends alone."""
        dice = random.Random(f"{seed} kills")
        span = range(expected_calls // 20, expected_calls * 3 // 4)
        return cls(seed, tuple(sorted(dice.sample(span, min(kills, len(span))))))

    def strike(self, service: AwsService, number: int) -> Strike:
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


# The waits that the processor chooses are divided by this, so that more receives fit into an outage than a
# dead letter takes, and the end of the run does not wait for ten minutes.
WAITS_DIVIDED_BY = 20
OUTAGE_SECONDS = 45.0

_RECEIVES = re.compile(rb'"receive_count":\s*"?(\d+)')


class HungUpError(Exception):
    """The connection to the worker is to be reset, without an answer."""


@dataclass(frozen=True)
class StagedOutage:
    """Services that are away or, if `denied`, that the processor's role may not use."""

    name: str
    services: frozenset[AwsService]
    denied: bool = False


OUTAGES = (
    StagedOutage("DynamoDB away", frozenset({AwsService.DYNAMODB})),
    StagedOutage("S3 away, which Rekognition cannot read either", frozenset({AwsService.S3})),
    StagedOutage("SNS away", frozenset({AwsService.SNS})),
    StagedOutage("Rekognition away", frozenset({AwsService.REKOGNITION})),
    StagedOutage("the pictures function away", frozenset({AwsService.LAMBDA})),
    StagedOutage(
        "no permission to detect or publish", frozenset({AwsService.REKOGNITION, AwsService.SNS}), denied=True
    ),
)


@dataclass
class Spell:
    """One outage as it was: from when to when (seconds since 1970), and what it did.

    `handed_back` counts messages that the processor kept away, `receives` is how often one of them had been
    received at most.
    """

    outage: StagedOutage
    begun_at: float
    ended_at: float = 0.0
    refused: int = 0
    handed_back: int = 0
    receives: int = 0


@dataclass
class StagedOutages:
    """What the proxy asks about every call. Safe to use from several threads."""

    spells: list[Spell] = field(default_factory=list)
    _now: Spell | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def lasting(self, outage: StagedOutage, log: Path) -> Iterator[Spell]:
        """Let an outage last as long as the block. `log` is what the function says meanwhile."""
        spell, offset = Spell(outage, time.time()), log.stat().st_size
        self.spells.append(spell)
        self._now = spell
        try:
            yield spell
        finally:
            self._now = None
            spell.ended_at = time.time()
            spell.receives = most_receives(log, offset)

    @property
    def on(self) -> bool:
        return self._now is not None

    def met(self, call: Call, number: int) -> AwsAnswer | None:
        """Return what a call meets, None where it is to go on. Raises HungUpError for every other one."""
        spell = self._now
        if spell is None:
            return None
        answer = _answer(spell.outage, call)
        if answer is None:
            return None
        with self._lock:
            spell.refused += 1
        if not spell.outage.denied and call.service in spell.outage.services and number % 2:
            raise HungUpError
        return answer

    def shortened(self, call: Call) -> Call:
        """Shorten the waits that a call asks for, and count them while an outage lasts."""
        if call.operation != "ChangeMessageVisibilityBatch":
            return call
        spell, entries = self._now, call.members["Entries"]
        if spell is not None:
            with self._lock:
                spell.handed_back += len(entries)
        shorter = [
            {**entry, "VisibilityTimeout": max(1, entry["VisibilityTimeout"] // WAITS_DIVIDED_BY)}
            for entry in entries
        ]
        return replace(call, body=json.dumps({**call.members, "Entries": shorter}).encode())

    def of_moment(self, at: float) -> Spell | None:
        """Return the outage that began last before a moment (seconds since 1970), None for none."""
        return next((spell for spell in reversed(self.spells) if spell.begun_at <= at), None)


def most_receives(log: Path, offset: int) -> int:
    """Read how often a message had been received at most, of those that a function's log speaks of."""
    with log.open("rb") as file:
        file.seek(offset)
        return max((int(count) for count in _RECEIVES.findall(file.read())), default=0)


def _answer(outage: StagedOutage, call: Call) -> AwsAnswer | None:
    if call.service in outage.services:
        return denial(call) if outage.denied else unavailable(call)
    # Rekognition reads the object itself, on behalf of its caller.
    # https://docs.aws.amazon.com/rekognition/latest/APIReference/API_S3Object.html
    if call.service is AwsService.REKOGNITION and AwsService.S3 in outage.services:
        return refusal(call, "InvalidS3ObjectException", 400)
    return None
