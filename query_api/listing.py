"""One page of images: rows of the index in order, each held against its head before it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain, islice
from typing import Protocol

from contract.records import Head
from contract.table import IndexRow
from query_api import terms
from query_api.joining import Halt, Join, joined
from query_api.matching import Wanted
from query_api.questions import ListQuestion, Match, Order, Page
from query_api.ranges import IndexReader, RowRange, ranges
from query_api.streams import (
    MAX_ROWS_AT_ONCE,
    MAX_ROWS_OF_SEVERAL,
    ROWS_OF_A_QUERY,
    ROWS_OF_A_UNIT,
    Effort,
    PartitionStream,
    SideBySide,
    Stream,
    Union,
    parts,
)

# How far one request goes to fill its page, by how many images it asks for. Then the page is short, and its
# cursor goes on from there. What that costs at worst is in docs/security.md.
HEADS_OF_A_MATCH = 10
MAX_HEADS = 500
# In rows: three labels that are on 6 % of the images together take 55 for each image that is shown.
EFFORT_OF_A_PAGE = 640
EFFORT_OF_A_MATCH = 64
MAX_EFFORT = 4_800
MAX_HEADS_AT_ONCE = 100
# Of a head, a read unit holds this much; names and numbers around a word and a label are this long.
BYTES_OF_A_HEAD = 4_096
BYTES_OF_A_NAME = 25


class HeadReader(Protocol):
    """Gives heads as they are now."""

    def heads(self, keys: Sequence[str]) -> Mapping[str, Head]:
        """Read the heads of up to 100 different keys, tombstones too. Keys without one are left out."""
        ...


@dataclass(frozen=True)
class Listing:
    """Answers list questions. A page is full unless the end, or a bound of work, was reached before.

    `max_effort` bounds the reading of index rows, `max_heads` that of heads; what is asked for bounds both
    further. `fewest_rows` are read at first of each of several terms.
    """

    index: IndexReader
    head_reader: HeadReader
    max_effort: int = MAX_EFFORT
    max_heads: int = MAX_HEADS
    fewest_rows: int = ROWS_OF_A_UNIT

    def page(self, question: ListQuestion) -> Page:
        """Read one page: about as many rows as it shows and skips, and one head for each."""
        wanted = Wanted(question)
        joins = self._joins(question, wanted)
        rows = _in_order(joins)
        page = _PageUnderWay(question, wanted, min(self.max_heads, HEADS_OF_A_MATCH * question.limit))
        while page.room and page.heads_left > 0:
            batch = list(islice(rows, page.bite))
            halt = next((each for each in batch if isinstance(each, Halt)), None)
            found = [row for row in batch if isinstance(row, IndexRow)]
            keys = list(dict.fromkeys(row.key for row in found))
            taken = page.take(found, self._heads(keys, page))
            rows = chain(found[taken:], [halt] if halt else [], rows)
            if taken == len(found) and (halt or not found):
                return page.finished(joins, halt, is_last=halt is None)
        return page.finished(joins, None, is_last=next(rows, None) is None)

    def _heads(self, keys: Sequence[str], page: _PageUnderWay) -> Mapping[str, Head]:
        heads = self.head_reader.heads(keys) if keys else {}
        # One that is not there is a read too.
        page.heads_left -= len(keys) + sum(map(_further_units, heads.values()))
        return heads

    def _joins(self, question: ListQuestion, wanted: Wanted) -> list[Join]:
        """Read the first rows of every term side by side, and join the terms shard by shard."""
        groups = terms.driving(question)
        plans = [[ranges(question, term) for term in group] for group in groups]
        shards, terms_read = len(plans[0][0]), sum(map(len, groups))
        most = min(self.max_effort, EFFORT_OF_A_PAGE + EFFORT_OF_A_MATCH * question.limit)
        efforts = [Effort(most // shards) for _ in range(shards)]
        limit = _first_limit(question.limit, shards, 1 if terms_read == 1 else self.fewest_rows)
        together = SideBySide(self.index, *_bites(limit, most // shards, terms_read))
        streams: list[list[Stream]] = [[] for _ in range(shards)]
        read: list[PartitionStream] = []
        for group in plans:
            for shard in range(shards):
                members = [PartitionStream(together, of_term[shard], efforts[shard]) for of_term in group]
                streams[shard].append(_one_of(members))
                read += members
        for stream in read:
            stream.effort.ask()
        found = self.index.rows([each.range for each in read], together.limit)
        for stream, rows in zip(read, found, strict=True):
            stream.take(rows, together.limit)
        joins = [
            joined(wanted, streams[shard], plans[0][0][shard], efforts[shard]) for shard in range(shards)
        ]
        # What is not looked up is not read on.
        together.streams = [part for join in joins for stream in join.streams for part in parts(stream)]
        return joins


def _one_of(members: list[PartitionStream]) -> Stream:
    return members[0] if len(members) == 1 else Union(members, members[0].range)


def _first_limit(expected: int, shards: int, fewest: int) -> int:
    """Say how many rows of each partition to read first.

    Images are spread evenly, so half as much again as a partition's share makes a second read the exception
    (1 page of 70 at 50 rows and 4 partitions).
    """
    share = expected * 3 // (2 * shards) + 2
    return min(max(share, fewest), MAX_ROWS_AT_ONCE)


def _bites(first: int, effort: int, terms_read: int) -> tuple[int, int]:
    """Say how many rows of a term to read at first and at most: of many terms fewer, so that all get some."""
    if terms_read == 1:
        return first, MAX_ROWS_AT_ONCE
    share = max(effort // (2 * terms_read) - ROWS_OF_A_QUERY, ROWS_OF_A_UNIT)
    return min(first, share), min(MAX_ROWS_OF_SEVERAL, share)


def _further_units(head: Head) -> int:
    """Say how many read units a head takes beyond the one that most take, by what can be long in it."""
    found = head.findings
    names = (*found.labels, *found.parents, *found.words)
    size_bytes = 2 * len(head.key) + sum(map(len, names)) + BYTES_OF_A_NAME * len(names)
    return size_bytes // BYTES_OF_A_HEAD


def _in_order(joins: Sequence[Join]) -> Iterator[IndexRow | Halt]:
    """Go through what all shards have found, in order, up to the first halt."""
    order: RowRange = joins[0].range

    def place(found: IndexRow | Halt) -> str:
        return found.place if isinstance(found, Halt) else order.place(found)

    for found in merge(*(join.found() for join in joins), key=place, reverse=order.falling):
        yield found
        if isinstance(found, Halt):
            return


@dataclass
class _PageUnderWay:
    """What was found so far. `heads_left` are the read units that may still go into heads."""

    question: ListQuestion
    wanted: Wanted
    heads_left: int
    matches: dict[str, Match] = field(default_factory=dict)
    last: str | None = None
    rows_skipped: int = 0
    misses: int = 0

    @property
    def room(self) -> int:
        return self.question.limit - len(self.matches)

    @property
    def bite(self) -> int:
        """How many rows to look at next: ever more where many in a row were not wanted."""
        return min(max(self.room, 2 * self.misses), MAX_HEADS_AT_ONCE, self.heads_left)

    def take(self, rows: Sequence[IndexRow], heads: Mapping[str, Head]) -> int:
        """Take rows until the page is full; give how many that were."""
        for taken, row in enumerate(rows):
            if not self.room:
                return taken
            self._take(row, heads.get(row.key))
        return len(rows)

    def _take(self, row: IndexRow, head: Head | None) -> None:
        self.last = row.rank_place if self.question.order is Order.CONFIDENCE else row.place
        # A head that has moved to another place has rows there, by which it was or will be found.
        found = None if head is None else self.wanted.judge(head)
        if head is not None and found is not None and found.place == self.last:
            self.matches[row.key] = Match(head, found.confidence)
            self.misses = 0
        else:
            self.misses += 1
            self.rows_skipped += head is None or head.revision != row.revision

    def finished(self, joins: Sequence[Join], halt: Halt | None, *, is_last: bool) -> Page:
        after = None if is_last else self._reached(joins[0].range, halt)
        rows_read = sum(join.effort.rows for join in joins)
        looked_at = None if after is None or not self.room else _looked_at(joins, after)
        return Page(tuple(self.matches.values()), after, rows_read, self.rows_skipped, looked_at)

    def _reached(self, order: RowRange, halt: Halt | None) -> str | None:
        """Return the place up to which all is dealt with.

        A join may halt between two rows of one place, which are revisions of one image: whoever has looked at
        its head is done with both.
        """
        if halt is None or (self.last is not None and halt.place == order.just_before(self.last)):
            return self.last
        return halt.place


def _looked_at(joins: Sequence[Join], after: str) -> int:
    """Count the places that were gone through up to the end of a page."""
    return sum(not join.range.is_before(after, place) for join in joins for place in join.looked_at)
