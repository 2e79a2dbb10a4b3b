"""Images that carry several terms: the terms' postings joined by the place that all rows of an image share.

The rarest term leads, and the others are looked up in the order it gives, so that a page costs what the
rarest term costs. Terms that are much more frequent are not looked up at all: of a candidate the record is
read anyway, at the price of 16 rows, and says the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from typing import NamedTuple

from contract.table import IndexRow
from query_api.ports import TableReader
from query_api.search.postings import (
    MAX_ROWS_AT_ONCE,
    MAX_ROWS_OF_SEVERAL,
    ROWS_OF_A_QUERY,
    ROWS_OF_A_UNIT,
    Disjunction,
    Postings,
    PostingsIterator,
    ReadAhead,
    ReadBudget,
    ReadBudgetSpentError,
    RowRange,
    driving_terms,
    ranges,
)
from query_api.search.questions import Matcher


class Checkpoint(NamedTuple):
    """Where the read budget was spent: everything up to this place is dealt with, nothing after it."""

    place: str


@dataclass
class Conjunction:
    """The rows of the leading postings whose places are in all others too, as far as rows can tell.

    `looked_at` are rows of the leading postings that were held against the rest, one a place, in order.
    `passed` is the last row that was passed: an image that has several of the leading terms has as many equal
    ones.
    """

    matcher: Matcher
    driver: Postings
    others: Sequence[Postings]
    range: RowRange
    budget: ReadBudget
    looked_at: list[IndexRow] = field(default_factory=list, init=False)
    settled: str | None = field(default=None, init=False)
    passed: IndexRow | None = field(default=None, init=False)

    @property
    def members(self) -> Sequence[Postings]:
        return [self.driver, *self.others]

    def row(self) -> IndexRow | Checkpoint | None:
        """Return the next row that may match, or where the read budget was spent; None at the end."""
        try:
            return self._row()
        except ReadBudgetSpentError:
            assert self.settled is not None, "it is never spent before anything is settled"
            return Checkpoint(self.settled)

    def advance(self) -> None:
        """Go to the next row. The record of the one before decides for all rows of its place."""
        self.passed = self.driver.row()
        if self.passed is not None:
            self._settle(self.range.place(self.passed))
            self.driver.advance()

    def _row(self) -> IndexRow | None:
        while (candidate := self.driver.row()) is not None:
            if self._is_passed(candidate):
                self.driver.advance()
                continue
            place = self.range.place(candidate)
            self._look_at(candidate)
            further = self._first_of_others_after(place)
            if further == place and self.matcher.may_match(candidate):
                return candidate
            if further is None:
                return None
            self.driver.advance()
            if further != place:
                self._settle(self.range.just_before(further))
                self.driver.seek(further)
        return None

    def _is_passed(self, row: IndexRow) -> bool:
        """Return whether the record that decides about a row has just decided about another one."""
        if self.passed is None or row.at.sk != self.passed.at.sk:
            return False
        return self.range.place(row) == self.range.place(self.passed)

    def _look_at(self, row: IndexRow) -> None:
        place = self.range.place(row)
        if not self.looked_at or self.range.place(self.looked_at[-1]) != place:
            # A cursor is a place, and other revisions may have rows of the same one: all of them were seen
            # when a row of another place is.
            self._settle(self.range.just_before(place))
            self.looked_at.append(row)

    def _settle(self, place: str) -> None:
        """Note that everything up to a place is dealt with."""
        if self.settled is None or self.range.is_before(self.settled, place):
            self.settled = place
            self.budget.made_progress = self.budget.made_progress or len(self.looked_at) > 0

    def _first_of_others_after(self, place: str) -> str | None:
        """Return the place itself if all others have it, or the first that one of them has instead."""
        for other in self.others:
            other.seek(place)
            while (row := other.row()) is not None and not self.matcher.may_match(row):
                if self.range.place(row) != place:
                    self._settle(self.range.just_before(self.range.place(row)))
                other.advance()
            if row is None:
                return None
            if self.range.place(row) != place:
                return self.range.place(row)
        return place

    def found(self) -> Iterator[IndexRow | Checkpoint]:
        """Yield all rows that may match, up to the end or a checkpoint."""
        while (row := self.row()) is not None:
            yield row
            if isinstance(row, Checkpoint):
                return
            self.advance()


def conjunctions(table: TableReader, matcher: Matcher, budget: int, fewest_rows: int) -> list[Conjunction]:
    """Read the first rows of every term side by side, and join the terms shard by shard.

    `budget` is what reading may cost, in rows; `fewest_rows` are read at first of each of several terms.
    """
    question = matcher.question
    groups = driving_terms(question, matcher.policy)
    plans = [[ranges(question, term, matcher.least(term)) for term in group] for group in groups]
    shards, terms_read = len(plans[0][0]), sum(map(len, groups))
    budgets = [ReadBudget(budget // shards) for _ in range(shards)]
    limit = _first_limit(question.limit, shards, 1 if terms_read == 1 else fewest_rows)
    together = ReadAhead(table, *_bites(limit, budget // shards, terms_read))
    members: list[list[Postings]] = [[] for _ in range(shards)]
    read: list[PostingsIterator] = []
    for group in plans:
        for shard in range(shards):
            of_terms = [PostingsIterator(together, of_term[shard], budgets[shard]) for of_term in group]
            members[shard].append(_one_of(of_terms))
            read += of_terms
    for postings in read:
        postings.budget.ask()
    found = table.rows([each.range for each in read], together.limit)
    for postings, rows in zip(read, found, strict=True):
        postings.take(rows, together.limit)
    joined = [
        _conjunction(matcher, members[shard], plans[0][0][shard], budgets[shard]) for shard in range(shards)
    ]
    # What is not looked up is not read on.
    together.members = [
        partition for each in joined for postings in each.members for partition in postings.partitions()
    ]
    return joined


def in_order(conjunctions: Sequence[Conjunction]) -> Iterator[IndexRow | Checkpoint]:
    """Yield what all shards have found, in order, up to the first checkpoint."""
    order: RowRange = conjunctions[0].range

    def place(found: IndexRow | Checkpoint) -> str:
        return found.place if isinstance(found, Checkpoint) else order.place(found)

    for found in merge(*(each.found() for each in conjunctions), key=place, reverse=order.falling):
        yield found
        if isinstance(found, Checkpoint):
            return


def _one_of(postings: list[PostingsIterator]) -> Postings:
    return postings[0] if len(postings) == 1 else Disjunction(postings, postings[0].range)


def _first_limit(expected: int, shards: int, fewest: int) -> int:
    """Return how many rows of each partition to read first.

    Images are spread evenly, so half as much again as a partition's share makes a second read the exception
    (1 page of 70 at 50 rows and 4 partitions).
    """
    share = expected * 3 // (2 * shards) + 2
    return min(max(share, fewest), MAX_ROWS_AT_ONCE)


def _bites(first: int, budget: int, terms_read: int) -> tuple[int, int]:
    """Return how many rows of a term to read at first and at most: fewer of many terms, that all get some."""
    if terms_read == 1:
        return first, MAX_ROWS_AT_ONCE
    share = max(budget // (2 * terms_read) - ROWS_OF_A_QUERY, ROWS_OF_A_UNIT)
    return min(first, share), min(MAX_ROWS_OF_SEVERAL, share)


def _conjunction(
    matcher: Matcher, members: Sequence[Postings], row_range: RowRange, budget: ReadBudget
) -> Conjunction:
    """Choose which postings lead, and which others are worth looking up, by what is read of them already."""
    driver = max(members, key=lambda postings: _rarity(postings, row_range))
    leading, _ = driver.known()
    others = [
        postings
        for postings in members
        if postings is not driver and _is_worth_it(postings, leading, row_range)
    ]
    return Conjunction(matcher, driver, others, row_range, budget)


def _rarity(postings: Postings, row_range: RowRange) -> tuple[bool, int, str]:
    """Order postings by how far the rows at hand reach; one whose rows are all at hand reaches furthest."""
    rows, is_all = postings.known()
    if is_all:
        return True, -len(rows), ""
    reach = row_range.place(rows[-1])
    return False, 0, reach if not row_range.falling else _reversed(reach)


def _reversed(text: str) -> str:
    return "".join(chr(0x7F - ord(sign)) for sign in text)


def _is_worth_it(postings: Postings, leading: Sequence[IndexRow], row_range: RowRange) -> bool:
    rows, is_all = postings.known()
    if is_all:
        return True
    reach = row_range.place(rows[-1])
    within = sum(not row_range.is_before(reach, row_range.place(row)) for row in leading)
    return len(rows) <= ROWS_OF_A_UNIT * within
