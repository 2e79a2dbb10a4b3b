"""Who is on photos is what a calm look says, and nothing tells of who was forgotten."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from contract.face_search import FaceBox, face_name
from contract.items import ItemKey
from contract.photos import PhotoFacts
from contract.records import Findings, PersonMatch
from contract.results import Result, ResultName
from loadtest.faults.calls import (
    AwsAnswer,
    Call,
    CutFace,
    SavedAnswer,
    cut_faces_of,
    part_of,
    saved_answers_of,
)
from loadtest.faults.persons import named_faces, strangers, traces
from tests.loadtest.faults.test_verdict import GOOD, RECORD, VERSION

FACE = {
    "BoundingBox": {"Left": 0.25, "Top": 0.25, "Width": 0.5, "Height": 0.5},
    "Pose": {"Yaw": 0.0, "Pitch": 0.0, "Roll": 0.0},
    "Quality": {"Brightness": 80.0, "Sharpness": 80.0},
}
BOX = FaceBox.of(FACE)
NAME = part_of(VERSION.content_id, face_name(BOX))
FACES = ResultName(VERSION.content_id, "faces", "f")
CUT = CutFace("a.jpg", "v1", tuple(BOX.with_surroundings()), b"picture")
PHOTO = PhotoFacts.from_json({"format": "JPEG", "width": 320, "height": 240, "direct": True})


def evidence(persons: Mapping[str, PersonMatch]) -> Any:
    record = replace(RECORD, findings=Findings({"Cat": 97.5}, 1, photo=PHOTO, persons=dict(persons)))
    results = {**GOOD.results, FACES: Result(FACES, {"FaceDetails": [FACE]}, "")}
    return replace(GOOD, records={"a.jpg": record}, results=results)


def found(persons: Mapping[str, PersonMatch], looks: Mapping[str, float]) -> dict[str, str]:
    there = evidence(persons)
    faces = named_faces(there, [CUT], lambda _: VERSION.content_id)
    pictures = {name: (box, picture) for name, box, picture in faces.values()}
    return strangers(there, pictures, lambda picture, _: looks if picture == b"picture" else {})


def test_who_is_there_is_named() -> None:
    assert found({"ann": PersonMatch(97.5, 0)}, {"ann": 97.5}) == {}
    assert found({}, {}) == {}


def test_who_is_not_named_and_who_is_not_there_is_noticed() -> None:
    assert found({}, {"ann": 97.5}) == {"a.jpg": "0 persons are on it, where there are 1"}
    assert found({"ann": PersonMatch(97.5, 0)}, {}) == {"a.jpg": "1 persons are on it, where there are 0"}


def test_a_face_that_was_never_looked_at_is_noticed() -> None:
    assert strangers(evidence({}), {}, lambda *_: {}) == {"a.jpg": "face 0 was never looked at"}


def test_what_tells_of_somebody_is_found_whatever_its_case() -> None:
    texts = [("item", "{'name': 'grace hopper'}"), ("log", "p-12 was seen"), ("queue", "nobody")]
    assert set(traces(texts, ["Grace Hopper", "P-12"])) == {"item", "log"}


def test_a_saved_answer_about_a_face_is_that_faces() -> None:
    saved = saved_in(ItemKey("content#bytes", "people#asked.20260101.face"))
    assert (saved.content_id, saved.detector) == ("bytes/face", "people")


def test_faces_that_were_cut_out_are_known_by_their_pictures() -> None:
    asked = {"key": "a.jpg", "version_id": "v1", "boxes": [list(CUT.box)]}
    invoked = call("/2015-03-31/functions/pictures/invocations", asked, {})
    said = AwsAnswer(200, (), b'{"crops": ["cGljdHVyZQ=="]}')
    assert cut_faces_of(invoked, said) == [CUT]
    assert cut_faces_of(invoked, AwsAnswer(429, (), b"<busy/>")) == []
    assert cut_faces_of(call("/2015-03-31/functions/pictures/invocations", {"key": "a.jpg"}, {}), said) == []


def saved_in(at: ItemKey) -> SavedAnswer:
    item = {"pk": {"S": at.pk}, "sk": {"S": at.sk}, "answer": {"B": ""}}
    body = {"RequestItems": {"table": [{"PutRequest": {"Item": item}}]}}
    (saved,) = saved_answers_of(call("/", body, {"x-amz-target": "DynamoDB_20120810.BatchWriteItem"}))
    return saved


def call(path: str, body: object, headers: Mapping[str, str]) -> Call:
    return Call("POST", path, headers, json.dumps(body).encode())
