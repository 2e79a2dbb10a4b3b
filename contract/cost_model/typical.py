"""A photo such as most are, as it stands in the table: by it the cost model measures our own items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contract.contents import Name
from contract.identity import ImageVersion
from contract.records import Findings, ImageRecord, Status
from contract.results import ResultName
from contract.table import PARTITION_KEY, RECORD, SORT_KEY, index_rows, record_key, result_key
from contract.tallies import CountedImage, Share, counted_key

UPLOADED_AT = "2026-01-31T12:34:56.789Z"
KEY = "2026/01/31/trip to the sea/IMG_20260131_123456.jpg"
ETAG = "0123456789abcdef" * 2
SEQUENCER = "0055AED6DCD90281E5"
FINGERPRINT = "0123456789ab"
# As Rekognition names things.
NAMES = ("Outdoors", "Nature", "Person", "Adult", "Sea", "Beach", "Coast", "Shoreline", "Clothing", "Summer")


def record(operations: Sequence[str], labels: int, words: int) -> ImageRecord:
    """Make the record of a photo that these operations were asked about, with so many labels and words."""
    named = [f"{NAMES[place % len(NAMES)]}{place // len(NAMES) or ''}" for place in range(labels)]
    has_labels, has_words = "DetectLabels" in operations, "DetectText" in operations
    return ImageRecord(
        version=ImageVersion(KEY, ETAG, 2_345_678, "k3oBxRzPq9Vt.Nf7Lm1YdWsHc5UeJ8aG", UPLOADED_AT),
        status=Status.RECOGNIZED,
        sequencer=SEQUENCER,
        decided_by=SEQUENCER,
        generation=1,
        decided_at=UPLOADED_AT,
        detectors=dict.fromkeys(operations, FINGERPRINT),
        findings=Findings(
            labels=dict.fromkeys(named, 87.65) if has_labels else {},
            parents=frozenset(named[: labels // 3]) if has_labels else frozenset(),
            faces=1 if "DetectFaces" in operations else None,
            words=tuple(f"word{place}" for place in range(words)) if has_words else (),
        ),
    )


def record_item(of: ImageRecord) -> Mapping[str, object]:
    """Write a record as the item it is in the table."""
    return {PARTITION_KEY: record_key(of.key).pk, SORT_KEY: RECORD, **of.to_item()}


def row_items(of: ImageRecord) -> list[Mapping[str, object]]:
    """Write the index rows of a record as the items they are in the table."""
    return [row.to_item() for row in index_rows(of)]


def counted_item(of: ImageRecord) -> Mapping[str, object]:
    """Write what a record is counted for as the item it is in the table."""
    at = counted_key(of.key)
    return {PARTITION_KEY: at.pk, SORT_KEY: at.sk, **CountedImage(Share.of(of), turn=1).to_item()}


def name_item(of: ImageRecord) -> Mapping[str, object]:
    """Write that a record is of its content as the item it is in the table."""
    name = Name(of.content_id, of.key, turn=1)
    return {PARTITION_KEY: name.at.pk, SORT_KEY: name.at.sk, **name.to_item()}


def result_item(operation: str, answer_bytes: int) -> Mapping[str, object]:
    """Write a raw result of a size (packed) as the item it is in the table."""
    at = result_key(ResultName(f"{ETAG}-2345678", operation, FINGERPRINT))
    return {PARTITION_KEY: at.pk, SORT_KEY: at.sk, "answer": bytes(answer_bytes), "called_at": UPLOADED_AT}
