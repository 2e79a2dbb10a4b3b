"""What another policy would change: photos that would be blocked, reviewed or released.

Only photos in which a category was found can change, and their index rows say how sure each is. Rows of one
photo stand in shards of the same number and in the same order, so they are merged as they come. What would
change is held against the record, for rows may be left over.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby
from typing import NamedTuple

from contract import table
from contract.policy import ModerationAction, Policy
from contract.records import ImageRecord
from contract.table import IndexRow
from operations.adapters.dynamodb_photos import DynamoDBPhotos

RECORDS_AT_ONCE = 100
MOST_EXAMPLES = 3


class ChangedAction(NamedTuple):
    """What would be done with a photo, and what is."""

    before: ModerationAction
    after: ModerationAction


@dataclass
class PolicyChange:
    """Reads what would change. `read_units` are those of rows, as DynamoDB says, and one for each record."""

    photos: DynamoDBPhotos
    before: Policy
    after: Policy
    prefix: str = ""
    counts: Counter[ChangedAction] = field(default_factory=Counter)
    examples: dict[ChangedAction, list[str]] = field(default_factory=dict)
    looked_at: int = 0
    unreadable: int = 0
    read_units: float = 0.0

    @property
    def categories(self) -> list[str]:
        """The categories by which photos can change: those whose rules are not the same in both."""
        named = {*self.before.rules, *self.after.rules}
        return sorted(name for name in named if self.before.rule(name) != self.after.rule(name))

    def read(self) -> Iterator[int]:
        """Go through all photos that can change; yield how many were looked at after each few."""
        waiting: dict[str, str] = {}
        for found in self._found():
            self.looked_at += 1
            moderation = {row.term.partition(":")[2]: row.confidence or 0.0 for row in found}
            if self.before.action(moderation) != self.after.action(moderation):
                if found[0].key in waiting or len(waiting) == RECORDS_AT_ONCE:
                    self._hold_against_records(waiting)
                    waiting = {}
                waiting[found[0].key] = found[0].revision
            if self.looked_at % RECORDS_AT_ONCE == 0:
                yield self.looked_at
        self._hold_against_records(waiting)
        yield self.looked_at

    def _found(self) -> Iterator[list[IndexRow]]:
        """Yield the rows of one photo at a time, of all categories that either policy names."""
        categories = sorted({*self.before.rules, *self.after.rules}) if self.categories else []
        terms = [table.term_partitions(table.moderation_term(category)) for category in categories]
        for partitions in zip(*terms, strict=True):
            rows = merge(*map(self._rows, partitions), key=lambda row: row.at.sk)
            for _, of_photo in groupby(rows, key=lambda row: (row.at.sk, row.key)):
                yield list(of_photo)

    def _rows(self, partition: str) -> Iterator[IndexRow]:
        for page in self.photos.term_rows(partition):
            self.read_units += page.units
            yield from (row for row in page.rows if row.key.startswith(self.prefix))

    def _hold_against_records(self, revisions: Mapping[str, str]) -> None:
        """Count photos by their records, where these are what the rows are of: by revision and key."""
        if not revisions:
            return
        records, unreadable = self.photos.readable_records(list(revisions))
        self.unreadable += unreadable
        self.read_units += len(revisions)
        for key, record in records.items():
            if record.revision == revisions[key]:
                self._count(record)

    def _count(self, record: ImageRecord) -> None:
        before, after = self.before.action_of(record), self.after.action_of(record)
        if before is None or after is None or before == after:
            return
        change = ChangedAction(before, after)
        self.counts[change] += 1
        examples = self.examples.setdefault(change, [])
        if len(examples) < MOST_EXAMPLES:
            examples.append(record.key)
