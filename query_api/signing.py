"""Leave to read or write one object for a short time, without credentials of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from contract.identity import ImageVersion

VALID_SECONDS = 900


@dataclass(frozen=True)
class Upload:
    """Where a form has to be posted, with these fields first and the file last."""

    url: str
    fields: Mapping[str, str]


class Signer(Protocol):
    """Signs for objects of our bucket."""

    def photo(self, version: ImageVersion) -> str:
        """Give a URL that shows this version of an object, for VALID_SECONDS. It is not checked to exist."""
        ...

    def upload(self, key: str, content_type: str, least_bytes: int, most_bytes: int) -> Upload:
        """Allow one object to be put there within VALID_SECONDS: this key, type, and a size within bounds."""
        ...
