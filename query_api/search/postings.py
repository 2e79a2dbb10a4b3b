"""Postings: the index rows of the terms that lead to a question's images, in one order, a little at a time.

Postings stand at a row: `row` returns it, `advance` and `seek` move on. What is read already is gone through
to its end; where reading on would cost more than a page may, they raise ReadBudgetSpentError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from contract import table
from contract.table import IndexRow
from query_api.ports import TableReader
from query_api.search.questions import BY_CAPTURE, OLDEST_FIRST, ListQuestion, Order

if TYPE_CHECKING:
    from contract.policy import ModerationAction, Policy

MAX_ROWS_AT_ONCE = 500
# Of each of several postings: larger bites would mostly be left over when the page is full.
MAX_ROWS_OF_SEVERAL = 80
# A query is as much work as reading this many rows.
ROWS_OF_A_QUERY = 25
# A read unit is this many rows as most are, of some 250 bytes; a query for fewer costs the same.
ROWS_OF_A_UNIT = 16
BYTES_OF_A_ROW = 256

# Sort keys begin with a digit. Of a place, all rows begin with the place and `#`, and `$` comes after `#`.
_FIRST, _LAST = "!", "~"
_BEFORE_ROWS, _AFTER_ROWS = "#", "$"
# Ranks are rounded to three decimals.
_LEAST_STEP_PERCENT = 0.001

Terms = tuple[str, ...]


class RowRange(NamedTuple):
    """The rows of one partition between two bounds, none of which is a row's own sort key (or rank).

    `by_rank` reads the index by rank, where the table has it. Otherwise rows are in order of upload, those of
    the term `taken` in order of capture.
    """

    partition: str
    low: str
    high: str
    falling: bool = True
    by_rank: bool = False

    def place(self, row: IndexRow) -> str:
        """Return where a row's image stands in the order of this range."""
        return row.rank_place if self.by_rank else row.place

    def is_before(self, one: str, other: str) -> bool:
        """Return whether a place comes before another in this range."""
        return one > other if self.falling else one < other

    def at_or_after(self, place: str) -> RowRange:
        """Return what is left of this range from a place on, its own rows included."""
        if self.falling:
            return self._replace(high=min(self.high, place + _AFTER_ROWS))
        return self._replace(low=max(self.low, place + _BEFORE_ROWS))

    def just_before(self, place: str) -> str:
        """Return a place that no row has: after all places before this one, and before this one."""
        return place + (_LAST if self.falling else _FIRST)

    def after(self, place: str) -> RowRange:
        """Return what is left of this range below a place, its own rows left out."""
        if self.falling:
            return self._replace(high=min(self.high, place + _BEFORE_ROWS))
        return self._replace(low=max(self.low, place + _AFTER_ROWS))

    def past(self, row: IndexRow) -> RowRange:
        """Return what is left of this range after one row; others of the same place are still in it."""
        at = table.rank(row.confidence or 0.0, row.at.sk) if self.by_rank else row.at.sk
        # A revision is hexadecimal: nothing stands between a key and the same with the last sign shifted.
        if self.falling:
            return self._replace(high=at[:-1] + chr(ord(at[-1]) - 1) + _LAST)
        return self._replace(low=at + _FIRST)


def ranges(
    question: ListQuestion, term: str, min_confidence_percent: float | None = None
) -> tuple[RowRange, ...]:
    """Return which rows of a term a question has still to read, partition by partition.

    `min_confidence_percent` is what its rows need, where that is not what the question asks for.
    """
    by_rank = question.order is Order.CONFIDENCE
    if by_rank:
        percent = (
            question.min_confidence_percent if min_confidence_percent is None else min_confidence_percent
        )
        least = max(percent - _LEAST_STEP_PERCENT, 0.0)
        low, high = table.rank(least, _FIRST), _LAST
    elif question.order in BY_CAPTURE:
        low, high = question.taken_from or _FIRST, f"{question.taken_to or ''}{_LAST}"
    else:
        low, high = question.uploaded_from or _FIRST, f"{question.uploaded_to or ''}{_LAST}"
    whole = (
        RowRange(partition, low, high, falling=question.order not in OLDEST_FIRST, by_rank=by_rank)
        for partition in table.term_partitions(term)
    )
    return tuple(each if question.after is None else each.after(question.after) for each in whole)


