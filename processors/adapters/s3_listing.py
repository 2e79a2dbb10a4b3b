"""The audit's port on S3: all current objects, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.records import content_id
from processors.adapters.aws_errors import translated
from processors.counting.auditing import ListedPhoto

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class S3Listing:
    """One bucket, which may be listed and no more."""

    client: S3Client
    bucket_name: str

    def page(self, after: str) -> Sequence[ListedPhoto]:
        """List up to a thousand objects behind a key, in the order of their keys; none where it ends.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
        """
        start: Any = {"StartAfter": after} if after else {}
        with translated(f"ListObjectsV2 of s3://{self.bucket_name}"):
            answer = self.client.list_objects_v2(Bucket=self.bucket_name, **start)
        return [
            ListedPhoto(
                found["Key"],
                content_id(found["ETag"].strip('"'), found["Size"]),
                found["LastModified"].timestamp(),
            )
            for found in answer.get("Contents", [])
        ]
