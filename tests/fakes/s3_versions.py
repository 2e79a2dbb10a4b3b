"""Versions of the objects in a fake bucket."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

# Storage classes whose objects have to be restored before anybody can read them:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})


def md5(body: bytes) -> str:
    """Return the ETag of an upload in one part."""
    return hashlib.md5(body).hexdigest()


class Versioning(Enum):
    """The states of a bucket. Once it had versions, it can only be suspended."""

    NEVER = "never"
    ENABLED = "enabled"
    SUSPENDED = "suspended"


@dataclass(frozen=True)
class StoredVersion:
    """One version of an object; a delete marker has no body. The version named `null` has no id here.

    `restored` and `restoring` are about a copy of what is archived, `sse` is `SSE-C` or a KMS key that is
    not ours.
    """

    version_id: str | None
    body: bytes | None
    at: datetime
    etag: str
    storage_class: str = "STANDARD"
    restored: bool = False
    restoring: bool = False
    sse: str | None = None
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def is_archived(self) -> bool:
        return self.storage_class in ARCHIVES and not self.restored

    @property
    def is_readable(self) -> bool:
        return self.sse is None and not self.is_archived

    @property
    def named(self) -> dict[str, Any]:
        """What the answer to a write tells: the id, if it has one."""
        return {} if self.version_id is None else {"VersionId": self.version_id}

    def listed(self, key: str) -> dict[str, Any]:
        """Return the entry of a listing."""
        return {
            "Key": key,
            "ETag": f'"{self.etag}"',
            "Size": len(self.body or b""),
            "LastModified": self.at.replace(microsecond=0),
            "StorageClass": self.storage_class,
        }
