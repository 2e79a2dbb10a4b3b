"""Records, and the rows and completions that are made from them."""

import json
import zlib
from dataclasses import replace

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from contract.notifications import completion
from contract.records import Findings, ImageRecord, ImageVersion, Rejection, Status
from contract.results import MAX_RESPONSE_BYTES, Result, ResultName, pack, unpack
from contract.table import index_rows, label_term, term_partitions

VERSION = ImageVersion("holiday/cat.jpg", "abc", 7, "v1", "2026-11-23T12:00:00.000Z")
RECOGNIZED = ImageRecord(
    version=VERSION,
    status=Status.RECOGNIZED,
    sequencer="00A1",
    generation=2,
    decided_at="2026-11-23T12:00:05.000Z",
    detectors={"labels": "f1", "faces": "f2"},
    findings=Findings({"Cat": 98.12, "Animal": 99.0}, faces=0),
)
REJECTED = replace(
    RECOGNIZED,
    status=Status.REJECTED,
    detectors={},
    findings=Findings(),
    rejection=Rejection("InvalidImageFormatException", "not a JPEG or PNG", "labels"),
)
DELETED = ImageRecord(
    ImageVersion("a", "", 0, None, "2026-11-23T12:00:00.000Z"), Status.DELETED, "B", 3, "now", expires_at=9
)

ALONE = replace(RECOGNIZED, shares_answers=False)
CORRECTED = replace(RECOGNIZED, corrections=3, decision="block", renamed={"Cat": "Tomcat"})


@pytest.mark.parametrize("record", [RECOGNIZED, REJECTED, DELETED, ALONE, CORRECTED])
def test_a_record_survives_dynamodb(record: ImageRecord) -> None:
    wire = {name: TypeSerializer().serialize(value) for name, value in record.to_item().items()}
    item = {name: TypeDeserializer().deserialize(value) for name, value in wire.items()}

    assert ImageRecord.from_item(item) == record
    assert item["revision"] == record.revision


def test_the_revision_is_that_of_the_work_and_not_of_the_moment() -> None:
    assert replace(RECOGNIZED, decided_at="later").revision == RECOGNIZED.revision
    for other in (
        replace(RECOGNIZED, sequencer="00A2"),
        replace(RECOGNIZED, generation=3),
        replace(RECOGNIZED, version=replace(VERSION, etag="def")),
        replace(RECOGNIZED, detectors={"labels": "f1"}),
        CORRECTED,
        replace(RECOGNIZED, corrections=4, decision="block"),
        REJECTED,
    ):
        assert other.revision != RECOGNIZED.revision


def test_a_recognized_image_has_a_row_for_its_status_and_each_label() -> None:
    rows = index_rows(RECOGNIZED)

    assert {row.at.pk.rsplit("#", 1)[0] for row in rows} == {
        "index#status:recognized",
        "index#label:cat",
        "index#label:animal",
    }
    assert {row.at.pk for row in rows} <= {
        pk
        for term in ("status:recognized", label_term("CAT"), label_term("animal"))
        for pk in term_partitions(term)
    }
    assert len({row.at.sk for row in rows}) == 1


def test_names_that_differ_in_case_alone_are_one_row() -> None:
    twice = replace(RECOGNIZED, findings=Findings({"Cat": 60.0, "CAT": 70.0}))

    assert [row.confidence for row in index_rows(twice)] == [None, 70.0]


def test_a_deleted_image_has_no_rows() -> None:
    assert index_rows(DELETED) == ()


def test_a_completion_is_the_same_for_a_replay_and_says_why() -> None:
    announced = completion("photos", REJECTED)

    assert announced.id == completion("photos", replace(REJECTED, decided_at="later")).id
    assert announced.attributes == {"status": "rejected"}
    assert json.loads(json.dumps(announced.body))["rejection"] == {
        "code": "InvalidImageFormatException",
        "message": "not a JPEG or PNG",
        "detector": "labels",
    }


def test_a_completion_tells_what_people_have_decided_and_only_then() -> None:
    assert not {"corrections", "decision"} & completion("photos", RECOGNIZED).body.keys()
    told = completion("photos", CORRECTED).body
    assert (told["corrections"], told["decision"]) == (3, "block")


def test_a_hundred_faces_with_all_attributes_are_packed_far_below_an_items_limit() -> None:
    face = {
        "BoundingBox": {"Width": 0.123456, "Height": 0.2},
        "Landmarks": [{"Type": "eyeLeft", "X": 0.5}] * 30,
    }
    response = {"FaceDetails": [face] * 100}

    assert unpack(pack(response)) == response
    assert len(pack(response)) < 100_000


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (21_000_000_000, TypeError),  # bytes() would make so many zeros of it
        ([1, 2], TypeError),
        ("{}", TypeError),
        (pack({"Labels": []})[:-3], ValueError),
        (zlib.compress(b" " * (MAX_RESPONSE_BYTES + 1)), ValueError),
        (b"{}", zlib.error),
    ],
)
def test_what_is_no_answer_is_refused_before_it_takes_the_memory(
    answer: object, refused: type[Exception]
) -> None:
    with pytest.raises(refused):
        Result.from_item(ResultName("e-1", "labels", "f"), {"answer": answer, "called_at": ""})
