"""Which rows of the index a question reads: the terms that lead to its images, and ranges of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from contract import table
from contract.table import IndexRow
from query_api.search.questions import ListQuestion, Order

# Sort keys begin with a digit. Of a place, all rows begin with the place and `#`, and `$` comes after `#`.
_FIRST, _LAST = "!", "~"
_BEFORE_ROWS, _AFTER_ROWS = "#", "$"
# Ranks are rounded to three decimals.
_LEAST_STEP_PERCENT = 0.001


Terms = tuple[str, ...]


@dataclass(frozen=True)
class RowRange:
    """The rows of one partition between two bounds, none of which is a row's own sort key (or rank).

    `by_rank` reads the index by rank, where the table has it. Otherwise rows are in order of upload.
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
            return replace(self, high=min(self.high, place + _AFTER_ROWS))
        return replace(self, low=max(self.low, place + _BEFORE_ROWS))

    def just_before(self, place: str) -> str:
        """Return a place that no row has: after all places before this one, and before this one."""
        return place + (_LAST if self.falling else _FIRST)

    def after(self, place: str) -> RowRange:
        """Return what is left of this range below a place, its own rows left out."""
        if self.falling:
            return replace(self, high=min(self.high, place + _BEFORE_ROWS))
        return replace(self, low=max(self.low, place + _AFTER_ROWS))

    def past(self, row: IndexRow) -> RowRange:
        """Return what is left of this range after one row; others of the same place are still in it."""
        at = table.rank(row.confidence or 0.0, row.at.sk) if self.by_rank else row.at.sk
        # A revision is hexadecimal: nothing stands between a key and the same with the last sign shifted.
        if self.falling:
            return replace(self, high=at[:-1] + chr(ord(at[-1]) - 1) + _LAST)
        return replace(self, low=at + _FIRST)


class IndexReader(Protocol):
    """Reads index rows as they are now; by rank, as they were a moment ago."""

    def rows(self, ranges: Sequence[RowRange], limit: int) -> Sequence[Sequence[IndexRow]]:
        """Read the first rows of each range, up to `limit`, in its order.

        A range that has fewer than `limit` rows left has no more.
        """
        ...


def ranges(question: ListQuestion, term: str) -> tuple[RowRange, ...]:
    """Return which rows of a term a question has still to read, partition by partition."""
    by_rank = question.order is Order.CONFIDENCE
    if by_rank:
        least = max(question.min_confidence_percent - _LEAST_STEP_PERCENT, 0.0)
        low, high = table.rank(least, _FIRST), _LAST
    else:
        low, high = question.uploaded_from or _FIRST, f"{question.uploaded_to or ''}{_LAST}"
    whole = (
        RowRange(partition, low, high, falling=question.order is not Order.OLDEST, by_rank=by_rank)
        for partition in table.term_partitions(term)
    )
    return tuple(each if question.after is None else each.after(question.after) for each in whole)


def driving_terms(question: ListQuestion) -> tuple[Terms, ...]:
    """Return groups of terms: what matches stands under one term of each group.

    In order of confidence there is one group, whose rows have the confidence that is asked for; everything
    else is then seen on the records.
    """
    groups = list(_groups(question))
    if question.order is Order.CONFIDENCE:
        return (groups[0],)
    return tuple(groups) or ((table.status_term(question.status),),)


def _groups(question: ListQuestion) -> list[Terms]:
    """List the groups, the one whose confidence is shown first. Each group once, however often asked for."""
    groups: list[Terms] = [(table.label_term(name),) for name in question.labels]
    if question.any_labels:
        groups.append(tuple(dict.fromkeys(map(table.label_term, question.any_labels))))
    if question.moderation is not None:
        groups.append((table.moderation_term(question.moderation),))
    groups += [(table.word_term(word),) for word in question.words]
    if question.min_faces:
        groups.append((table.faces_term(),))
    return list(dict.fromkeys(groups))
