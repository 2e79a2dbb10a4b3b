"""Records of what was decided: made, committed (rows, the record, then out with old rows), and announced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from contract.detector_choice import ByPrefix
from contract.errors import ImagepipeError, NotReadyError, PermanentError
from contract.items import ItemKey
from contract.metrics import Metric
from contract.notifications import ImageEvent, ObjectChange, completion
from contract.photos import FILM, PICTURE
from contract.records import Findings, ImageRecord, ImageVersion, Rejection, Status
from contract.scenes import marked
from contract.table import index_rows
from contract.timing import TOMBSTONE_DAYS
from processors.pipeline.triage import outlived_tombstones
from processors.telemetry import Metrics

if TYPE_CHECKING:
    from contract.policy import Policy
    from processors.adapters.dynamodb import ImageTable
    from processors.adapters.messaging import SnsTopic


@dataclass(frozen=True)
class RecordMaker:
    """Makes the records of one batch, all decided at the same time.

    `fingerprints` are those of the detectors that an image is to have, by its key.
    """

    fingerprints: ByPrefix[Mapping[str, str]]
    decided_at: str
    shares_answers: bool = True
    films: bool = False

    def of(
        self,
        event: ImageEvent,
        version: ImageVersion,
        findings: Findings | PermanentError,
        seen: ImageRecord | None,
    ) -> ImageRecord:
        """Make the record of an image that was recognized, or rejected for good."""
        rejection = None
        if isinstance(findings, PermanentError):
            rejection = Rejection(findings.code, findings.message, findings.detector)
            findings = Findings()
        return ImageRecord(
            version=_with_its_first_time(version, seen),
            status=Status.REJECTED if rejection else Status.RECOGNIZED,
            sequencer=_sequencer(event, seen),
            generation=_generation(seen),
            decided_at=self.decided_at,
            decided_by=event.id,
            detectors=self._looked_at(event.key) if rejection else self._detectors(event.key, findings),
            findings=findings,
            rejection=rejection,
            shares_answers=self.shares_answers,
        )

    def _looked_at(self, key: str) -> Mapping[str, str]:
        """Return what a rejection says of pictures: where they were not read, more would be taken now."""
        looked = {name: mark for name, mark in self.fingerprints[key].items() if name == PICTURE}
        return {**looked, FILM: "1"} if self.films else looked

    def _detectors(self, key: str, findings: Findings) -> Mapping[str, str]:
        """Return the names that its answers are kept by: inherited ones have their own.

        Of a camera's picture that shows nothing new, nothing was asked but what is in the file. Nor has it
        vectors that could not be had.
        """
        is_unchanged = findings.look is not None and not findings.look.is_asked
        return {
            name: marked(fingerprint) if name in findings.inherited else fingerprint
            for name, fingerprint in self.fingerprints[key].items()
            if name == PICTURE or not (is_unchanged or name in findings.lacking)
        }

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


class Decided(NamedTuple):
    """A record to be written, and the record that was seen when it was decided on."""

    record: ImageRecord
    seen: ImageRecord | None


class Commit(NamedTuple):
    """What came of the conditional write of a record.

    `replaced` is the record that stood there before, None if there was none. `lost_to` is the record that
    stands there instead because it is newer; then nothing was written.
    """

    replaced: ImageRecord | None = None
    lost_to: ImageRecord | None = None


@dataclass(frozen=True)
class Committer:
    """Commits the records of one batch."""

    store: "ImageTable"

    def commit(self, decided: Sequence[Decided]) -> dict[str, ImageRecord | ImagepipeError]:
        """Write all; give for each key the record that now stands, or why it could not be written."""
        rows = {row.at: row for work in decided for row in index_rows(work.record)}
        unwritten = self.store.write_rows(rows.values())
        faults = {rows[at].key: fault for at, fault in unwritten.items()}
        ready = [work for work in decided if work.record.key not in faults]
        outcomes = self.store.commit(ready)
        self._remove_outdated(ready, outcomes)
        records: dict[str, ImageRecord | ImagepipeError] = dict(faults)
        for work in ready:
            records[work.record.key] = _standing(work, outcomes[work.record.key])
        return records

    def move_on(self, work: Sequence[Decided]) -> dict[str, ImagepipeError]:
        """Move the sequencers of records on that stay as they are; return which have to come again."""
        if not work:
            return {}
        faults: dict[str, ImagepipeError] = {}
        outcomes = self.store.move_on(work)
        for moved in work:
            key, standing = moved.record.key, outcomes[moved.record.key]
            if isinstance(standing, ImagepipeError):
                faults[key] = standing
            elif standing is not None and standing.sequencer < moved.record.sequencer:
                faults[key] = _overtaken(key)
        return faults

    def _remove_outdated(
        self, ready: Sequence[Decided], outcomes: Mapping[str, Commit | ImagepipeError]
    ) -> None:
        """Remove the rows of records that were replaced, and our own where we came too late."""
        outdated: list[ItemKey] = []
        for work in ready:
            outcome = outcomes[work.record.key]
            if isinstance(outcome, Commit):
                standing = outcome.lost_to or work.record
                outdated += _rows_of(outcome.replaced, standing)
                outdated += _rows_of(work.seen, standing)
                outdated += _rows_of(work.record, standing)
        self.store.remove_rows(outdated)


@dataclass(frozen=True)
class Publisher:
    """Announces the records of one batch, by a policy where the deployment has one."""

    topic: "SnsTopic"
    bucket_name: str
    metrics: Metrics
    policy: "Policy | None" = None

    def announce(self, records: Sequence[ImageRecord]) -> dict[str, ImagepipeError]:
        """Publish a completion for each record; return the keys of those not taken, with the reason.

        A record that no event decided is no news to anybody.
        """
        completions = {
            record.key: completion(self.bucket_name, record, self.policy)
            for record in records
            if record.decided_by
        }
        refused = self.topic.publish(list(completions.values()))
        self.metrics.add(Metric.COMPLETIONS_PUBLISHED, len(completions) - len(refused))
        return {
            key: refused[announced.id] for key, announced in completions.items() if announced.id in refused
        }


def _rows_of(record: ImageRecord | None, standing: ImageRecord) -> list[ItemKey]:
    if record is None or record.revision == standing.revision:
        return []
    return [row.at for row in index_rows(record)]


def _standing(work: Decided, outcome: Commit | ImagepipeError) -> ImageRecord | ImagepipeError:
    if isinstance(outcome, ImagepipeError):
        return outcome
    winner = outcome.lost_to
    if winner is None:
        return work.record
    if winner.revision == work.record.revision:
        # Two have done the same work at once: what is announced says when the record that stands was decided.
        return replace(work.record, decided_at=winner.decided_at)
    only_moved_on = work.seen is not None and winner.revision == work.seen.revision
    if winner.sequencer > work.record.sequencer and not only_moved_on:
        return winner
    return _overtaken(work.record.key)


def _overtaken(key: str) -> NotReadyError:
    return NotReadyError("ConcurrentUpdate", f"{key} was changed by another worker; it is looked at again")


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
