"""Events of S3 as EventBridge delivers them, read as the records that S3 itself sends.

Both say the same of an object, in other words: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
beside https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html. What is the
same in both, above all the sequencer, makes an event that came on both ways one event.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from contract.moments import to_text

CREATED, DELETED, RESTORED = "Object Created", "Object Deleted", "Object Restore Completed"
# What is asked of EventBridge. It has no event for a lifecycle rule of its own: those are deletions.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
DETAIL_TYPES = (CREATED, DELETED, RESTORED)
SOURCE = "aws.s3"

_CREATIONS = {
    "PutObject": "Put",
    "POST Object": "Post",
    "CopyObject": "Copy",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
}
_BY_LIFECYCLE = "Lifecycle Expiration"
_MARKED = "Delete Marker Created"


def is_event(message: Mapping[str, Any]) -> bool:
    """Return whether this is an event of EventBridge's, of whatever kind."""
    return "detail-type" in message


def as_record(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record that S3 would have sent of this event.

    EventBridge's keys are as they are and its times whole seconds; S3's keys are form-encoded, and its times
    have milliseconds. Raise KeyError, TypeError or ValueError for what is no event of an object.
    """
    if event["source"] != SOURCE:
        raise ValueError(f"it is an event of {event['source']!r}, not of {SOURCE!r}")
    detail = event["detail"]
    described = detail["object"]
    at = datetime.fromisoformat(event["time"])
    told = {
        "key": quote_plus(described["key"]),
        "size": described.get("size"),
        "eTag": described.get("etag"),
        "versionId": described.get("version-id"),
        "sequencer": described.get("sequencer") or "",
    }
    return {
        "eventName": _name(event["detail-type"], detail),
        "eventTime": to_text(at),
        "s3": {"bucket": {"name": detail["bucket"]["name"]}, "object": told},
    }


def _name(detail_type: str, detail: Mapping[str, Any]) -> str:
    """Return what S3 calls it.

    A deletion of which it is not known for sure that a marker was put on top is "for good", of one version or
    another: then the bucket is asked what is there.
    """
    reason = detail.get("reason", "")
    if detail_type == CREATED:
        return f"ObjectCreated:{_CREATIONS.get(reason, reason)}"
    if detail_type == DELETED:
        by = "LifecycleExpiration" if reason == _BY_LIFECYCLE else "ObjectRemoved"
        return f"{by}:{'DeleteMarkerCreated' if detail.get('deletion-type') == _MARKED else 'Delete'}"
    if detail_type == RESTORED:
        return "ObjectRestore:Completed"
    raise ValueError(f"an event {detail_type!r} says nothing of what is in the bucket")
