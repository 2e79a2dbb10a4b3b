"""One object of the bucket against the head that stands for its key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from operations.moments import to_seconds

# A head's time is that of the event, or of a look at the object; the listing's is rounded to seconds.
SAME_UPLOAD_SECONDS = 2.5


@dataclass(frozen=True)
class Listed:
    """An object as a listing shows it, which has no version id. `modified_at` is in seconds since 1970."""

    key: str
    etag: str
    size_bytes: int
    modified_at: float


@dataclass(frozen=True)
class Standing:
    """What a head says, as far as it is compared."""

    key: str
    etag: str
    size_bytes: int
    version_id: str | None
    uploaded_at: str
    decided_at: str
    revision: str
    is_deleted: bool


class Verdict(Enum):
    """How an object and its head compare."""

    SAME = "the head describes the object"
    MISSING = "the object has no head, or a tombstone"
    STALE = "the head describes another object"
    DOUBTFUL = "the same bytes, but maybe another version: the object has to be asked"


def compare(listed: Listed, standing: Standing | None) -> Verdict:
    """Compare by the bytes (ETag and size), and by the time where the bucket has versions.

    The same bytes uploaded again are another version with the same ETag. Their times tell, save for objects
    uploaded in parts, whose LastModified is when the upload began.
    """
    if standing is None or standing.is_deleted:
        return Verdict.MISSING
    if (listed.etag, listed.size_bytes) != (standing.etag, standing.size_bytes):
        return Verdict.STALE
    apart_seconds = abs(listed.modified_at - to_seconds(standing.uploaded_at))
    if standing.version_id is not None and apart_seconds > SAME_UPLOAD_SECONDS:
        return Verdict.DOUBTFUL
    return Verdict.SAME
