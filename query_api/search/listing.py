"""One page of images: rows of the index in order, each held against its record before it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING

from contract.records import ImageRecord
from contract.table import IndexRow
from query_api.ports import TableReader
from query_api.search.conjunction import Checkpoint, Conjunction, conjunctions, in_order
from query_api.search.postings import ROWS_OF_A_UNIT, RowRange
from query_api.search.questions import ListQuestion, Match, Matcher, Order, Page

if TYPE_CHECKING:
    from contract.policy import Policy

# How far one request goes to fill its page, by how many images it asks for. Then the page is short, and its
# cursor goes on from there. What that costs at worst is in docs/security.md.
RECORDS_OF_A_MATCH = 10
MAX_RECORDS = 500
# In rows: three labels that are on 6 % of the images together take 55 for each image that is shown.
READ_BUDGET_OF_A_PAGE = 640
READ_BUDGET_OF_A_MATCH = 64
MAX_READ_BUDGET = 4_800
MAX_RECORDS_AT_ONCE = 100
# Of a record, a read unit holds this much; names and numbers around a word and a label are this long.
BYTES_OF_A_RECORD = 4_096
BYTES_OF_A_NAME = 25


@dataclass(frozen=True)
class Listing:
    """Finds pages of images. A page is full unless the end, or a bound of work, was reached before.

    `max_read_budget` bounds the reading of index rows, `max_records` that of records; what is asked for
    bounds both further. `fewest_rows` are read at first of each of several terms. Images are found below the
    prefixes in `visible`; anywhere where that is None. Where there is a `policy`, `table` gives records as it
    shows them.
    """

    table: TableReader
    max_read_budget: int = MAX_READ_BUDGET
    max_records: int = MAX_RECORDS
    fewest_rows: int = ROWS_OF_A_UNIT
    visible: tuple[str, ...] | None = None
    policy: "Policy | None" = None

    def page(self, question: ListQuestion) -> Page:
        """Read one page: about as many rows as it shows and skips, and one record for each."""
        matcher = Matcher(question, self.visible, self.policy)
        if matcher.is_in_vain:
            return Page((), None)
        budget = min(self.max_read_budget, READ_BUDGET_OF_A_PAGE + READ_BUDGET_OF_A_MATCH * question.limit)
        joined = conjunctions(self.table, matcher, budget, self.fewest_rows)
        rows = in_order(joined)
        page = _PageUnderWay(question, matcher, min(self.max_records, RECORDS_OF_A_MATCH * question.limit))
        while page.room and page.records_left > 0:
            batch = list(islice(rows, page.bite))
            checkpoint = next((each for each in batch if isinstance(each, Checkpoint)), None)
            found = [row for row in batch if isinstance(row, IndexRow)]
            keys = list(dict.fromkeys(row.key for row in found))
            taken = page.take(found, self._records(keys, page))
            rows = chain(found[taken:], [checkpoint] if checkpoint else [], rows)
            if taken == len(found) and (checkpoint or not found):
                return page.finished(joined, checkpoint, is_last=checkpoint is None)
        return page.finished(joined, None, is_last=next(rows, None) is None)

    def _records(self, keys: Sequence[str], page: "_PageUnderWay") -> Mapping[str, ImageRecord]:
        records = self.table.records(keys) if keys else {}
        # One that is not there is a read too.
        page.records_left -= len(keys) + sum(map(further_units, records.values()))
        return records


def bite(room: int, misses: int, records_left: int) -> int:
    """Return how many records to look at next: ever more where many in a row did not match."""
    return min(max(room, 2 * misses), MAX_RECORDS_AT_ONCE, records_left)


def further_units(record: ImageRecord) -> int:
    """Return how many read units a record takes beyond the one that most take, by what can be long in it."""
    found = record.findings
    photo = found.photo
    of_file = () if photo is None else (*photo.keywords, photo.camera or "", photo.lens or "")
    names = (*found.labels, *found.parents, *found.words, *of_file)
    size_bytes = 2 * len(record.key) + sum(map(len, names)) + BYTES_OF_A_NAME * len(names)
    return size_bytes // BYTES_OF_A_RECORD


@dataclass
class _PageUnderWay:
    """What was found so far. `records_left` are the read units that may still go into records."""

    question: ListQuestion
    matcher: Matcher
    records_left: int
    matches: dict[str, Match] = field(default_factory=dict)
    last: str | None = None
    rows_skipped: int = 0
    misses: int = 0

    @property
    def room(self) -> int:
        return self.question.limit - len(self.matches)

    @property
    def bite(self) -> int:
        """Return how many rows to look at next."""
        return bite(self.room, self.misses, self.records_left)

    def take(self, rows: Sequence[IndexRow], records: Mapping[str, ImageRecord]) -> int:
        """Take rows until the page is full; return how many that were."""
        for taken, row in enumerate(rows):
            if not self.room:
                return taken
            self._take(row, records.get(row.key))
        return len(rows)

    def _take(self, row: IndexRow, record: ImageRecord | None) -> None:
        self.last = row.rank_place if self.question.order is Order.CONFIDENCE else row.place
        # A record that has moved to another place has rows there, by which it was or will be found.
        found = None if record is None else self.matcher.match(record)
        if record is not None and found is not None and found.place == self.last:
            self.matches[row.key] = Match(record, found.confidence, found.distance)
            self.misses = 0
        else:
            self.misses += 1
            self.rows_skipped += record is None or record.revision != row.revision

    def finished(
        self, conjunctions: Sequence[Conjunction], checkpoint: Checkpoint | None, *, is_last: bool
    ) -> Page:
        after = None if is_last else self._reached(conjunctions[0].range, checkpoint)
        rows_read = sum(each.budget.rows for each in conjunctions)
        looked_at = None if after is None or not self.room else self._looked_at(conjunctions, after)
        return Page(tuple(self.matches.values()), after, rows_read, self.rows_skipped, looked_at)

    def _looked_at(self, conjunctions: Sequence[Conjunction], after: str) -> int:
        """Count the images that were gone through up to the end of a page, of those that may be seen."""
        return sum(
            not each.range.is_before(after, each.range.place(row)) and self.matcher.may_see(row.key)
            for each in conjunctions
            for row in each.looked_at
        )

    def _reached(self, order: RowRange, checkpoint: Checkpoint | None) -> str | None:
        """Return the place up to which all is dealt with.

        The budget may be spent between two rows of one place, which are revisions of one image: whoever has
        looked at its record is done with both.
        """
        if checkpoint is None or (self.last is not None and checkpoint.place == order.just_before(self.last)):
            return self.last
        return checkpoint.place
