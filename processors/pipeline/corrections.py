"""What people say, put over what detectors found whenever a record is made, whatever is done meanwhile.

It is read at last before a record is written, and once more after that: what was changed in between is met by
one of both, the one who changed it or the one who has written.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contract.corrections import NONE, Corrections
from contract.errors import ImagepipeError, NotReadyError
from contract.records import ImageRecord, Status
from processors.pipeline.commit import Decided

if TYPE_CHECKING:
    from processors.adapters.dynamodb import ImageTable


@dataclass(frozen=True)
class CorrectionLayer:
    """Puts the corrections that stand over records; a record carries the number of those that it has."""

    kept: "ImageTable"

    def changed_since(self, records: Iterable[ImageRecord]) -> tuple[set[str], dict[str, ImagepipeError]]:
        """Return the keys whose records have other corrections than stand, and those that cannot be told."""
        recognized = [record for record in records if record.status is Status.RECOGNIZED]
        standing = self._standing(recognized)
        changed: set[str] = set()
        unknown: dict[str, ImagepipeError] = {}
        for record in recognized:
            corrections = standing.get(record.content_id, NONE)
            if isinstance(corrections, ImagepipeError):
                unknown[record.key] = corrections
            elif corrections.number != record.corrections:
                changed.add(record.key)
        return changed, unknown

    def put_over(self, decided: Collection[Decided]) -> tuple[list[Decided], dict[str, ImagepipeError]]:
        """Return what is to be written, corrected, and the keys whose corrections cannot be read."""
        standing = self._standing([work.record for work in decided])
        corrected: list[Decided] = []
        unknown: dict[str, ImagepipeError] = {}
        for work in decided:
            corrections = standing.get(work.record.content_id, NONE)
            if isinstance(corrections, ImagepipeError):
                unknown[work.record.key] = corrections
            else:
                corrected.append(work._replace(record=_corrected(work.record, corrections)))
        return corrected, unknown

    def come_too_late(self, written: Iterable[ImageRecord]) -> dict[str, ImagepipeError]:
        """Return the keys whose corrections changed while their records were written: they come again."""
        changed, unknown = self.changed_since(written)
        return unknown | {
            key: NotReadyError(
                "CorrectedMeanwhile", f"{key} was corrected while its record was written; it is made anew"
            )
            for key in changed
        }

    def _standing(self, records: Collection[ImageRecord]) -> dict[str, Corrections | ImagepipeError]:
        """Read what stands. Raise a word for failure where the table does not answer."""
        contents = {record.content_id for record in records if record.status is Status.RECOGNIZED}
        return dict(self.kept.read_corrections(contents)) if contents else {}


def _corrected(record: ImageRecord, corrections: Corrections) -> ImageRecord:
    if record.status is not Status.RECOGNIZED or not corrections.number:
        return record
    return replace(
        record,
        findings=corrections.apply(record.findings),
        corrections=corrections.number,
        renamed=dict(corrections.renamed),
        decision=None if corrections.decision is None else str(corrections.decision),
    )
