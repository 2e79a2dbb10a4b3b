"""A table that is there was written by older code: what that relied on does not change unnoticed."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contract import timing
from contract.alert_state import AlertExample, AlertMessage, AlertState
from contract.alerts import alert_key
from contract.detectors import DETECTORS
from contract.items import ItemKey
from contract.notifications import canonical_sequencer
from contract.photos import PhotoFacts
from contract.questions import picture_question, questions
from contract.records import Findings, ImageRecord, ImageVersion, Rejection, Status, key_digest
from contract.results import ResultName, unpack
from contract.settings import ProcessorSettings
from contract.table import (
    RANK_INDEX,
    RANK_PROJECTED,
    SHARDS,
    IndexRow,
    attempts_key,
    budget_key,
    counts_key,
    index_rows,
    record_key,
    result_key,
    signing_key,
)
from contract.tallies import (
    AUDIT,
    COMPLETE,
    LABEL_COUNTS,
    STATUS_COUNTS,
    CountedImage,
    Name,
    Share,
    counted_key,
    label_counts_key,
    removal_key,
)

HERE = Path(__file__).parent
HANDBOOK = HERE.parents[1] / "docs" / "operations.md"
HELD: dict[str, Any] = json.loads((HERE / "running_tables.json").read_text())

# Equal answers may be packed otherwise by another zlib, so this one is only read.
PACKED = "a packed answer"

RECORD = ImageRecord(
    version=ImageVersion("a/Ä b.jpg", "abc", 7, "v1", "2026-01-31T12:00:00.000Z"),
    status=Status.RECOGNIZED,
    sequencer="00A1",
    generation=2,
    decided_at="2026-01-31T12:00:05.000Z",
    decided_by="00A1",
    detectors={"labels": "f1"},
    findings=Findings(
        {"Cat": 98.12, "Animal": 98.12}, 1, frozenset({"Animal"}), {"Violence": 50.5}, ("word",)
    ),
)
PHOTO = replace(
    RECORD,
    detectors={"labels": "f1", "picture": "f2"},
    findings=replace(
        RECORD.findings,
        photo=PhotoFacts(
            "JPEG",
            4032,
            3024,
            is_direct=True,
            taken_at="2026-01-30T18:15:59.120",
            taken_zone="+01:00",
            camera="Pixel 9",
            latitude=48.8584,
            longitude=2.2945,
            hash="0123456789abcdef",
            finds_duplicates=True,
            renditions="owner-1",
        ),
    ),
)
PLACE = ("latitude", "longitude")
TOMBSTONE = ImageRecord(
    version=ImageVersion("gone.jpg", "", 0, None, "2026-01-31T12:00:00.000Z"),
    status=Status.DELETED,
    sequencer="00A1",
    generation=1,
    decided_at="2026-01-31T12:00:05.000Z",
    expires_at=1_800_000_000,
)
REJECTED = ImageRecord(
    version=ImageVersion("text.jpg", "abc", 7, None, "2026-01-31T12:00:00.000Z"),
    status=Status.REJECTED,
    sequencer="",
    generation=1,
    decided_at="2026-01-31T12:00:05.000Z",
    rejection=Rejection("InvalidImageFormatException", "it is no JPEG", "labels"),
)
COUNTED = CountedImage(Share(Status.RECOGNIZED, frozenset({"Cat"}), "abc-7"), 3, left=("old-1",))
EXAMPLES = (AlertExample("a/Ä b.jpg", "Cat 98 %"),)
TOLD = AlertState(3, 2, 8, EXAMPLES, 4, AlertMessage("fox-7-1", 2, 5, EXAMPLES, 99), ("0a",))
NAME = Name("abc-7", "a/Ä b.jpg", 3)
ANSWER = {"Labels": [{"Name": "Cat", "Confidence": 98.12}]}


def now() -> dict[str, Any]:
    """Return what this code writes and reckons with, by the names of the file."""
    of_record = {row.at.pk for row in index_rows(RECORD)}
    settings = ProcessorSettings("", "", "", "", "", "", "")
    asked = questions(
        ProcessorSettings("", "", "", "", "", "", "", detectors=DETECTORS, custom_labels_model="a model")
    )
    return {
        "shards of index rows": SHARDS,
        "items of label counts": len(LABEL_COUNTS),
        "the item of a label's count": [_place(label_counts_key(name)) for name in ("Cat", "DOG", "Straße")],
        "the digest of a key": key_digest("a/Ä b.jpg"),
        "the name of a content": RECORD.version.content_id,
        "the canonical form of a sequencer": canonical_sequencer("00a1b0"),
        "the fingerprints of questions": {name: question.fingerprint for name, question in asked.items()},
        "the fingerprints of pictures": [
            picture_question(replace(settings, keep_location=places, near_duplicates=duplicates)).fingerprint
            for places in ("no", "yes")
            for duplicates in ("no", "yes")
        ],
        "a record": {"at": _place(record_key(RECORD.key)), **_plain(RECORD.to_item())},
        "a tombstone": _plain(TOMBSTONE.to_item()),
        "a rejection": _plain(REJECTED.to_item()),
        "index rows": [_plain(row.to_item()) for row in index_rows(RECORD)],
        "a record with a photo's facts": _plain(PHOTO.to_item()),
        "index rows of a photo's facts": [
            _plain(row.to_item()) for row in index_rows(PHOTO) if row.at.pk not in of_record
        ],
        "the index by rank": [RANK_INDEX, *RANK_PROJECTED],
        "the place of a result": _place(result_key(ResultName("abc-7", "labels", "f1"))),
        "what a key is counted for": {"at": _place(counted_key(RECORD.key)), **_plain(COUNTED.to_item())},
        "a key that names a content": {"at": _place(NAME.at), **_plain(NAME.to_item())},
        "what a rule of alerts has to say": {"at": _place(alert_key("fox")), **_plain(TOLD.to_item())},
        "single items": [
            _place(at)
            for at in (
                budget_key("DetectLabels"),
                attempts_key("id"),
                counts_key("2026-01-31"),
                signing_key(),
                removal_key("abc-7"),
                COMPLETE,
                STATUS_COUNTS,
                AUDIT,
            )
        ],
        "times": {
            name: getattr(timing, name)
            for name in (
                "CLAIM_SECONDS",
                "MAX_ATTEMPTS",
                "TOMBSTONE_DAYS",
                "QUEUE_RETENTION_DAYS",
                "RESULTS_GRACE_SECONDS",
                "RESULTS_UNSAFE_SECONDS",
                "REMOVAL_SECONDS",
            )
        },
    }


def _place(at: ItemKey) -> str:
    return f"{at.pk} {at.sk}"


def _plain(item: Any) -> Any:
    return json.loads(json.dumps(item, default=_number, sort_keys=True))


def _number(value: object) -> str:
    assert isinstance(value, Decimal)
    return str(value)


@pytest.mark.parametrize("name", sorted(HELD.keys() - {PACKED}))
def test_what_a_running_table_relies_on_has_not_changed_without_a_word_to_who_upgrades(name: str) -> None:
    held = HELD[name]
    current, before = now()[name], held["values"][-1]

    assert current == before, (
        f"{name}: it is {current!r} now, and in tables that are there {before!r}. {held['if_changed']} "
        "If it has to change: write under a heading of docs/operations.md what is to be done to a running "
        f"stack, append the new value to the `values` of {name!r} in tests/contract/running_tables.json, and "
        "put that heading into its `migration`."
    )
    if len(held["values"]) > 1:
        headings = re.findall(r"^#+ (.+)$", HANDBOOK.read_text(), flags=re.MULTILINE)
        assert held.get("migration") in headings, (
            f"{name} has changed: `migration` must name a heading of docs/operations.md that says what to do"
        )


def test_nothing_that_is_relied_on_is_left_out_of_the_file() -> None:
    assert now().keys() == HELD.keys() - {PACKED}


@pytest.mark.parametrize(
    "items", [*HELD["index rows"]["values"], *HELD["index rows of a photo's facts"]["values"]]
)
def test_index_rows_of_every_time_can_be_read(items: list[dict[str, Any]]) -> None:
    assert [IndexRow.from_item(item).key for item in items] == [RECORD.key] * len(items)


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("a record", RECORD),
        ("a tombstone", TOMBSTONE),
        ("a rejection", REJECTED),
        ("a record with a photo's facts", PHOTO),
    ],
)
def test_records_of_every_time_can_be_read(name: str, record: ImageRecord) -> None:
    for item in HELD[name]["values"]:
        # JSON has no decimals; the places of a photo are held as text.
        photo = {part: Decimal(value) for part, value in item.get("photo", {}).items() if part in PLACE}
        known = {**item, "photo": {**item["photo"], **photo}} if photo else item
        assert ImageRecord.from_item(known) == record


def test_what_a_key_was_counted_for_at_any_time_can_be_read() -> None:
    for item in HELD["what a key is counted for"]["values"]:
        assert CountedImage.from_item(item) == COUNTED


def test_an_answer_that_was_paid_for_long_ago_can_be_unpacked() -> None:
    """What zlib writes may differ by its version; what it reads may not."""
    for packed in HELD[PACKED]["values"]:
        assert unpack(bytes.fromhex(packed)) == ANSWER
