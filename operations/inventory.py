"""What bucket and table hold, as far as operations read it: objects, records, index rows, traces, counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from contract.items import ItemKey
from contract.moments import to_seconds
from contract.photos import FILM, PICTURE, PhotoFacts
from contract.records import Status
from contract.table import IndexRow

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
    def is_archived(self) -> bool:
        """Whether nobody can read it now, as far as a listing tells."""
        return self.storage_class in ARCHIVES and not self.is_restored


@dataclass(frozen=True)
class RecordSummary:
    """What a record says of its object, without what was found on the photo. Times are ISO 8601.

    `version_id` is None where the bucket had no versions; `fingerprints` are by detector; `photo` is what its
    file says, and `renditions` are where what was made of it stands. `faces` are how many were found, and
    `searched` the revision of the collection in which they were. `is_unchanged` is a camera's that showed
    nothing new, and `rejected_by` the detector that refused it, if one did. What a command does not need is
    not read, and stays empty.
    """

    key: str
    etag: str
    size_bytes: int
    status: Status
    version_id: str | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    uploaded_at: str = ""
    decided_at: str = ""
    revision: str = ""
    photo: PhotoFacts | None = None
    renditions: tuple[str, ...] = ()
    faces: int = 0
    searched: int = 0
    is_unchanged: bool = False
    rejected_by: str | None = None

    @property
    def is_deleted(self) -> bool:
        return self.status is Status.DELETED

    def is_of(self, listed: Listed) -> bool:
        """Return whether the record is of these bytes."""
        return (self.etag, self.size_bytes) == (listed.etag, listed.size_bytes)

    def is_current(
        self, listed: Listed, fingerprints: Mapping[str, str], *, takes_films: bool = False
    ) -> bool:
        """Return whether the processor would find nothing to do about these bytes.

        The same bytes uploaded anew have the same answers; which version it is, reconcile sees to.
        """
        if not self.is_of(listed):
            return False
        if self.status is Status.REJECTED:
            # Before pictures were read, formats were rejected that are recognized now; and before films were.
            if takes_films and self.rejected_by in {PICTURE, None}:
                return FILM in self.fingerprints
            return PICTURE not in fingerprints or PICTURE in self.fingerprints
        return self.status is Status.RECOGNIZED and dict(self.fingerprints) == dict(fingerprints)

    def lacks_only_picture(self, listed: Listed, fingerprints: Mapping[str, str]) -> bool:
        """Return whether every detector was asked about these bytes, and only their file not looked at."""
        wanted, had = dict(fingerprints), dict(self.fingerprints)
        is_lacking = PICTURE in wanted and wanted.pop(PICTURE) != had.pop(PICTURE, None)
        return is_lacking and self.status is Status.RECOGNIZED and self.is_of(listed) and wanted == had


@dataclass(frozen=True)
class SeenRow:
    """An index row, and when it was last marked as suspect, in seconds since 1970."""

    row: IndexRow
    suspected_at: int | None

    @property
    def uploaded_at(self) -> float | None:
        """When its object was uploaded, in seconds since 1970; None where the row does not tell."""
        return None if self.row.uploaded_at is None else to_seconds(self.row.uploaded_at)

    @property
    def digest(self) -> str:
        """The digest of its object's key, which comes second in the sort key."""
        return self.row.at.sk.split("#")[1]


class VectorRow(NamedTuple):
    """A row of a vector: where it stands in its shard, and whether it has one or none could be made."""

    place: str
    key: str
    has_vector: bool


class TraceKind(StrEnum):
    """What an item is."""

    RECORD = "record"
    ROW = "index row"
    SHARE = "count"
    NAME = "name of a content"
    ALERT = "name in an alert"
    CAMERA = "note of a camera"


@dataclass(frozen=True)
class Trace:
    """One item that names a key. `content_id` is what its bytes were called, where the item says so.

    What is alive is taken away by the processor and the tally, which see that the object is gone: index rows,
    counts and announcements go with it.
    """

    kind: TraceKind
    at: ItemKey
    key: str
    is_alive: bool
    content_id: str | None


@dataclass(frozen=True)
class ResultTrace:
    """Where an answer about a content is kept, or claimed: by whom, and until when in seconds since 1970."""

    at: ItemKey
    claimed_by: str | None = None
    claimed_until: int = 0


@dataclass(frozen=True)
class RecordCount:
    """So many records; or at least so many, where counting was not carried to its end."""

    count: int
    is_all: bool
