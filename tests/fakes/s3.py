"""A bucket in memory, which tells what happens in it as S3 notifications do."""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

from botocore.exceptions import ClientError

from loadtest.simulation.outages import client_error
from tests.fakes.calls import Calls
from tests.fakes.s3_tags import TaggedObjects
from tests.fakes.s3_versions import StoredVersion, Versioning, md5

Wire = dict[str, Any]

BUCKET = "photos"
MOST_TAGS = 10
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class FakeS3:
    """One bucket. Each change gives the S3 notification record that tells of it.

    `everything` remembers all that was ever put. `etag_of` is MD5 but where a test wants two contents with
    one ETag. Listings have `page` entries a page. `others` are buckets
    of somebody else, of which only the current objects can be listed. `undeletable` are keys that are not
    removed along with others, with the code of the reason; of `plain` buckets, only the bytes matter.
    """

    calls: Calls = field(default_factory=Calls)
    versioning: Versioning = Versioning.ENABLED
    objects: dict[str, list[StoredVersion]] = field(default_factory=dict)
    everything: dict[str, list[StoredVersion]] = field(default_factory=dict)
    changes: int = 0
    etag_of: Callable[[bytes], str] = md5
    page: int = 1000
    others: dict[str, Mapping[str, StoredVersion]] = field(default_factory=dict)
    undeletable: dict[str, str] = field(default_factory=dict)
    plain: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    plain_tags: dict[tuple[str, str], tuple[tuple[str, str], ...]] = field(default_factory=dict)

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
        stored = replace(self._new(body), storage_class=archived_in or "STANDARD", sse=sse)
        self._add(key, stored)
        self.everything.setdefault(key, []).append(stored)
        return self._record(event, key, stored)

    def copy(self, source: str, target: str) -> dict[str, Any]:
        """Copy an object, its tags too."""
        body = self.current(source)
        assert body is not None
        assert body.body is not None
        told = self.put(target, body.body, event="ObjectCreated:Copy")
        self._change_current(target, tags=body.tags)
        return told

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

    def archive(self, key: str, storage_class: str = "GLACIER", *, restoring: bool = False) -> None:
        """Move the current version elsewhere, as a lifecycle rule does: no event that we listen to."""
        self._change_current(key, storage_class=storage_class, restored=False, restoring=restoring)

    def restore(self, key: str) -> dict[str, Any]:
        """Have an archived object back. Its event has no sequencer."""
        record = self._record(
            "ObjectRestore:Completed", key, self._change_current(key, restored=True, restoring=False)
        )
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

    @property
    def tags(self) -> TaggedObjects:
        return TaggedObjects(self.objects, self._existing, self.plain_tags)

    def get_object_tagging(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> Wire:
        with self.calls.of("GetObjectTagging"):
            found = self.tags.of(self._plain(Bucket), Key, VersionId)
        return {"TagSet": [{"Key": name, "Value": value} for name, value in found]}

    def put_object_tagging(
        self, *, Bucket: str, Key: str, Tagging: dict[str, Any], VersionId: str | None = None
    ) -> Wire:
        with self.calls.of("PutObjectTagging"):
            tags = tuple((tag["Key"], tag["Value"]) for tag in Tagging["TagSet"])
            if len(tags) > MOST_TAGS:
                raise _refusal(400, "PutObjectTagging", "BadRequest")
            return self.tags.replace("PutObjectTagging", (self._plain(Bucket), Key, VersionId), tags)

    def delete_object_tagging(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> Wire:
        with self.calls.of("DeleteObjectTagging"):
            return self.tags.replace("DeleteObjectTagging", (self._plain(Bucket), Key, VersionId), ())

    def _plain(self, bucket: str) -> str:
        """Return the name of a plain bucket; nothing of this one."""
        if bucket not in self.plain and bucket != BUCKET:
            raise _refusal(404, "GetObjectTagging", "NoSuchBucket")
        return bucket if bucket in self.plain else ""

    def put_bucket_versioning(self, *, Bucket: str, VersioningConfiguration: dict[str, str]) -> Wire:
        with self._call("PutBucketVersioning", Bucket):
            self.versioning = Versioning(VersioningConfiguration["Status"].lower())
        return {}

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes,
        IfNoneMatch: str | None = None,
        StorageClass: str | None = None,
        SSECustomerKey: str | None = None,
        SSECustomerAlgorithm: str = "AES256",
    ) -> Wire:
        with self._call("PutObject", Bucket):
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
            if IfNoneMatch == "*" and self.current(Key) is not None:
                raise _refusal(412, "PutObject", "PreconditionFailed")
            self.put(Key, Body, archived_in=StorageClass, sse="SSE-C" if SSECustomerKey else None)
            stored = self.objects[Key][-1]
        return {"ETag": f'"{stored.etag}"', **stored.named}

    def copy_object(self, *, Bucket: str, Key: str, CopySource: dict[str, str]) -> Wire:
        with self._call("CopyObject", Bucket):
            source = self._readable("CopyObject", CopySource["Key"], CopySource.get("VersionId"))
            assert source.body is not None
            self.put(Key, source.body, event="ObjectCreated:Copy")
            stored = self.objects[Key][-1]
        return {"CopyObjectResult": {"ETag": f'"{stored.etag}"'}, **stored.named}

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> Wire:
        """Delete; what is not there already is no failure."""
        with self._call("DeleteObject", Bucket):
            if VersionId is None:
                self.delete(Key)
                if self.versioning is Versioning.NEVER:
                    return {}
                return {"DeleteMarker": True, "VersionId": self.objects[Key][-1].version_id or "null"}
            gone = self._find(Key, VersionId)
            if gone is not None:
                self.delete_version(Key, gone.version_id)
            is_marker = gone is not None and gone.body is None
            return {"VersionId": VersionId, **({"DeleteMarker": True} if is_marker else {})}

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> Wire:
        """Delete up to a thousand current objects; those in `undeletable` are named with the reason."""
        with self._call("DeleteObjects", Bucket):
            keys = [asked["Key"] for asked in Delete["Objects"]]
            if len(keys) > 1000:
                raise _refusal(400, "DeleteObjects", "MalformedXML")
            for key in keys:
                if key not in self.undeletable:
                    self.delete(key)
            failed = [
                {"Key": key, "Code": self.undeletable[key], "Message": "as arranged"}
                for key in keys
                if key in self.undeletable
            ]
            deleted = [{"Key": key} for key in keys if key not in self.undeletable]
        quiet = Delete.get("Quiet", False)
        return {**({"Errors": failed} if failed else {}), **({} if quiet else {"Deleted": deleted})}

    def head_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> Wire:
        with self._call("HeadObject", Bucket):
            found = self._existing("HeadObject", Key, VersionId)
            if found.sse == "SSE-C":
                raise _refusal(400, "HeadObject", "BadRequest")
            answer: Wire = {
                "ETag": f'"{found.etag}"',
                "ContentLength": len(found.body or b""),
                "LastModified": found.at,
            }
            if found.storage_class != "STANDARD":
                answer["StorageClass"] = found.storage_class
            if found.restored or found.restoring:
                answer["Restore"] = f'ongoing-request="{"false" if found.restored else "true"}"'
            if found.sse:
                answer |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": found.sse}
            if self.versioning is not Versioning.NEVER:
                answer["VersionId"] = found.version_id or "null"
        return answer

    def get_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Range: str = "",
        VersionId: str | None = None,
        IfMatch: str | None = None,
    ) -> Wire:
        if Bucket in self.plain:
            with self.calls.of("GetObject"):
                if Key not in self.plain[Bucket]:
                    raise _refusal(404, "GetObject", "NoSuchKey")
                view = self.plain[Bucket][Key]
            return {"ContentLength": len(view), "Body": io.BytesIO(view)}
        with self._call("GetObject", Bucket):
            found = self._readable("GetObject", Key, VersionId)
            if IfMatch is not None and IfMatch.strip('"') != found.etag:
                raise _refusal(412, "GetObject", "PreconditionFailed")
            body = found.body or b""
            answer: Wire = {
                "ETag": f'"{found.etag}"',
                "ContentLength": len(body),
                "Body": io.BytesIO(body),
            }
            if Range:
                first, last = map(int, Range.removeprefix("bytes=").split("-"))
                if first >= len(body):
                    raise _refusal(416, "GetObject", "InvalidRange")
                answer |= {
                    "Body": io.BytesIO(body[first : last + 1]),
                    "ContentLength": len(body[first : last + 1]),
                    "ContentRange": f"bytes {first}-{min(last, len(body) - 1)}/{len(body)}",
                }
        return answer

    def list_objects_v2(
        self,
        *,
        Bucket: str,
        Prefix: str = "",
        MaxKeys: int = 1000,
        StartAfter: str = "",
        ContinuationToken: str = "",
        OptionalObjectAttributes: tuple[str, ...] | list[str] = (),
    ) -> Wire:
        """List current objects in the order of their keys' UTF-8 bytes. A restored copy is told if asked."""
        with self.calls.of("ListObjectsV2"):
            if Bucket != BUCKET and Bucket not in self.others and Bucket not in self.plain:
                raise _refusal(404, "ListObjectsV2", "NoSuchBucket")
            plain = {
                key: StoredVersion(None, body, START, self.etag_of(body))
                for key, body in self.plain.get(Bucket, {}).items()
            }
            present = self.present() if Bucket == BUCKET else self.others.get(Bucket, plain)
        after = (ContinuationToken or StartAfter).encode()
        keys = sorted((key for key in present if key.startswith(Prefix)), key=str.encode)
        keys = [key for key in keys if key.encode() > after]
        shown = keys[: min(self.page, MaxKeys)]
        answer: Wire = {"IsTruncated": len(keys) > len(shown)}
        if shown:
            contents = [present[key].listed(key) for key in shown]
            for entry in contents:
                stored = present[entry["Key"]]
                if "RestoreStatus" in OptionalObjectAttributes and (stored.restored or stored.restoring):
                    expiry = {"RestoreExpiryDate": START} if stored.restored else {}
                    entry["RestoreStatus"] = {"IsRestoreInProgress": stored.restoring, **expiry}
            answer["Contents"] = contents
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = shown[-1]
        return answer

    def list_object_versions(
        self,
        *,
        Bucket: str,
        Prefix: str = "",
        MaxKeys: int = 1000,
        KeyMarker: str = "",
        VersionIdMarker: str = "",
    ) -> Wire:
        """List versions and delete markers by key, the newest of each first."""
        with self._call("ListObjectVersions", Bucket):
            everything = [
                (key, stored)
                for key in sorted(self.objects, key=str.encode)
                if key.startswith(Prefix)
                for stored in reversed(self.objects[key])
            ]
        places = [(key, stored.version_id or "null") for key, stored in everything]
        start = places.index((KeyMarker, VersionIdMarker)) + 1 if VersionIdMarker else 0
        end = start + min(self.page, MaxKeys)
        answer: Wire = {"IsTruncated": end < len(everything)}
        for key, stored in everything[start:end]:
            entry = stored.listed(key) | {
                "VersionId": stored.version_id or "null",
                "IsLatest": stored is self.objects[key][-1],
            }
            if stored.body is None:
                for name in ("ETag", "Size", "StorageClass"):
                    del entry[name]
            answer.setdefault("DeleteMarkers" if stored.body is None else "Versions", []).append(entry)
        if answer["IsTruncated"]:
            answer["NextKeyMarker"], answer["NextVersionIdMarker"] = places[end - 1]
        return answer

    def read(self, key: str, version_id: str | None) -> bytes | None:
        """Give the bytes as Rekognition gets at them, None where it cannot."""
        found = self.version(key, version_id)
        return found.body if found and found.is_readable else None

    def version(self, key: str, version_id: str | None) -> StoredVersion | None:
        """Give one version, or the current one."""
        return self._find(key, version_id) if version_id else self.current(key)

    @contextmanager
    def _call(self, operation: str, bucket: str) -> Iterator[None]:
        with self.calls.of(operation):
            if bucket != BUCKET:
                raise _refusal(404, operation, "NoSuchBucket")
            yield

    def _existing(self, operation: str, key: str, version_id: str | None) -> StoredVersion:
        """Return a version with a body, or raise what S3 answers instead.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        """
        found = self._find(key, version_id) if version_id else self.current(key)
        if found is None:
            raise _refusal(404, operation, "NoSuchVersion" if version_id else "NoSuchKey")
        if found.body is None:
            raise _refusal(405, operation, "MethodNotAllowed")
        return found

    def _readable(self, operation: str, key: str, version_id: str | None) -> StoredVersion:
        found = self._existing(operation, key, version_id)
        if found.is_archived:
            raise _refusal(403, operation, "InvalidObjectState")
        if found.sse == "SSE-C":
            raise _refusal(400, operation, "InvalidRequest")
        if found.sse is not None:
            raise _refusal(403, operation, "AccessDenied")
        return found

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
        wanted = None if version_id == "null" else version_id
        return next((version for version in self.objects.get(key, []) if version.version_id == wanted), None)

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


def _refusal(status: int, operation: str, code: str) -> ClientError:
    """Make the exception of a call. The answer to a HEAD has no body, so its code is the bare status."""
    shown = str(status) if operation == "HeadObject" else code
    return client_error(shown, operation, code, ResponseMetadata={"HTTPStatusCode": status})
