"""What a survey finds wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contract.table import ItemKey
from operations.reconciling.comparison import Standing

# What S3 calls the version of an object from before its bucket had versions.
NO_VERSION = "null"


class Kind(StrEnum):
    """The ways in which bucket and table can differ."""

    MISSING = "missing"
    STALE = "stale"
    ORPHANED = "orphaned"
    ORPHANED_ROWS = "orphaned_rows"


# What the processor puts right when it is asked to look again at the key.
LOOKED_AT_AGAIN = (Kind.MISSING, Kind.STALE, Kind.ORPHANED)


@dataclass(frozen=True)
class Finding:
    """One difference.

    Of an object: its key, ETag, and version id (`null` for none) where that is what differs. Of an index
    row: where it stands, its revision, and when it was last marked as suspect (seconds since 1970). `number`
    is its place in the spool.
    """

    kind: Kind
    key: str
    etag: str | None = None
    version_id: str | None = None
    at: ItemKey | None = None
    revision: str | None = None
    suspected_at: int | None = None
    number: int = 0

    def is_settled_by(self, standing: Standing | None) -> bool:
        """Tell whether the record as it stands now has done away with the difference."""
        if self.kind is Kind.ORPHANED:
            return standing is None or standing.is_deleted
        if standing is None or standing.is_deleted:
            return False
        if self.kind is Kind.ORPHANED_ROWS:
            return standing.revision == self.revision
        return standing.etag == self.etag and self.version_id in (None, standing.version_id or NO_VERSION)
