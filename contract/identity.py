"""What an image is: which object, which version of it, which bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class ImageVersion:
    """One version of one object, as S3 names it.

    `etag` has no quotes. `version_id` is None where the bucket is not versioned. `uploaded_at` is an ISO 8601
    time in UTC with milliseconds, so that text order is time order.
    """

    key: str
    etag: str
    size_bytes: int
    version_id: str | None
    uploaded_at: str

    @property
    def content_id(self) -> str:
        """What the bytes are called."""
        return content_id(self.etag, self.size_bytes)

    @property
    def own_content_id(self) -> str:
        """Name the bytes of this version alone, equal for no other, whatever its ETag is.

        Keys are chosen by whoever uploads, hence a digest in which nobody can find two that are equal.
        """
        place = f"{self.version_id or ''}\n{self.key}"
        return f"{self.content_id}@{hashlib.blake2b(place.encode(), digest_size=20).hexdigest()}"

    def kept_by(self, *, shares_answers: bool) -> str:
        """Return the content id that raw results of this version are kept by."""
        return self.content_id if shares_answers else self.own_content_id

    def is_same_as(self, other: ImageVersion) -> bool:
        """Whether both are the same bytes under the same version; times may be by different clocks."""
        return (self.key, self.content_id, self.version_id) == (other.key, other.content_id, other.version_id)


def content_id(etag: str, size_bytes: int) -> str:
    """Name the bytes: equal for copies and renames, different for different content.

    The ETag of an object that is not encrypted by KMS or by a customer's key is the MD5 of its bytes,
    or, for a multipart upload, the MD5 of the parts' MD5s with `-` and their number. Either way two
    different contents share it only by an MD5 collision of equal length; the same bytes uploaded in
    parts of another size get another name, which costs a second call and is never wrong.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    """
    return f"{etag}-{size_bytes}"


def key_digest(key: str) -> str:
    """Shorten a key of up to 1,024 bytes to 24 hexadecimal digits (96 bits) for use in sort keys."""
    return hashlib.blake2b(key.encode(), digest_size=12).hexdigest()
