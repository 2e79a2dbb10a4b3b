"""The photos of a simulation: every one of distinct content, none of them there."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from contract.moments import to_text
from contract.notifications import look_again

SIZE_BYTES = 250_000

BUCKET = "photos"


@dataclass(frozen=True)
class VirtualPhoto:
    """One photo: its lane, its place among those of that lane, when it was uploaded (seconds since 1970).

    What is `asked_for` comes by a request to look at the bucket, as `backfill` sends it, not by S3's event.
    """

    lane: str
    number: int
    uploaded: float
    asked_for: bool = False

    @property
    def key(self) -> str:
        return f"{self.lane}/{self.number:07}.jpg"

    @classmethod
    def named(cls, key: str) -> VirtualPhoto:
        """Return the photo of a key, without knowing when it was uploaded."""
        lane, _, name = key.partition("/")
        return cls(lane, int(name.removesuffix(".jpg")), 0.0)

    @property
    def content_id(self) -> str:
        return f"{etag(self.key)}-{SIZE_BYTES}"

    @property
    def version_id(self) -> str:
        return f"v{self.number}"

    def notification(self) -> str:
        """Return the body of the message that tells of the photo."""
        moment = to_text(self.uploaded)
        if self.asked_for:
            return look_again(BUCKET, [self.key], moment)
        described = {
            "key": self.key,
            "size": SIZE_BYTES,
            "eTag": etag(self.key),
            "versionId": self.version_id,
            "sequencer": f"{self.number + 1:016X}",
        }
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "eventTime": moment,
            "s3": {"bucket": {"name": BUCKET}, "object": described},
        }
        return json.dumps({"Records": [record]})


def etag(key: str) -> str:
    return hashlib.md5(key.encode()).hexdigest()
