"""Objects put into a bucket and taken out of it again, with all their versions, on S3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from aws.retries import RetryPolicy
from contract.records import ImageVersion
from operations.adapters.aws_errors import translated
from operations.inventory import NO_VERSION

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Value = TypeVar("Value")


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
class WritableBucket:
    """Puts, copies and deletes objects of one bucket."""

    client: S3Client
    bucket_name: str
    retry: RetryPolicy

    def put(self, key: str, body: bytes) -> str:
        """Upload an object and return its ETag."""
        return self._do(
            f"PutObject of {key!r}",
            lambda: self.client.put_object(Bucket=self.bucket_name, Key=key, Body=body)["ETag"].strip('"'),
        )

    def copy(self, source: str, target: str) -> str:
        """Copy an object within the bucket and return the copy's ETag."""
        return self._do(
            f"CopyObject to {target!r}",
            lambda: self.client.copy_object(
                Bucket=self.bucket_name, Key=target, CopySource={"Bucket": self.bucket_name, "Key": source}
            )["CopyObjectResult"]["ETag"].strip('"'),
        )

    def delete(self, key: str) -> None:
        """Delete an object; where the bucket has versions, by a delete marker."""
        self._do(
            f"DeleteObject of {key!r}",
            lambda: self.client.delete_object(Bucket=self.bucket_name, Key=key),
        )

    def remove(self, version: ObjectVersion) -> None:
        """Remove one version or delete marker for good."""
        self._do(
            f"DeleteObject of a version of {version.key!r}",
            lambda: self.client.delete_object(
                Bucket=self.bucket_name, Key=version.key, VersionId=version.version_id
            ),
        )

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
                    yield ObjectVersion(
                        found["Key"], found["VersionId"], found["ETag"].strip('"'), found["Size"]
                    )
                for marker in page.get("DeleteMarkers", []):
                    yield ObjectVersion(marker["Key"], marker["VersionId"])

    def _do(self, what: str, call: Callable[[], Value]) -> Value:
        return self.retry(translated(f"{what} in s3://{self.bucket_name}")(call))
