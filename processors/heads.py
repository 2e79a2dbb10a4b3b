"""Heads for what was decided: recognized, rejected, or a tombstone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from contract.errors import PermanentError
from contract.identity import ImageVersion
from contract.notifications import ImageEvent
from contract.records import Findings, Head, Rejection, Status
from contract.timing import TOMBSTONE_DAYS


@dataclass(frozen=True)
class HeadMaker:
    """Makes the heads of one batch, all decided at the same time."""

    fingerprints: Mapping[str, str]
    decided_at: str

    def of(
        self, event: ImageEvent, version: ImageVersion, findings: Findings | PermanentError, seen: Head | None
    ) -> Head:
        """Make the head of an image that was recognized, or rejected for good."""
        rejected = isinstance(findings, PermanentError)
        return Head(
            version=version,
            status=Status.REJECTED if rejected else Status.RECOGNIZED,
            sequencer=_sequencer(event, seen),
            generation=_generation(seen),
            decided_at=self.decided_at,
            detectors={} if rejected else self.fingerprints,
            findings=Findings() if isinstance(findings, PermanentError) else findings,
            rejection=Rejection(findings.code, findings.message, findings.detector)
            if isinstance(findings, PermanentError)
            else None,
        )

    def tombstone(self, event: ImageEvent, seen: Head | None) -> Head:
        """Make the head of a key that has no object: it keeps late creates out, then expires."""
        nothing = ImageVersion(event.key, "", 0, None, event.occurred_at)
        expires = datetime.fromisoformat(self.decided_at) + timedelta(days=TOMBSTONE_DAYS)
        return Head(
            version=nothing,
            status=Status.DELETED,
            sequencer=_sequencer(event, seen),
            generation=_generation(seen),
            decided_at=self.decided_at,
            expires_at=int(expires.timestamp()),
        )


def _sequencer(event: ImageEvent, seen: Head | None) -> str:
    """Never go back: a request to look again has no sequencer of its own and keeps the one there is."""
    return max(event.sequencer, seen.sequencer if seen else "")


def _generation(seen: Head | None) -> int:
    return (seen.generation if seen else 0) + 1
