"""What can be asked, and what a page of answers is."""

from __future__ import annotations

from dataclasses import dataclass

from contract import table
from contract.records import Head, Status

MAX_LIMIT = 100
DEFAULT_LIMIT = 50


@dataclass(frozen=True)
class ImageQuestion:
    """Everything known of one image."""

    key: str


@dataclass(frozen=True)
class ListQuestion:
    """Images, newest first: those that carry a label, or else those that ended in a status.

    `min_confidence_percent` (0 to 100) is about the label. `before` is the place in the index where the
    page before this one ended.
    """

    label: str | None = None
    status: Status = Status.RECOGNIZED
    min_confidence_percent: float = 0.0
    limit: int = DEFAULT_LIMIT
    before: str | None = None

    @property
    def term(self) -> str:
        """The index term whose rows answer this question."""
        return table.status_term(self.status) if self.label is None else table.label_term(self.label)


@dataclass(frozen=True)
class Match:
    """One image of a page. `confidence` is that of the label asked for, in percent."""

    head: Head
    confidence: float | None = None


@dataclass(frozen=True)
class Page:
    """Matches, newest first. `next_before` says where the next page starts; None means there is no more.

    `rows_read` and `rows_skipped` count index rows: those looked at, and those that were not true any more.
    """

    matches: tuple[Match, ...]
    next_before: str | None
    rows_read: int = 0
    rows_skipped: int = 0
