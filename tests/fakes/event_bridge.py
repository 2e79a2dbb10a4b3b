"""EventBridge between a bucket and a queue: what S3's own records become on that way."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus
from uuid import NAMESPACE_URL, uuid5

_REASONS = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
}


def as_event(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event that stands for a record of S3's.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    family, action = record["eventName"].removeprefix("s3:").split(":")
    told, bucket = record["s3"]["object"], record["s3"]["bucket"]["name"]
    described = {
        "key": unquote_plus(told["key"]),
        "size": told.get("size"),
        "etag": told.get("eTag"),
        "version-id": told.get("versionId"),
        "sequencer": told.get("sequencer"),
    }
    at = datetime.fromisoformat(record["eventTime"])
    return {
        "version": "0",
        "id": str(uuid5(NAMESPACE_URL, f"{bucket} {described}")),
        "detail-type": _DETAIL_TYPES[family],
        "source": "aws.s3",
        "account": "123456789012",
        "time": at.replace(microsecond=0).isoformat().replace("+00:00", "Z"),
        "region": "eu-west-1",
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "event-version": "1.1",
            "bucket": {"name": bucket},
            "object": {name: value for name, value in described.items() if value is not None},
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "123456789012",
            **_particulars(family, action),
        },
    }


_DETAIL_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "LifecycleExpiration": "Object Deleted",
    "ObjectRestore": "Object Restore Completed",
}


def _particulars(family: str, action: str) -> dict[str, str]:
    if family == "ObjectCreated":
        return {"reason": _REASONS[action], "source-ip-address": "1.2.3.4"}
    if family == "ObjectRestore":
        return {"restore-expiry-time": "2026-02-01T00:00:00Z", "source-storage-class": "GLACIER"}
    by = "Lifecycle Expiration" if family == "LifecycleExpiration" else "DeleteObject"
    how = "Delete Marker Created" if action == "DeleteMarkerCreated" else "Permanently Deleted"
    return {"reason": by, "deletion-type": how}
