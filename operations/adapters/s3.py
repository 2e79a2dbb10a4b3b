"""The bucket's port on S3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.object_heads import head_object
from aws.retries import RetryPolicy
from contract.moments import to_text
from contract.records import ImageVersion
from operations.adapters.aws_errors import translated
from operations.inventory import Listed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, ObjectTypeDef


@dataclass(frozen=True)
class S3Bucket:
    """Lists a bucket and looks at single objects."""

    client: S3Client
    bucket_name: str
    retry: RetryPolicy

    def pages(self, prefix: str, after: str = "") -> Iterator[Sequence[Listed]]:
        """List all current objects whose keys begin so, and come after that key, up to a thousand a page.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
        """
        further: dict[str, Any] = {"StartAfter": after} if after else {}
        while True:
            answer = self._page(prefix, further)
            yield [_listed(entry) for entry in answer.get("Contents", [])]
            if not answer["IsTruncated"]:
                return
            further = {"ContinuationToken": answer["NextContinuationToken"]}

    def look(self, key: str) -> ImageVersion | None:
        """Return what is there now, None if there is nothing or a delete marker."""
        look = translated(f"HeadObject of s3://{self.bucket_name}/{key}")(head_object)
        head = self.retry.around(look)(self.client, self.bucket_name, key)
        if head is None:
            return None
        return ImageVersion(key, head.etag, head.size_bytes, head.version_id, to_text(head.modified_at))

    def _page(self, prefix: str, further: dict[str, Any]) -> ListObjectsV2OutputTypeDef:
        listed = translated(f"ListObjectsV2 of s3://{self.bucket_name}/{prefix}")(self.client.list_objects_v2)
        return self.retry.around(listed)(
            Bucket=self.bucket_name, Prefix=prefix, OptionalObjectAttributes=["RestoreStatus"], **further
        )


def _listed(entry: ObjectTypeDef) -> Listed:
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
