"""What S3 holds under a key, by a HEAD.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The answer to a HEAD has no body, so its error code is the bare status.
NOT_THERE = frozenset({"404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed"})
# What S3 calls the version of an object that was put while the bucket had no versions.
NO_VERSION = "null"


class ObjectHead(NamedTuple):
    """An object: `answer` is all that S3 says of it."""

    etag: str
    size_bytes: int
    version_id: str | None
    modified_at: datetime
    answer: Mapping[str, Any]


def head_object(client: S3Client, bucket_name: str, key: str, **which: Any) -> ObjectHead | None:
    """Return an object, or the version that `which` names; None if there is nothing or a delete marker."""
    try:
        found = client.head_object(Bucket=bucket_name, Key=key, **which)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_THERE:
            return None
        raise
    version_id = found.get("VersionId", NO_VERSION)
    return ObjectHead(
        etag=found["ETag"].strip('"'),
        size_bytes=found["ContentLength"],
        version_id=None if version_id == NO_VERSION else version_id,
        modified_at=found["LastModified"],
        answer=found,
    )
