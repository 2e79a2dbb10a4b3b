"""Blocked photos carry a tag by which buckets refuse to serve them, and all others do not.

Tags are set by the record that stands, before it is announced. A worker that was held up might set one by a
record that was replaced meanwhile; so whoever has written a tag looks at the record once more.
docs/decisions/0032-a-tag-that-buckets-obey.md
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.block_tag import ROUNDS, TagChoice, tag_choice
from contract.errors import ImagepipeError, NotReadyError
from contract.policy import Policy
from contract.records import ImageRecord

if TYPE_CHECKING:
    from processors.adapters.block_tags import S3BlockTags
    from processors.adapters.dynamodb import ImageTable

# Whether a tag was written, or why none could be.
Outcome = bool | ImagepipeError


@dataclass(frozen=True)
class BlockTags:
    """Brings tags in line with records. `executor` has threads for the calls of one batch."""

    policy: Policy
    records: "ImageTable"
    tags: "S3BlockTags"
    executor: Executor

    def set(self, records: Sequence[ImageRecord]) -> dict[str, ImagepipeError]:
        """Tag what is blocked, untag what is not; return the keys that could not be, with the reason."""
        failures: dict[str, ImagepipeError] = {}
        standing = list(records)
        for _ in range(ROUNDS):
            written: list[ImageRecord] = []
            for record, outcome in self._settled(standing):
                if isinstance(outcome, ImagepipeError):
                    failures[record.key] = outcome
                elif outcome:
                    written.append(record)
            standing = self._standing_instead(written, failures) if written else []
        return failures | {record.key: _restless(record.key) for record in standing}

    def _settled(self, records: Sequence[ImageRecord]) -> Iterator[tuple[ImageRecord, Outcome]]:
        """Yield what came of each record: photos side by side, then each film, whose frames are so too."""
        choices = [(record, tag_choice(self.policy, record)) for record in records]
        photos = [each for each in choices if each[1] is None or each[1].film is None]
        yield from self.executor.map(lambda each: (each[0], self._set_one(*each)), photos)
        for record, choice in choices:
            if choice is not None and choice.film is not None:
                yield record, self._set_one(record, choice, self.executor.map)

    def _set_one(
        self, record: ImageRecord, choice: TagChoice | None, run: Callable[..., Iterable[object]] = map
    ) -> Outcome:
        if choice is None:
            return False
        try:
            return self.tags.set(record.version, choice, run)
        except ImagepipeError as error:
            return error

    def _standing_instead(
        self, written: Sequence[ImageRecord], failures: dict[str, ImagepipeError]
    ) -> list[ImageRecord]:
        """Return the records that stand by now in place of others."""
        found = self.records.read_records([record.key for record in written])
        instead: list[ImageRecord] = []
        for record in written:
            standing = found.get(record.key)
            if isinstance(standing, ImagepipeError):
                failures[record.key] = standing
            elif standing is not None and standing.revision != record.revision:
                instead.append(standing)
        return instead


def _restless(key: str) -> NotReadyError:
    return NotReadyError("ChangedWhileTagged", f"{key} was changed again and again while it was tagged")