def driving_terms(question: ListQuestion, policy: Policy | None = None) -> tuple[Terms, ...]:
    """Return groups of terms: what matches, by a policy where there is one, stands under one of each group.

    In order of confidence there is one group, whose rows have the confidence that is asked for, and in order
    of capture the one whose rows are in it; everything else is then seen on the records.
    """
    if question.order in BY_CAPTURE:
        return ((table.TAKEN,),)
    groups = _groups(question, policy)
    if question.order is Order.CONFIDENCE:
        return (groups[0],)
    return tuple(groups) or ((table.status_term(question.status),),)


def _groups(question: ListQuestion, policy: Policy | None) -> list[Terms]:
    """List the groups, the one whose confidence is shown first. Each group once, however often asked for."""
    groups = [label_terms((name,), policy) for name in question.labels]
    if question.any_labels:
        groups.append(label_terms(question.any_labels, policy))
    if question.moderation is not None:
        groups.append((table.moderation_term(question.moderation), table.decided_term(question.moderation)))
    if question.moderation_action is not None and policy is not None:
        groups.append(_action_terms(question.moderation_action, policy))
    groups += [(table.word_term(word),) for word in question.words]
    groups += [(table.celebrity_term(name),) for name in question.celebrities]
    groups += [(table.color_term(name),) for name in question.colors]
    groups += [(table.equipment_term(kind),) for kind in question.equipment]
    groups += [(table.person_term(person),) for person in question.persons]
    if question.min_faces:
        groups.append((table.faces_term(),))
    if question.kind == table.VIDEO:
        groups.append((table.kind_term(question.kind),))
    if question.camera is not None:
        groups.append((table.camera_term(question.camera),))
    if question.near is not None:
        groups.append(tuple(map(table.place_term, question.near.cells())))
    if question.picture_hash is not None:
        groups.append(table.hash_terms(question.picture_hash))
    return list(dict.fromkeys(filter(None, groups)))


def label_terms(names: Sequence[str], policy: Policy | None) -> Terms:
    """Return the terms of labels, each once: by a policy, those of all names that are shown as one."""
    found = names if policy is None else [found for name in names for found in policy.names(name)]
    return tuple(dict.fromkeys(map(table.label_term, found)))


def _action_terms(action: ModerationAction, policy: Policy) -> Terms:
    """Return the terms of photos with which a policy or a person asks to do this.

    There are none for what most photos are, which is seen on the records.
    """
    asked = tuple(map(table.moderation_term, policy.categories(action)))
    return (*asked, table.decision_term(action)) if action == action.BLOCK else asked


class ReadBudgetSpentError(Exception):
    """Reading on would be more than the page may cost. What was found so far is the page."""


