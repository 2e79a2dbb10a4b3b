"""A bucket in memory, which tells what happens in it as S3 notifications do."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any
from urllib.parse import quote_plus

from tests.fakes.calls import Calls, client_error

BUCKET = "photos"
START = datetime(2026, 1, 1, tzinfo=UTC)


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

    `archived_in` is a storage class that has to be restored, `sse` is `SSE-C` or a KMS key that is not ours.
    """

    version_id: str | None
    body: bytes | None
    at: datetime
    etag: str
    archived_in: str | None = None
    restored: bool = False
    sse: str | None = None

    @property
    def is_readable(self) -> bool:
        return self.sse is None and (self.archived_in is None or self.restored)


@dataclass
class FakeS3:
    """One bucket. Each change gives the S3 notification record that tells of it.

    `everything` remembers all that was ever put. `etag_of` is MD5 but where a test wants two contents with
    one ETag.
    """

    calls: Calls = field(default_factory=Calls)
    versioning: Versioning = Versioning.ENABLED
    objects: dict[str, list[StoredVersion]] = field(default_factory=dict)
    everything: dict[str, list[StoredVersion]] = field(default_factory=dict)
    changes: int = 0
    etag_of: Callable[[bytes], str] = md5

    def put(
        self,
        key: str,
        body: bytes,
        event: str = "ObjectCreated:Put",
        *,
        archived_in: str | None = None,
        sse: str | None = None,
    ) -> dict[str, Any]:
        """Put an object."""
        stored = replace(self._new(body), archived_in=archived_in, sse=sse)
        self._add(key, stored)
        self.everything.setdefault(key, []).append(stored)
        return self._record(event, key, stored)

    def copy(self, source: str, target: str) -> dict[str, Any]:
        """Copy an object."""
        body = self.current(source)
        assert body is not None
        assert body.body is not None
        return self.put(target, body.body, event="ObjectCreated:Copy")

    def delete(self, key: str, event: str = "ObjectRemoved") -> dict[str, Any]:
        """Delete an object: put a marker on it, or remove it where the bucket has no versions."""
        stored = self._new(None)
        if self.versioning is Versioning.NEVER:
            self.objects.pop(key, None)
            return self._record(f"{event}:Delete", key, stored)
        self._add(key, stored)
        return self._record(f"{event}:DeleteMarkerCreated", key, stored)

    def delete_version(
        self, key: str, version_id: str | None, event: str = "ObjectRemoved:Delete"
    ) -> dict[str, Any]:
        """Remove one version for good, which may bring another to light."""
        self.changes += 1
        gone = self._find(key, version_id)
        assert gone is not None
        self.objects[key] = [version for version in self.objects[key] if version is not gone]
        return self._record(event, key, gone)

    def expire(self, key: str, version_id: str | None) -> dict[str, Any]:
        """Remove a version that is not current, or a marker on nothing, as a lifecycle rule does."""
        return self.delete_version(key, version_id, "LifecycleExpiration:Delete")

    def archive(self, key: str) -> None:
        """Move the current version to an archive, as a lifecycle rule does: no event that we listen to."""
        self._change_current(key, archived_in="GLACIER", restored=False)

    def restore(self, key: str) -> dict[str, Any]:
        """Have an archived object back. Its event has no sequencer."""
        record = self._record("ObjectRestore:Completed", key, self._change_current(key, restored=True))
        del record["s3"]["object"]["sequencer"]
        return record

    def current(self, key: str) -> StoredVersion | None:
        """Give what is there now, None for nothing or a delete marker."""
        versions = self.objects.get(key)
        return versions[-1] if versions and versions[-1].body is not None else None

    def present(self) -> dict[str, StoredVersion]:
        """Give all current objects by key."""
        return {key: found for key in self.objects if (found := self.current(key)) is not None}

    def noncurrent(self) -> list[tuple[str, str | None]]:
        """List what a lifecycle rule may expire: versions that are not current, and markers on nothing."""
        hidden = [(key, version.version_id) for key, found in self.objects.items() for version in found[:-1]]
        markers = [
            (key, found[0].version_id)
            for key, found in self.objects.items()
            if len(found) == 1 and found[0].body is None
        ]
        return hidden + markers

    def head_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:
        """Answer as boto3's client does."""
        with self.calls.of("HeadObject"):
            assert Bucket == BUCKET
            found = self._find(Key, VersionId) if VersionId else self.current(Key)
            if found is None:
                raise client_error("404", "HeadObject", "Not Found")
            if found.body is None:
                # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
                raise client_error("405", "HeadObject", "Method Not Allowed")
            if found.sse == "SSE-C":
                raise client_error("400", "HeadObject", "Bad Request")
            answer: dict[str, Any] = {
                "ETag": f'"{found.etag}"',
                "ContentLength": len(found.body),
                "LastModified": found.at,
            }
            if found.archived_in:
                answer["StorageClass"] = found.archived_in
                answer["Restore"] = f'ongoing-request="{"false" if found.restored else "true"}"'
            if found.sse:
                answer |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": found.sse}
            if self.versioning is not Versioning.NEVER:
                answer["VersionId"] = found.version_id or "null"
        return answer

    def list_objects_v2(self, *, Bucket: str, Prefix: str, MaxKeys: int) -> dict[str, Any]:
        """List current objects."""
        with self.calls.of("ListObjectsV2"):
            assert Bucket == BUCKET
            found = [
                (key, stored) for key, stored in sorted(self.present().items()) if key.startswith(Prefix)
            ]
            return {
                "Contents": [
                    {
                        "Key": key,
                        "ETag": f'"{stored.etag}"',
                        "Size": len(stored.body or b""),
                        "LastModified": stored.at,
                    }
                    for key, stored in found[:MaxKeys]
                ]
            }

    def get_object(
        self, *, Bucket: str, Key: str, Range: str, VersionId: str | None = None
    ) -> dict[str, Any]:
        """Give the beginning of an object."""
        with self.calls.of("GetObject"):
            assert Bucket == BUCKET
            body = self.read(Key, VersionId)
            if body is None:
                raise client_error("NoSuchKey", "GetObject")
            return {"Body": io.BytesIO(body[: int(Range.rpartition("-")[2]) + 1])}

    def read(self, key: str, version_id: str | None) -> bytes | None:
        """Give the bytes as Rekognition gets at them, None where it cannot."""
        found = self._find(key, version_id) if version_id else self.current(key)
        return found.body if found and found.is_readable else None

    def _new(self, body: bytes | None) -> StoredVersion:
        self.changes += 1
        version_id = f"v{self.changes}" if self.versioning is Versioning.ENABLED else None
        at = START + timedelta(seconds=self.changes)
        return StoredVersion(version_id, body, at, self.etag_of(body or b""))

    def _add(self, key: str, stored: StoredVersion) -> None:
        """Put a version on top. There is one version named `null` at most."""
        below = [version for version in self.objects.get(key, []) if version.version_id != stored.version_id]
        self.objects[key] = [*below, stored]

    def _change_current(self, key: str, **changes: Any) -> StoredVersion:
        stored = replace(self.objects[key][-1], **changes)
        self.objects[key][-1] = stored
        return stored

    def _find(self, key: str, version_id: str | None) -> StoredVersion | None:
        return next(
            (version for version in self.objects.get(key, []) if version.version_id == version_id), None
        )

    def _record(self, event: str, key: str, stored: StoredVersion) -> dict[str, Any]:
        described: dict[str, Any] = {"key": quote_plus(key), "sequencer": f"{self.changes:016X}"}
        if self.versioning is not Versioning.NEVER:
            described["versionId"] = stored.version_id or "null"
        if stored.body is not None and event.startswith("ObjectCreated"):
            described |= {"size": len(stored.body), "eTag": stored.etag}
        return {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": event,
            "eventTime": stored.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "s3": {"bucket": {"name": BUCKET}, "object": described},
        }
