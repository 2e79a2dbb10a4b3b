"""The two places that are compared, as a survey needs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from contract.identity import ImageVersion
from contract.table import IndexRow, ItemKey
from operations.moments import to_seconds
from operations.reconciling.comparison import Listed, Standing


@dataclass(frozen=True)
class SeenRow:
    """An index row, and when it was last marked as suspect, in seconds since 1970."""

    row: IndexRow
    suspected_at: int | None

    @property
    def uploaded_at(self) -> float:
        """When its object was uploaded, in seconds since 1970: the sort key begins with it."""
        return to_seconds(self.row.at.sk.split("#")[0])

    @property
    def digest(self) -> str:
        """The digest of its object's key, which comes next in the sort key."""
        return self.row.at.sk.split("#")[1]


class Bucket(Protocol):
    """Where the objects are."""

    def pages(self, prefix: str) -> Iterator[Sequence[Listed]]:
        """List all current objects whose keys begin so."""

    def look(self, key: str) -> ImageVersion | None:
        """Return what is there now, None if there is nothing."""


class Table(Protocol):
    """Where records and index rows are."""

    def records(self, keys: Sequence[str]) -> Mapping[str, Standing]:
        """Return the records of those keys that have one, as of now."""

    def scan(self, prefix: str) -> Iterator[tuple[Sequence[Standing], Sequence[SeenRow]]]:
        """Yield all records and index rows of keys that begin so, some at a time, in no order."""

    def rows_there(self, places: Sequence[ItemKey]) -> set[ItemKey]:
        """Return which of these items are there, as of now."""
