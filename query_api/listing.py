"""One page of images: rows of the index in order, each held against its head before it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Protocol

from contract import table
from contract.records import Head
from contract.table import IndexRow
from query_api.merging import IndexReader, newest_first
from query_api.questions import ListQuestion, Match, Page

# How far one request goes to fill its page where rows are skipped: seconds of reading, well within the
# function's timeout. Then the page is short, and its cursor goes on from there.
MAX_ROWS_PER_PAGE = 10_000
MAX_HEADS_AT_ONCE = 100


class HeadReader(Protocol):
    """Gives heads as they are now."""

    def heads(self, keys: Sequence[str]) -> Mapping[str, Head]:
        """Read the heads of up to 100 different keys, tombstones too. Keys without one are left out."""
        ...


@dataclass(frozen=True)
class Listing:
    """Answers list questions. A page is full unless the end, or `max_rows` rows, was reached before."""

    index: IndexReader
    head_reader: HeadReader
    max_rows: int = MAX_ROWS_PER_PAGE

    def page(self, question: ListQuestion) -> Page:
        """Read one page: about as many rows as it shows and skips, and one head for each."""
        partitions = table.term_partitions(question.term)
        rows: Iterator[IndexRow] = newest_first(self.index, partitions, question.before, question.limit)
        page = _PageUnderWay(question)
        read_ahead = 1
        while page.room and page.rows_read < self.max_rows:
            batch = list(islice(rows, min(max(page.room, read_ahead), self.max_rows - page.rows_read)))
            if not batch:
                return page.finished(is_last=True)
            candidates = dict.fromkeys(row.key for row in batch if page.wants(row))
            heads = self.head_reader.heads(list(candidates)) if candidates else {}
            taken = page.take(batch, heads)
            rows = chain(batch[taken:], rows)
            # Where many rows are skipped in a row, they are looked at in ever larger bites.
            read_ahead = min(2 * read_ahead, MAX_HEADS_AT_ONCE)
        return page.finished(is_last=next(rows, None) is None)


@dataclass
class _PageUnderWay:
    question: ListQuestion
    matches: dict[str, Match] = field(default_factory=dict)
    last: IndexRow | None = None
    rows_read: int = 0
    rows_skipped: int = 0

    @property
    def room(self) -> int:
        return self.question.limit - len(self.matches)

    def wants(self, row: IndexRow) -> bool:
        return row.confidence is None or row.confidence >= self.question.min_confidence_percent

    def take(self, batch: Sequence[IndexRow], heads: Mapping[str, Head]) -> int:
        """Take rows until the page is full; give how many that were."""
        for taken, row in enumerate(batch):
            if not self.room:
                return taken
            self.last = row
            self.rows_read += 1
            if self.wants(row):
                self._hold_against(row, heads.get(row.key))
        return len(batch)

    def _hold_against(self, row: IndexRow, head: Head | None) -> None:
        if head is not None and head.revision == row.revision:
            self.matches[row.key] = Match(head, row.confidence)
        else:
            self.rows_skipped += 1

    def finished(self, *, is_last: bool) -> Page:
        next_before = None if is_last or self.last is None else self._place_after(self.last)
        return Page(tuple(self.matches.values()), next_before, self.rows_read, self.rows_skipped)

    def _place_after(self, row: IndexRow) -> str:
        """Give the place below `row`: for a shown image, below all its rows of this upload.

        When an image is recognized again with other settings, its new row differs from the old in the
        revision alone and may sort below it; the image would be listed twice.
        """
        return row.at.sk.rpartition("#")[0] + "#" if row.key in self.matches else row.at.sk
