"""Leave to read or write one object for a short time, without credentials of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from contract.identity import ImageVersion

VALID_SECONDS = 900


@dataclass(frozen=True)
class Content:
    """The one content that may be put under a key. `sha256` is in base64, as S3 writes it."""

    key: str
    content_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Upload:
    """A PUT of one content: where to, and the headers that have to go with it."""

    url: str
    headers: Mapping[str, str]
    expires_in_seconds: int


class Signer(Protocol):
    """Signs for objects of our bucket."""

    def photo(self, version: ImageVersion) -> str:
        """Return a URL that shows this version of an object, for up to VALID_SECONDS.

        It is not checked that the version exists.
        """
        ...

    def upload(self, content: Content, *, replace: bool) -> Upload:
        """Return the PUT of exactly this content, for up to VALID_SECONDS.

        Unless `replace`, the bucket itself refuses it where the key has an object.
        """
        ...
