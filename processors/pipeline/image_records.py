"""Records for what was decided: recognized, rejected, or a tombstone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from contract.errors import PermanentError
from contract.notifications import ImageEvent, ObjectChange
from contract.records import Findings, ImageRecord, ImageVersion, Rejection, Status
from contract.timing import TOMBSTONE_DAYS
from processors.pipeline.decisions import outlived_tombstones


@dataclass(frozen=True)
class RecordMaker:
    """Makes the records of one batch, all decided at the same time."""

    fingerprints: Mapping[str, str]
    decided_at: str
    shares_answers: bool = True

    def of(
        self,
        event: ImageEvent,
        version: ImageVersion,
        findings: Findings | PermanentError,
        seen: ImageRecord | None,
    ) -> ImageRecord:
        """Make the record of an image that was recognized, or rejected for good."""
        rejected = isinstance(findings, PermanentError)
        return ImageRecord(
            version=_with_its_first_time(version, seen),
            status=Status.REJECTED if rejected else Status.RECOGNIZED,
            sequencer=_sequencer(event, seen),
            generation=_generation(seen),
            decided_at=self.decided_at,
            decided_by=event.id,
            detectors={} if rejected else self.fingerprints,
            findings=Findings() if isinstance(findings, PermanentError) else findings,
            rejection=Rejection(findings.code, findings.message, findings.detector)
            if isinstance(findings, PermanentError)
            else None,
            shares_answers=self.shares_answers,
        )

    def tombstone(self, event: ImageEvent, seen: ImageRecord | None) -> ImageRecord:
        """Make the record of a key that has no object: it keeps late creates out, then expires.

        Where nothing is known of the key, and its event only led to a look or is older than tombstones get,
        there is nothing to tell: a lifecycle rule clears up after a deletion that was announced long ago.
        """
        nothing = ImageVersion(event.key, "", 0, None, event.occurred_at)
        is_news = seen is not None or (
            event.change is ObjectChange.REMOVED and not outlived_tombstones(event, self._now.timestamp())
        )
        return ImageRecord(
            version=nothing,
            status=Status.DELETED,
            sequencer=_sequencer(event, seen),
            generation=_generation(seen),
            decided_at=self.decided_at,
            decided_by=event.id if is_news else "",
            expires_at=self._expiry(),
        )

    def moved_on(self, event: ImageEvent, seen: ImageRecord) -> ImageRecord:
        """Return a record that stays as it is, as of an event that found it so."""
        return replace(
            seen,
            sequencer=_sequencer(event, seen),
            expires_at=self._expiry() if seen.status is Status.DELETED else None,
        )

    @property
    def _now(self) -> datetime:
        return datetime.fromisoformat(self.decided_at)

    def _expiry(self) -> int:
        return int((self._now + timedelta(days=TOMBSTONE_DAYS)).timestamp())


def _with_its_first_time(version: ImageVersion, seen: ImageRecord | None) -> ImageVersion:
    """Return the version with the time that its record has: events and listings have clocks of their own."""
    if seen is None or not version.is_same_as(seen.version):
        return version
    return replace(version, uploaded_at=seen.version.uploaded_at)


def _sequencer(event: ImageEvent, seen: ImageRecord | None) -> str:
    """Never go back: an event without a sequencer of its own keeps the one there is."""
    return max(event.sequencer, seen.sequencer if seen else "")


def _generation(seen: ImageRecord | None) -> int:
    return (seen.generation if seen else 0) + 1
