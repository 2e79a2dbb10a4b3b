"""One object of the bucket against the record that stands for its key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from contract.identity import content_id
from operations.moments import to_seconds

# A record's time is that of the event, or of a look at the object; the listing's is rounded to seconds.
SAME_UPLOAD_SECONDS = 2.5

# What has to be restored before anybody can read it. GLACIER_IR is read at once.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
# Two of its tiers have to be restored too, but only a look at the single object tells of them.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering-managing.html
TIERED = "INTELLIGENT_TIERING"


@dataclass(frozen=True)
class Listed:
    """An object as a listing shows it, which has no version id. `modified_at` is in seconds since 1970.

    `is_restored` says that an archived object has a copy that can be read for some days.
    """

    key: str
    etag: str
    size_bytes: int
    modified_at: float
    storage_class: str = "STANDARD"
    is_restored: bool = False

    @property
    def content_id(self) -> str:
        """What the bytes are called."""
        return content_id(self.etag, self.size_bytes)

    @property
    def is_archived(self) -> bool:
        """Whether nobody can read it now, as far as a listing tells."""
        return self.storage_class in ARCHIVES and not self.is_restored


@dataclass(frozen=True)
class Standing:
    """What a record says, as far as it is compared."""

    key: str
    etag: str
    size_bytes: int
    version_id: str | None
    uploaded_at: str
    decided_at: str
    revision: str
    is_deleted: bool


class Verdict(Enum):
    """How an object and its record compare."""

    SAME = "the record describes the object"
    MISSING = "the object has no record, or a tombstone"
    STALE = "the record describes another object"
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
