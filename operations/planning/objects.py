"""Which objects are meant, and what can be said of one by its listing."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from contract.detectors import MAX_S3_IMAGE_BYTES
from operations.faults import OperatorError
from operations.reconciling.comparison import Listed

# A name without an ending says nothing; any other ending says that it is likely something else.
PHOTO_ENDINGS = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ""})


@dataclass(frozen=True)
class Place:
    """A bucket and the beginning of some keys."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        """Write it as it is typed."""
        return f"s3://{self.bucket}/{self.prefix}"

    def sync_command(self, bucket: str) -> str:
        """Write how to copy the folder that holds these keys to another bucket, under the same keys."""
        folder = self.prefix[: self.prefix.rfind("/") + 1]
        return shlex.join(["aws", "s3", "sync", f"s3://{self.bucket}/{folder}", f"s3://{bucket}/{folder}"])

    @classmethod
    def read(cls, typed: str) -> Place:
        """Read `s3://bucket/prefix`. Raises OperatorError."""
        parts = re.fullmatch(r"s3://([^/]+)(?:/(.*))?", typed, flags=re.DOTALL)
        if parts is None:
            raise OperatorError(f"{typed!r} is not a place in S3; write it like s3://bucket/prefix")
        return cls(parts[1], parts[2] or "")


class Kind(StrEnum):
    """What an object is, as far as its listing tells."""

    PHOTO = "photo"
    OTHER_BY_NAME = "other_by_name"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    ARCHIVED = "archived"

    @property
    def can_be_asked_about(self) -> bool:
        """Tell whether a detector is asked about it: only the bytes of the others decide."""
        return self in (Kind.PHOTO, Kind.OTHER_BY_NAME)


def kind_of(listed: Listed) -> Kind:
    """Return what an object is."""
    if listed.size_bytes == 0:
        return Kind.EMPTY
    if listed.size_bytes > MAX_S3_IMAGE_BYTES:
        return Kind.TOO_LARGE
    if listed.is_archived:
        return Kind.ARCHIVED
    ending = PurePosixPath(listed.key).suffix.lower()
    return Kind.PHOTO if ending in PHOTO_ENDINGS else Kind.OTHER_BY_NAME


@dataclass(frozen=True)
class Choice:
    """Which objects are meant; None asks for all. `since` is seconds since 1970, suffixes are lower case."""

    since: float | None = None
    suffixes: tuple[str, ...] | None = None

    def takes(self, listed: Listed) -> bool:
        """Tell whether an object is meant."""
        return (self.since is None or listed.modified_at >= self.since) and (
            self.suffixes is None or listed.key.lower().endswith(self.suffixes)
        )
