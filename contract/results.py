"""What a detector answered for some bytes, kept raw, so that nobody has to be asked and paid again."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The largest that Rekognition gives is well below a megabyte.
MAX_RESPONSE_BYTES = 16_000_000


@dataclass(frozen=True)
class ResultName:
    """Which answer: these bytes, asked of this detector, with settings of this fingerprint."""

    content_id: str
    detector: str
    fingerprint: str


@dataclass(frozen=True)
class Result:
    """A detector's answer as it came, without transport metadata."""

    name: ResultName
    response: Mapping[str, Any]
    called_at: str

    def to_item(self) -> dict[str, object]:
        """Write the attributes of a DynamoDB item, without its keys."""
        return {"answer": pack(self.response), "called_at": self.called_at}

    @classmethod
    def from_item(cls, name: ResultName, item: Mapping[str, Any]) -> Result | None:
        """Read a result back from the attributes of its DynamoDB item; None where it is a claim as yet.

        Raise KeyError, TypeError, ValueError, RecursionError or zlib.error for what `to_item` did not write.
        """
        if "answer" not in item:
            return None
        return cls(name, unpack(item["answer"]), str(item["called_at"]))


def pack(response: Mapping[str, Any]) -> bytes:
    """Write a response small: a hundred faces with all attributes are 350 KB of JSON and 40 KB packed."""
    return zlib.compress(json.dumps(response, separators=(",", ":")).encode(), level=6)


def unpack(packed: bytes) -> dict[str, Any]:
    """Read back what `pack` wrote. Raise for anything else, whatever it would unpack to."""
    unpacking = zlib.decompressobj()
    unpacked = unpacking.decompress(packed, MAX_RESPONSE_BYTES)
    if not unpacking.eof:
        raise ValueError(f"a response is cut off, or more than {MAX_RESPONSE_BYTES:,} bytes")
    response: dict[str, Any] = json.loads(unpacked)
    return response
