"""Writing what was decided: index rows, then the record that makes them true, then out with the old rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.errors import ImagepipeError, NotReadyError
from contract.records import ImageRecord
from contract.table import ItemKey, index_rows

if TYPE_CHECKING:
    from processors.adapters.dynamodb import ImageTable


@dataclass(frozen=True)
class Commit:
    """What came of the conditional write of a record.

    `replaced` is the record that stood there before, None if there was none. `lost_to` is the record that
    stands there instead because it is newer; then nothing was written.
    """

    replaced: ImageRecord | None = None
    lost_to: ImageRecord | None = None


@dataclass(frozen=True)
class Decided:
    """A record to be written, and the record that was seen when it was decided on."""

    record: ImageRecord
    seen: ImageRecord | None


@dataclass(frozen=True)
class Committer:
    """Commits the records of one batch."""

    store: ImageTable

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


def _rows_of(record: ImageRecord | None, standing: ImageRecord) -> list[ItemKey]:
    if record is None or record.revision == standing.revision:
        return []
    return [row.at for row in index_rows(record)]


def _standing(work: Decided, outcome: Commit | ImagepipeError) -> ImageRecord | ImagepipeError:
    if isinstance(outcome, ImagepipeError):
        return outcome
    winner = outcome.lost_to
    if winner is None or winner.revision == work.record.revision:
        return work.record
    only_moved_on = work.seen is not None and winner.revision == work.seen.revision
    if winner.sequencer > work.record.sequencer and not only_moved_on:
        return winner
    return _overtaken(work.record.key)


def _overtaken(key: str) -> NotReadyError:
    return NotReadyError("ConcurrentUpdate", f"{key} was changed by another worker; it is looked at again")
