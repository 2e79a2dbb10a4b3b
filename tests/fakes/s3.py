"""A bucket in memory, which tells what happens in it as S3 notifications do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

from tests.fakes.calls import Calls, client_error

BUCKET = "photos"
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class StoredVersion:
    """One version of an object; a delete marker has no body."""

    version_id: str | None
    body: bytes | None
    at: datetime

    @property
    def etag(self) -> str:
        return hashlib.md5(self.body or b"").hexdigest()


@dataclass
class FakeS3:
    """One bucket. Each change gives the S3 notification record that tells of it.

    `everything` remembers all that was ever put.
    """

    calls: Calls = field(default_factory=Calls)
    versioned: bool = True
    objects: dict[str, list[StoredVersion]] = field(default_factory=dict)
    everything: dict[str, list[StoredVersion]] = field(default_factory=dict)
    changes: int = 0

    def put(self, key: str, body: bytes, event: str = "ObjectCreated:Put") -> dict[str, Any]:
        """Put an object."""
        self.changes += 1
        stored = StoredVersion(self._version_id(), body, START + timedelta(seconds=self.changes))
        self.objects[key] = [*self.objects.get(key, []), stored] if self.versioned else [stored]
        self.everything.setdefault(key, []).append(stored)
        return self._record(event, key, stored)

    def copy(self, source: str, target: str) -> dict[str, Any]:
        """Copy an object."""
        body = self.current(source)
        assert body is not None
        assert body.body is not None
        return self.put(target, body.body, event="ObjectCreated:Copy")

    def delete(self, key: str) -> dict[str, Any]:
        """Delete an object: put a marker on it, or remove it where the bucket has no versions."""
        self.changes += 1
        stored = StoredVersion(self._version_id(), None, START + timedelta(seconds=self.changes))
        if self.versioned:
            self.objects[key] = [*self.objects.get(key, []), stored]
            return self._record("ObjectRemoved:DeleteMarkerCreated", key, stored)
        self.objects.pop(key, None)
        return self._record("ObjectRemoved:Delete", key, stored)

    def delete_version(self, key: str, version_id: str) -> dict[str, Any]:
        """Remove one version for good, which may bring another to light."""
        self.changes += 1
        gone = self._find(key, version_id)
        assert gone is not None
        self.objects[key] = [version for version in self.objects[key] if version is not gone]
        return self._record("ObjectRemoved:Delete", key, gone)

    def current(self, key: str) -> StoredVersion | None:
        """Give what is there now, None for nothing or a delete marker."""
        versions = self.objects.get(key)
        return versions[-1] if versions and versions[-1].body is not None else None

    def present(self) -> dict[str, StoredVersion]:
        """Give all current objects by key."""
        return {key: found for key in self.objects if (found := self.current(key)) is not None}

    def head_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:
        """Answer as boto3's client does."""
        with self.calls.of("HeadObject"):
            assert Bucket == BUCKET
            found = self._find(Key, VersionId) if VersionId else self.current(Key)
            if found is None or found.body is None:
                raise client_error("404", "HeadObject", "Not Found")
            answer: dict[str, Any] = {
                "ETag": f'"{found.etag}"',
                "ContentLength": len(found.body),
                "LastModified": found.at,
            }
            if found.version_id:
                answer["VersionId"] = found.version_id
        return answer

    def read(self, key: str, version_id: str | None) -> bytes | None:
        """Give the bytes as Rekognition gets at them."""
        found = self._find(key, version_id) if version_id else self.current(key)
        return found.body if found else None

    def _find(self, key: str, version_id: str) -> StoredVersion | None:
        return next(
            (version for version in self.objects.get(key, []) if version.version_id == version_id), None
        )

    def _version_id(self) -> str | None:
        return f"v{self.changes}" if self.versioned else None

    def _record(self, event: str, key: str, stored: StoredVersion) -> dict[str, Any]:
        described: dict[str, Any] = {"key": quote_plus(key), "sequencer": f"{self.changes:016X}"}
        if stored.version_id:
            described["versionId"] = stored.version_id
        if stored.body is not None and event.startswith("ObjectCreated"):
            described |= {"size": len(stored.body), "eTag": stored.etag}
        return {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": event,
            "eventTime": stored.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "s3": {"bucket": {"name": BUCKET}, "object": described},
        }
