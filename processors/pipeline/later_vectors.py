"""Vectors that could not be had while a photo has one in another space: the photo is found, they come later.

They are asked for by a message of their own, behind all that is uploaded now. So nobody who uploads a photo
waits for a model that is not asked yet, and no vector is forgotten: that message fails until it is there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from contract.errors import ImagepipeError
from contract.notifications import look_again_parts
from contract.records import ImageRecord, Status
from processors.pipeline.commit import Decided
from processors.pipeline.triage import WorkItem, was_made_by


@dataclass(frozen=True)
class LaterVectors:
    """Has photos looked at again. `ask` sends the body of a message to the bulk queue."""

    bucket_name: str
    ask: Callable[[str], None]
    now: Callable[[], str]

    def ask_for(self, records: Sequence[ImageRecord]) -> Mapping[str, ImagepipeError]:
        """Ask for the vectors that records lack; return the keys for which that failed, with the reason."""
        failures: dict[str, ImagepipeError] = {}
        keys = sorted(record.key for record in records if record.findings.lacking)
        for part, body in look_again_parts(self.bucket_name, keys, self.now()):
            try:
                self.ask(body)
            except ImagepipeError as failure:
                failures |= dict.fromkeys(part, failure)
        return failures

    def news_of(
        self, decided: Sequence[Decided], items: Sequence[WorkItem]
    ) -> tuple[list[Decided], list[ImageRecord], dict[str, ImagepipeError]]:
        """Return what is to be written, what is to be asked for once more, and why others wait.

        A record that lacks a vector now as it did before is not written again. Its message waits, unless it
        is the one that made the record, which may have been killed before it asked.
        """
        made_by = {item.key for item in items if item.seen is not None and was_made_by(item.event, item.seen)}
        written: list[Decided] = []
        unasked: list[ImageRecord] = []
        waiting: dict[str, ImagepipeError] = {}
        for work in decided:
            lacking = work.record.findings.lacking
            if not lacking or not _says_the_same(work):
                written.append(work)
            elif work.record.key in made_by:
                unasked.append(work.record)
            else:
                waiting[work.record.key] = next(iter(lacking.values()))
        return written, unasked, waiting


def _says_the_same(work: Decided) -> bool:
    """Whether a record would be what was seen, but for how often and when that was written."""
    record, seen = work
    return (
        seen is not None
        and seen.status is Status.RECOGNIZED
        and replace(
            record, generation=seen.generation, decided_at=seen.decided_at, decided_by=seen.decided_by
        )
        == seen
    )
