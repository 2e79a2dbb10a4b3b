"""Which picture a call is about."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any


class RefusedError(Exception):
    """Becomes an error answer; `code` is the exception's name in the service's model."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True)
class Asked:
    """An object in S3 as `bucket/key`, or else the SHA-256 of bytes that were sent along."""

    object: str | None
    content: str | None

    @property
    def picture(self) -> str:
        """Name what the call is about."""
        return self.object or self.content or ""


def read_request(body: bytes) -> Asked:
    """Read the body of a call. Raises RefusedError."""
    image = _members(body).get("Image")
    if image is None:
        raise RefusedError("ValidationException", "Value null at 'image' failed to satisfy constraint")
    if not isinstance(image, dict):
        raise RefusedError("SerializationException", "image is not a structure")
    if ("Bytes" in image) == ("S3Object" in image):
        raise RefusedError("InvalidParameterException", "Request has invalid parameters")
    if "Bytes" in image:
        return Asked(None, _digest(image["Bytes"]))
    place = image["S3Object"]
    if not isinstance(place, dict) or not ("Bucket" in place and "Name" in place):
        raise RefusedError("InvalidParameterException", "Request has invalid parameters")
    return Asked(f"{place['Bucket']}/{place['Name']}", None)


def _members(body: bytes) -> dict[str, Any]:
    try:
        members = json.loads(body or b"{}")
    except ValueError:
        raise RefusedError("SerializationException", "the request is not JSON") from None
    if not isinstance(members, dict):
        raise RefusedError("SerializationException", "the request is not a structure")
    return members


def _digest(encoded: Any) -> str:
    try:
        return hashlib.sha256(base64.b64decode(encoded, validate=True)).hexdigest()
    except (TypeError, ValueError):
        raise RefusedError("SerializationException", "image.bytes is not base64") from None
