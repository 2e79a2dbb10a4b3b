"""Index rows in one order, read a little at a time: those of one partition, or of several.

A stream stands at a row; `row` gives it, and `advance` and `seek` go on. What is read already is gone through
to its end; where reading on would be more than a page may cost, they raise EnoughError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contract.table import IndexRow
from query_api.ranges import IndexReader, RowRange

MAX_ROWS_AT_ONCE = 500
# Of each of several streams: larger bites would mostly be left over when the page is full.
MAX_ROWS_OF_SEVERAL = 80
# A query is as much work as reading this many rows.
ROWS_OF_A_QUERY = 25
# A read unit is this many rows as most are, of some 250 bytes; a query for fewer costs the same.
ROWS_OF_A_UNIT = 16
BYTES_OF_A_ROW = 256


class EnoughError(Exception):
    """Reading on would be more than the page may cost. What was found so far is the page."""


@dataclass
class Effort:
    """The work of reading one shard, in rows of usual size; long keys and words count as more than one.

    `got_on` says whether anything is dealt with: until then, it is never enough.
    """

    most: int
    spent: int = 0
    rows: int = 0
    got_on: bool = False

    def ask(self) -> None:
        """Count a query before it is made."""
        self.spent += ROWS_OF_A_QUERY

    def take(self, rows: Sequence[IndexRow]) -> None:
        """Count what a query gave."""
        self.rows += len(rows)
        self.spent += sum(1 + (len(row.at.pk) + len(row.key.encode())) // BYTES_OF_A_ROW for row in rows)

    @property
    def left(self) -> int:
        """How many rows one more query may give."""
        return self.most - self.spent - ROWS_OF_A_QUERY

    @property
    def is_enough(self) -> bool:
        """Whether no more should be read."""
        return self.got_on and self.left < ROWS_OF_A_UNIT


class Stream(Protocol):
    """Rows in order."""

    def row(self) -> IndexRow | None:
        """Give the row that the stream stands at; None at its end."""

    def advance(self) -> None:
        """Go to the next row."""

    def seek(self, place: str) -> None:
        """Go on to the first row that is not before a place."""

    def known(self) -> tuple[Sequence[IndexRow], bool]:
        """Give the rows that are read already, and say whether they are all that there are."""


@dataclass
class SideBySide:
    """Streams that are read on together: they are gone through at about the same speed.

    When one has run out, those that soon will are read on in the same moment.
    """

    reader: IndexReader
    limit: int
    most: int = MAX_ROWS_AT_ONCE
    streams: list[PartitionStream] = field(default_factory=list)

    def read(self, first: PartitionStream) -> None:
        """Read on in a stream, and in others of which less than half a bite is left."""
        limit = min(self.limit, max(first.effort.left, ROWS_OF_A_UNIT))
        first.effort.ask()
        together = [first]
        for stream in self.streams:
            if stream is not first and stream.runs_out(limit):
                stream.effort.ask()
                together.append(stream)
        found = self.reader.rows([each.range for each in together], limit)
        for stream, rows in zip(together, found, strict=True):
            stream.take(rows, limit)
        self.limit = min(2 * self.limit, self.most)


@dataclass
class PartitionStream:
    """The rows of one range, read a bite at a time."""

    side_by_side: SideBySide
    range: RowRange
    effort: Effort
    rows: Sequence[IndexRow] = ()
    is_all: bool = False
    at: int = 0

    def take(self, rows: Sequence[IndexRow], limit: int) -> None:
        """Take in what was read of the range: up to a limit, so that fewer are all there are."""
        self.effort.take(rows)
        self.rows, self.at, self.is_all = [*self.rows[self.at :], *rows], 0, len(rows) < limit
        if rows:
            self.range = self.range.past(rows[-1])

    def runs_out(self, limit: int) -> bool:
        """Say whether less than half a bite is left, and there is more to read."""
        return not self.is_all and not self.effort.is_enough and 2 * (len(self.rows) - self.at) < limit

    def row(self) -> IndexRow | None:
        """Give the row that the stream stands at, reading on where need be."""
        if self.at >= len(self.rows) and not self.is_all:
            self._read()
        return self.rows[self.at] if self.at < len(self.rows) else None

    def advance(self) -> None:
        """Go to the next row."""
        self.at += 1

    def seek(self, place: str) -> None:
        """Go on to a place: within what is read already, or by one read that begins there."""
        while self.at < len(self.rows) and self.range.is_before(self.range.place(self.rows[self.at]), place):
            self.at += 1
        if self.at >= len(self.rows) and not self.is_all:
            self.range = self.range.at_or_after(place)
            self._read()

    def known(self) -> tuple[Sequence[IndexRow], bool]:
        """Give the rows that are read already."""
        return self.rows[self.at :], self.is_all

    def _read(self) -> None:
        if self.effort.is_enough:
            raise EnoughError
        self.side_by_side.read(self)


@dataclass
class Union:
    """The rows of several streams of one order."""

    streams: Sequence[Stream]
    range: RowRange

    def row(self) -> IndexRow | None:
        """Give the first of the rows that the streams stand at."""
        first = self._first()
        return None if first is None else first.row()

    def advance(self) -> None:
        """Go to the next row."""
        first = self._first()
        if first is not None:
            first.advance()

    def seek(self, place: str) -> None:
        """Go on in every stream."""
        for stream in self.streams:
            stream.seek(place)

    def known(self) -> tuple[Sequence[IndexRow], bool]:
        """Give the rows that are read already, as far as they are known to be all there are."""
        known = [stream.known() for stream in self.streams]
        rows = sorted(
            (row for found, _ in known for row in found), key=self.range.place, reverse=self.range.falling
        )
        for found, is_all in known:
            if not is_all:
                last = self.range.place(found[-1])
                rows = [row for row in rows if not self.range.is_before(last, self.range.place(row))]
        return rows, all(is_all for _, is_all in known)

    def _first(self) -> Stream | None:
        first: Stream | None = None
        place = ""
        for stream in self.streams:
            row = stream.row()
            if row is not None and (first is None or self.range.is_before(self.range.place(row), place)):
                first, place = stream, self.range.place(row)
        return first


def parts(stream: Stream) -> Sequence[PartitionStream]:
    """Give the partitions that a stream is made of."""
    if isinstance(stream, Union):
        return [part for each in stream.streams for part in parts(each)]
    assert isinstance(stream, PartitionStream)
    return [stream]