@dataclass
class ReadBudget:
    """What reading one shard may still cost, in rows of usual size; long keys and words count for more.

    It is never spent before `made_progress`, so that every page gets somewhere.
    """

    most: int
    spent: int = 0
    rows: int = 0
    made_progress: bool = False

    def ask(self) -> None:
        self.spent += ROWS_OF_A_QUERY

    def take(self, rows: Sequence[IndexRow]) -> None:
        """Count what a query returned."""
        self.rows += len(rows)
        self.spent += sum(1 + (len(row.at.pk) + len(row.key.encode())) // BYTES_OF_A_ROW for row in rows)

    @property
    def left(self) -> int:
        """Return how many rows one more query may return."""
        return self.most - self.spent - ROWS_OF_A_QUERY

    @property
    def is_spent(self) -> bool:
        return self.made_progress and self.left < ROWS_OF_A_UNIT


class Postings(Protocol):
    """Index rows in order, and where one stands among them."""

    def row(self) -> IndexRow | None:
        """Return the present row; None at the end."""

    def advance(self) -> None:
        """Go to the next row."""

    def seek(self, place: str) -> None:
        """Go on to the first row that is not before a place."""

    def known(self) -> tuple[Sequence[IndexRow], bool]:
        """Return the rows that are read already, and whether there are no more."""

    def partitions(self) -> Sequence[PostingsIterator]:
        """Return the postings of single partitions that these are merged from."""


@dataclass
class ReadAhead:
    """Reads several postings on together, as they are gone through at about the same speed.

    When one has run out, those that soon will are read on in the same moment.
    """

    table: TableReader
    limit: int
    most: int = MAX_ROWS_AT_ONCE
    members: list[PostingsIterator] = field(default_factory=list)

    def read(self, first: PostingsIterator) -> None:
        """Read on in one, and in others of which less than half a bite is left."""
        limit = min(self.limit, max(first.budget.left, ROWS_OF_A_UNIT))
        first.budget.ask()
        together = [first]
        for member in self.members:
            if member is not first and member.runs_out(limit):
                member.budget.ask()
                together.append(member)
        found = self.table.rows([each.range for each in together], limit)
        for member, rows in zip(together, found, strict=True):
            member.take(rows, limit)
        self.limit = min(2 * self.limit, self.most)


@dataclass
class PostingsIterator:
    """The postings of one partition, read a bite at a time."""

    read_ahead: ReadAhead
    range: RowRange
    budget: ReadBudget
    rows: Sequence[IndexRow] = ()
    is_all: bool = False
    at: int = 0

    def take(self, rows: Sequence[IndexRow], limit: int) -> None:
        """Take in what was read of the range: fewer rows than `limit` are all there are."""
        self.budget.take(rows)
        self.rows, self.at, self.is_all = [*self.rows[self.at :], *rows], 0, len(rows) < limit
        if rows:
            self.range = self.range.past(rows[-1])

    def runs_out(self, limit: int) -> bool:
        """Return whether less than half a bite is left, and there is more to read."""
        return not self.is_all and not self.budget.is_spent and 2 * (len(self.rows) - self.at) < limit

    def row(self) -> IndexRow | None:
        """Return the present row, reading on where need be."""
        if self.at >= len(self.rows) and not self.is_all:
            self._read()
        return self.rows[self.at] if self.at < len(self.rows) else None

    def advance(self) -> None:
        self.at += 1

    def seek(self, place: str) -> None:
        """Go on to a place: within what is read already, or by one read that begins there."""
        while self.at < len(self.rows) and self.range.is_before(self.range.place(self.rows[self.at]), place):
            self.at += 1
        if self.at >= len(self.rows) and not self.is_all:
            self.range = self.range.at_or_after(place)
            self._read()

    def known(self) -> tuple[Sequence[IndexRow], bool]:
        return self.rows[self.at :], self.is_all

    def partitions(self) -> Sequence[PostingsIterator]:
        return [self]

    def _read(self) -> None:
        if self.budget.is_spent:
            raise ReadBudgetSpentError
        self.read_ahead.read(self)


@dataclass
class Disjunction:
    """The rows of several postings, merged in their order."""

    members: Sequence[Postings]
    range: RowRange

    def row(self) -> IndexRow | None:
        first = self._first()
        return None if first is None else first.row()

    def advance(self) -> None:
        first = self._first()
        if first is not None:
            first.advance()

    def seek(self, place: str) -> None:
        for member in self.members:
            member.seek(place)

    def known(self) -> tuple[Sequence[IndexRow], bool]:
        """Return the rows that are read already, up to where one of the members has yet to be read."""
        known = [member.known() for member in self.members]
        rows = sorted(
            (row for found, _ in known for row in found), key=self.range.place, reverse=self.range.falling
        )
        for found, is_all in known:
            if not is_all:
                last = self.range.place(found[-1])
                rows = [row for row in rows if not self.range.is_before(last, self.range.place(row))]
        return rows, all(is_all for _, is_all in known)

    def partitions(self) -> Sequence[PostingsIterator]:
        return [each for member in self.members for each in member.partitions()]

    def _first(self) -> Postings | None:
        first: Postings | None = None
        place = ""
        for member in self.members:
            row = member.row()
            if row is not None and (first is None or self.range.is_before(self.range.place(row), place)):
                first, place = member, self.range.place(row)
        return first
