"""The objects' port on S3: what is there now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from contract.identity import ImageVersion
from processors.adapters.aws_errors import translated
from processors.retrying import RetryPolicy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A HEAD answer has no body, so its error code is the bare status.
NOT_THERE = frozenset({"404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed"})


@dataclass(frozen=True)
class S3Objects:
    """Looks at objects without fetching them."""

    client: S3Client
    bucket_name: str
    retry: RetryPolicy

    def look(self, key: str, version_id: str | None = None) -> ImageVersion | None:
        """Give what is there now (or that one version), None if there is nothing or a delete marker."""
        which: dict[str, Any] = {"VersionId": version_id} if version_id is not None else {}

        def attempt() -> ImageVersion | None:
            with translated(f"HeadObject of s3://{self.bucket_name}/{key}"):
                try:
                    found = self.client.head_object(Bucket=self.bucket_name, Key=key, **which)
                except ClientError as error:
                    if error.response["Error"]["Code"] in NOT_THERE:
                        return None
                    raise
            uploaded_at = found["LastModified"].astimezone(UTC).isoformat(timespec="milliseconds")
            version = found.get("VersionId")
            return ImageVersion(
                key=key,
                etag=found["ETag"].strip('"'),
                size_bytes=found["ContentLength"],
                version_id=None if version in (None, "null") else version,
                uploaded_at=uploaded_at.replace("+00:00", "Z"),
            )

        return self.retry(attempt)
