"""Setting a bucket's events aside for a moment, so that photos can be put in that nobody is told of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.stack import Stack


@contextmanager
def set_aside(stack: Stack) -> Iterator[None]:
    """Let no event leave the bucket while the block lasts. Not where others put photos in, too."""
    configured: dict[str, Any] = dict(stack.s3.get_bucket_notification_configuration(Bucket=stack.bucket))
    configured.pop("ResponseMetadata", None)
    try:
        stack.s3.put_bucket_notification_configuration(Bucket=stack.bucket, NotificationConfiguration={})
        yield
    finally:
        stack.s3.put_bucket_notification_configuration(
            Bucket=stack.bucket,
            NotificationConfiguration=configured,  # type: ignore[arg-type]
        )
