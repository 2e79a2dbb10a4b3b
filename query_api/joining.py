"""Images that carry several terms: a join of the terms' rows, by the place that all rows of an image share.

The rarest term leads, and the others are looked up in the order it gives, so that a page costs what the
rarest term costs. Terms that are much more frequent are not looked up at all: of a candidate the head is
read anyway, at the price of 16 rows, and says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from contract.table import IndexRow
from query_api.matching import Wanted
from query_api.ranges import RowRange
from query_api.streams import Effort, Stream

# A read unit is one head, or about this many rows of 250 bytes.
ROWS_FOR_A_HEAD = 16


@dataclass(frozen=True)
class Halt:
    """Where a join had done enough: everything up to this place is dealt with, nothing after it."""

    place: str


@dataclass
class Join:
    """The rows of a driving stream whose places are in every other stream too, as far as rows can tell."""

    wanted: Wanted
    driver: Stream
    others: Sequence[Stream]
    range: RowRange
    effort: Effort
    done: str | None = field(default=None, init=False)

    @property
    def streams(self) -> Sequence[Stream]:
        """Everything that is joined."""
        return [self.driver, *self.others]

    def row(self) -> IndexRow | Halt | None:
        """Give the next row that may be wanted, or say where enough was done; None at the end."""
        while (candidate := self.driver.row()) is not None:
            place = self.range.place(candidate)
            # Rows of one place are dealt with together: a cursor is a place.
            if self.effort.is_enough and self.done is not None and place != self.done:
                return Halt(self.done)
            further = self._first_of_others_after(place)
            if further == place and self.wanted.may_be(candidate):
                return candidate
            if further is None:
                return None
            self.done = place
            self.driver.advance()
            if further != place:
                self.driver.seek(further)
        return None

    def advance(self) -> None:
        """Go to the next row."""
        row = self.driver.row()
        if row is not None:
            self.done = self.range.place(row)
            self.driver.advance()

    def _first_of_others_after(self, place: str) -> str | None:
        """Give the place itself if all others have it, or the first that one of them has instead."""
        for other in self.others:
            other.seek(place)
            while (row := other.row()) is not None and not self.wanted.may_be(row):
                if self.effort.is_enough and self.range.place(row) != place:
                    return self.range.place(row)
                other.advance()
            if row is None:
                return None
            if self.range.place(row) != place:
                return self.range.place(row)
        return place

    def found(self) -> Iterator[IndexRow | Halt]:
        """Go through all rows that may be wanted, up to the end or a halt."""
        while (row := self.row()) is not None:
            yield row
            if isinstance(row, Halt):
                return
            self.advance()


def joined(wanted: Wanted, streams: Sequence[Stream], row_range: RowRange, effort: Effort) -> Join:
    """Choose which stream leads, and which others are worth looking up, by what is read of them already."""
    driver = max(streams, key=lambda stream: _rarity(stream, row_range))
    leading, _ = driver.known()
    others = [
        stream for stream in streams if stream is not driver and _is_worth_it(stream, leading, row_range)
    ]
    return Join(wanted, driver, others, row_range, effort)


def _rarity(stream: Stream, row_range: RowRange) -> tuple[bool, int, str]:
    """Order streams by how far the rows at hand reach; one whose rows are all at hand reaches furthest."""
    rows, is_all = stream.known()
    if is_all:
        return True, -len(rows), ""
    reach = row_range.place(rows[-1])
    return False, 0, reach if not row_range.falling else _reversed(reach)


def _reversed(text: str) -> str:
    """Give text whose order is the reverse."""
    return "".join(chr(0x7F - ord(sign)) for sign in text)


def _is_worth_it(stream: Stream, leading: Sequence[IndexRow], row_range: RowRange) -> bool:
    rows, is_all = stream.known()
    if is_all:
        return True
    reach = row_range.place(rows[-1])
    within = sum(not row_range.is_before(reach, row_range.place(row)) for row in leading)
    return len(rows) <= ROWS_FOR_A_HEAD * within
