"""Services that are away for a while, one after the other, and a permission that is missing for a while."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from loadtest.faults.calls import AwsAnswer, AwsService, Call, denial, refusal, unavailable

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
