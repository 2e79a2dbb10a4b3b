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
from query_api.streams import ROWS_OF_A_UNIT, Effort, EnoughError, Stream


@dataclass(frozen=True)
class Halt:
    """Where a join had done enough: everything up to this place is dealt with, nothing after it."""

    place: str


@dataclass
class Join:
    """The rows of a driving stream whose places are in every other stream too, as far as rows can tell.

    `looked_at` are the places of the driving stream that were held against the rest, in order.
    """

    wanted: Wanted
    driver: Stream
    others: Sequence[Stream]
    range: RowRange
    effort: Effort
    looked_at: list[str] = field(default_factory=list, init=False)
    settled: str | None = field(default=None, init=False)

    @property
    def streams(self) -> Sequence[Stream]:
        """Everything that is joined."""
        return [self.driver, *self.others]

    def row(self) -> IndexRow | Halt | None:
        """Give the next row that may be wanted, or say where enough was done; None at the end."""
        try:
            return self._row()
        except EnoughError:
            assert self.settled is not None, "it is never enough before anything is settled"
            return Halt(self.settled)

    def advance(self) -> None:
        """Go to the next row. The head of the one before decides for all rows of its place."""
        row = self.driver.row()
        if row is not None:
            self._settle(self.range.place(row))
            self.driver.advance()

    def _row(self) -> IndexRow | None:
        while (candidate := self.driver.row()) is not None:
            place = self.range.place(candidate)
            self._look_at(place)
            further = self._first_of_others_after(place)
            if further == place and self.wanted.may_be(candidate):
                return candidate
            if further is None:
                return None
            self.driver.advance()
            if further != place:
                self._settle(self.range.just_before(further))
                self.driver.seek(further)
        return None

    def _look_at(self, place: str) -> None:
        if not self.looked_at or self.looked_at[-1] != place:
            # A cursor is a place, and other revisions may have rows of the same one: all of them were seen
            # when a row of another place is.
            self._settle(self.range.just_before(place))
            self.looked_at.append(place)

    def _settle(self, place: str) -> None:
        """Note that everything up to a place is dealt with."""
        if self.settled is None or self.range.is_before(self.settled, place):
            self.settled = place
            self.effort.got_on = self.effort.got_on or len(self.looked_at) > 0

    def _first_of_others_after(self, place: str) -> str | None:
        """Give the place itself if all others have it, or the first that one of them has instead."""
        for other in self.others:
            other.seek(place)
            while (row := other.row()) is not None and not self.wanted.may_be(row):
                if self.range.place(row) != place:
                    self._settle(self.range.just_before(self.range.place(row)))
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
    return len(rows) <= ROWS_OF_A_UNIT * within
