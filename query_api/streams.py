"""Index rows in one order, read a little at a time: those of one partition, or of several.

A stream stands at a row; `row` gives it, and `advance` and `seek` go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from contract.table import IndexRow
from query_api.ranges import IndexReader, RowRange

MAX_ROWS_AT_ONCE = 500
# A query is as much work as reading this many rows.
ROWS_OF_A_QUERY = 25


@dataclass
class Effort:
    """The work of reading, in rows."""

    most: int
    spent: int = 0
    rows: int = 0

    def add(self, rows: int) -> None:
        """Count one query that gave some rows."""
        self.rows += rows
        self.spent += rows + ROWS_OF_A_QUERY

    @property
    def is_enough(self) -> bool:
        """Say whether no more should be read."""
        return self.spent >= self.most


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
class PartitionStream:
    """The rows of one range, read in ever larger bites."""

    reader: IndexReader
    range: RowRange
    limit: int
    effort: Effort
    rows: Sequence[IndexRow] = ()
    is_all: bool = False
    at: int = 0

    def take(self, rows: Sequence[IndexRow]) -> None:
        """Take in what was read of the range."""
        self.effort.add(len(rows))
        self.rows, self.at, self.is_all = rows, 0, len(rows) < self.limit
        if rows:
            self.range = self.range.past(rows[-1])

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
        (rows,) = self.reader.rows([self.range], self.limit)
        self.take(rows)
        self.limit = min(2 * self.limit, MAX_ROWS_AT_ONCE)


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
