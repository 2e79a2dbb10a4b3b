"""A bucket on S3: its objects listed, looked at, put, copied and removed, with all their versions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aws.calls import NO_VERSION, NOT_THERE, head_object
from aws.retries import RetryPolicy
from contract.key_filter import EVERY_KEY, KeyFilter
from contract.moments import to_text
from contract.records import ImageVersion
from operations.adapters.aws_errors import Parameters, Value, reliable, translated
from operations.inventory import Listed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
_NOTHING_IN_RANGE = "InvalidRange"


@dataclass(frozen=True)
class ObjectVersion:
    """One version of an object, or a delete marker, which has no ETag and no bytes."""

    key: str
    version_id: str
    etag: str = ""
    size_bytes: int = 0

    @property
    def content_ids(self) -> tuple[str, ...]:
        """What its results may be kept by, whether or not answers were shared; a delete marker has none."""
        version_id = None if self.version_id == NO_VERSION else self.version_id
        version = ImageVersion(self.key, self.etag, self.size_bytes, version_id, "")
        return (version.content_id, version.own_content_id) if self.etag else ()


@dataclass(frozen=True)
class S3Bucket:
    """One bucket. Failures are said with the key that they are about. `keys` are those that listings show."""

    client: "S3Client"
    bucket_name: str
    retry: RetryPolicy
    keys: KeyFilter = EVERY_KEY

    def pages(self, prefix: str, after: str = "") -> Iterator[Sequence[Listed]]:
        """List all current objects whose keys begin so, and come after that key, up to a thousand a page.

        Of a bucket of which not all is meant, a page shows what is, which may be nothing.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
        """
        listed = self._reliable("ListObjectsV2", prefix, self.client.list_objects_v2)
        where = self.keys.listed_prefix(prefix)
        if where is None:
            return
        further: dict[str, Any] = {"StartAfter": after} if after else {}
        while True:
            answer = listed(
                Bucket=self.bucket_name, Prefix=where, OptionalObjectAttributes=["RestoreStatus"], **further
            )
            yield [_listed(entry) for entry in answer.get("Contents", []) if self.keys.accepts(entry["Key"])]
            if not answer["IsTruncated"]:
                return
            further = {"ContinuationToken": answer["NextContinuationToken"]}

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """List all versions and delete markers of keys that begin so.

        In a bucket without versions, each object is listed as its version `null`.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
        """
        pages = self.client.get_paginator("list_object_versions").paginate(
            Bucket=self.bucket_name, Prefix=prefix
        )
        with translated(f"ListObjectVersions of s3://{self.bucket_name}/{prefix}"):
            for page in pages:
                for found in page.get("Versions", []):
                    etag = found["ETag"].strip('"')
                    yield ObjectVersion(found["Key"], found["VersionId"], etag, found["Size"])
                for marker in page.get("DeleteMarkers", []):
                    yield ObjectVersion(marker["Key"], marker["VersionId"])

    def look(self, key: str) -> ImageVersion | None:
        """Return what is there now, None if there is nothing or a delete marker."""
        head = self._reliable("HeadObject", key, head_object)(self.client, self.bucket_name, key)
        if head is None:
            return None
        return ImageVersion(key, head.etag, head.size_bytes, head.version_id, to_text(head.modified_at))

    def read(self, key: str) -> bytes | None:
        """Return the bytes of a small object; None if it is not there."""

        def attempt() -> bytes | None:
            try:
                return self.client.get_object(Bucket=self.bucket_name, Key=key)["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] in NOT_THERE:
                    return None
                raise

        return self._reliable("GetObject", key, attempt)()

    def beginning(self, key: str, size_bytes: int) -> bytes:
        """Return the first bytes of an object; nothing of one that is gone, or empty."""

        def attempt() -> bytes:
            try:
                asked = f"bytes=0-{size_bytes - 1}"
                return self.client.get_object(Bucket=self.bucket_name, Key=key, Range=asked)["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] in {*NOT_THERE, _NOTHING_IN_RANGE}:
                    return b""
                raise

        return self._reliable("GetObject", key, attempt)()

    def put(self, key: str, body: bytes) -> str:
        """Upload an object and return its ETag."""
        put = self._reliable("PutObject", key, self.client.put_object)
        return put(Bucket=self.bucket_name, Key=key, Body=body)["ETag"].strip('"')

    def copy(self, source: str, target: str) -> str:
        """Copy an object within the bucket and return the copy's ETag."""
        copied = self._reliable("CopyObject", target, self.client.copy_object)(
            Bucket=self.bucket_name, Key=target, CopySource={"Bucket": self.bucket_name, "Key": source}
        )
        return copied["CopyObjectResult"]["ETag"].strip('"')

    def delete(self, key: str) -> None:
        """Delete an object; where the bucket has versions, by a delete marker."""
        self._reliable("DeleteObject", key, self.client.delete_object)(Bucket=self.bucket_name, Key=key)

    def remove(self, version: ObjectVersion) -> None:
        """Remove one version or delete marker for good."""
        remove = self._reliable("DeleteObject of a version", version.key, self.client.delete_object)
        remove(Bucket=self.bucket_name, Key=version.key, VersionId=version.version_id)

    def _reliable(
        self, operation: str, key: str, call: Callable[Parameters, Value]
    ) -> Callable[Parameters, Value]:
        return reliable(self.retry, f"{operation} of s3://{self.bucket_name}/{key}", call)


def _listed(entry: "ObjectTypeDef") -> Listed:
    """Read an entry. `RestoreStatus` is there where a copy was asked for; it has an expiry once it is made.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreStatus.html
    """
    restore = entry.get("RestoreStatus", {})
    return Listed(
        key=entry["Key"],
        etag=entry["ETag"].strip('"'),
        size_bytes=entry["Size"],
        modified_at=entry["LastModified"].timestamp(),
        storage_class=entry.get("StorageClass", "STANDARD"),
        is_restored="RestoreExpiryDate" in restore and not restore.get("IsRestoreInProgress", False),
    )
