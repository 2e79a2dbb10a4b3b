"""Detectors' answers as they came: kept, so that nobody has to be asked and paid again."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from contract.detectors import LEAST_CONFIDENCE_PERCENT
from contract.photos import FRAMES, PhotoFacts

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

    @property
    def shown(self) -> "Result":
        """The same without labels that nobody is shown."""
        return replace(self, response=shown_answer(self.response))

    def to_item(self) -> dict[str, object]:
        return {"answer": pack(self.response), "called_at": self.called_at}

    @classmethod
    def from_item(cls, name: ResultName, item: Mapping[str, Any]) -> "Result | None":
        """Read a result back from the attributes of its DynamoDB item; None where it is a claim as yet.

        Raise KeyError, TypeError, ValueError, RecursionError or zlib.error for what `to_item` did not write.
        """
        if "answer" not in item:
            return None
        return cls(name, unpack(item["answer"]), str(item["called_at"]))


def shown_answer(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an answer without labels less sure than is shown: vectors alone are made of these."""
    labels = response.get("Labels")
    if not isinstance(labels, list):
        return response
    return {**response, "Labels": [label for label in labels if not _is_unsure(label)]}


def _is_unsure(label: Any) -> bool:
    sure = label.get("Confidence") if isinstance(label, Mapping) else None
    return isinstance(sure, int | float) and sure < LEAST_CONFIDENCE_PERCENT


def maker_of_renditions(name: ResultName, item: Mapping[str, Any]) -> str | None:
    """Return whose renditions an answer about a picture names, or the claim in its place will; None for none.

    Raise what reading either raises for what was not written so.
    """
    result = Result.from_item(name, item)
    if result is None:
        return str(item["claimed_by"])
    if FRAMES in result.response:
        return str(result.response["renditions"])
    return PhotoFacts.from_json(result.response).renditions


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
