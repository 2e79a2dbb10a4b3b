"""Who is on a photo, by name: "is" and "is not", kept by id, told by name, refused in one sentence."""

import json
from dataclasses import replace
from typing import Any

import pytest

from contract.corrections import corrections_key
from contract.face_search import FaceBox
from contract.records import PersonMatch
from contract.results import Result, ResultName
from contract.said_of_persons import SaidOfPerson
from query_api.http.messages import Response
from tests.query_api.conftest import MotoTable
from tests.query_api.photos import commit, photo, write_result
from tests.query_api.site import Site
from tests.query_api.test_correcting import AT, CAT, CorrectionSite, refusal

NAMES = {"p1": "Ann", "p2": "Ben"}
FACE = {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4}
BOX = {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4}


@pytest.fixture
def site(moto_table: MotoTable) -> CorrectionSite:
    commit(moto_table, CAT)
    return CorrectionSite(moto_table, names=dict(NAMES))


def persons(response: Response) -> Any:
    assert not isinstance(response.content, str)
    return response.content["corrections"]["persons"]


def test_a_persons_word_is_kept_by_id_and_told_by_name(site: CorrectionSite) -> None:
    response = site.patch(persons={"is": [{"name": "ANN", "face": FACE}], "is_not": ["Ben"]})

    assert response.status == 200
    assert site.standing().persons == {
        "p1": SaidOfPerson(is_there=True, face=FaceBox(0.1, 0.2, 0.3, 0.4), by="anonymous", at=AT),
        "p2": SaidOfPerson(is_there=False, face=None, by="anonymous", at=AT),
    }
    who = {"by": "anonymous", "at": AT}
    assert sorted(persons(response), key=lambda each: str(each["id"])) == [
        {"id": "p1", "name": "Ann", "is": True, "face": FACE, **who},
        {"id": "p2", "name": "Ben", "is": False, "face": None, **who},
    ]
    assert not isinstance(response.content, str)
    (change,) = response.content["corrections"]["changes"]
    assert change["persons"] == {"is": ["Ann"], "is_not": ["Ben"]}
    assert site.asked() == ["cat.jpg"]


def test_no_name_is_kept_or_logged(site: CorrectionSite) -> None:
    site.patch(persons={"is": [{"name": "Ann"}]})

    assert "Ann" not in str(site.standing().to_item())
    assert "Ann" not in str(site.logged)


def test_the_same_again_is_no_change_and_taking_back_leaves_nothing(site: CorrectionSite) -> None:
    site.patch(persons={"is": [{"name": "Ann", "face": FACE}]})
    assert site.patch(if_match='"0"', persons={"is": [{"name": "ann"}]}).headers == {"etag": '"1"'}

    after = site.patch(if_match='"1"', persons={"reset": ["Ann"]})

    assert after.headers == {"etag": '"2"'}
    assert persons(after) == []


def test_who_is_forgotten_is_told_of_no_more(site: CorrectionSite) -> None:
    site.patch(persons={"is_not": ["Ann", "Ben"]})
    site.names = {"p2": "Ben"}

    response = site.patch(if_match='"1"', add=["Kitten"])

    assert [each["name"] for each in persons(response)] == ["Ben"]
    assert "p1" not in json.dumps(response.content)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"is": [{"name": "Zoe"}]}, "must name persons who are enrolled, and 'Zoe' is not"),
        ({"is_not": ["Zoe"]}, "must name persons who are enrolled, and 'Zoe' is not"),
        ({"reset": ["Zoe"]}, "must name persons who are enrolled, and 'Zoe' is not"),
        ({}, "must name 1 to 100 persons"),
        ([], "must be an object of is, is_not and reset"),
        ({"maybe": ["Ann"]}, "must be an object of is, is_not and reset"),
        ({"is": "Ann"}, "must have a list in is"),
        ({"is": ["Ann"]}, "must have objects of name and face in is"),
        ({"is": [{"name": "Ann"}, {"name": "Ann"}]}, "must name 'Ann' once"),
        ({"is_not": [7]}, "must have names of 1 to 100 characters"),
        ({"is": [{"name": "Ann", "face": [1]}]}, "must have a face of left, top, width, height"),
        ({"is": [{"name": "Ann", "face": {**FACE, "left": "0"}}]}, "must have a face in numbers"),
        (
            {"is": [{"name": "Ann", "face": {**FACE, "width": 0}}]},
            "must have a face in ratios of the picture's width and height",
        ),
        (
            {"is": [{"name": "Ann", "face": {**FACE, "top": 1e400}}]},
            "must have a face in ratios of the picture's width and height",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence_and_changes_nothing(
    site: CorrectionSite, asked: Any, sentence: str
) -> None:
    status, detail = refusal(site.patch(persons=asked))

    assert status == 400
    assert sentence in detail
    assert site.standing().number == 0


def test_where_nobody_is_looked_for_nobody_is_named(site: CorrectionSite) -> None:
    site.names = None

    status, detail = refusal(site.patch(persons={"is_not": ["Ann"]}))

    assert (status, "this deployment looks for nobody (its setting people)" in detail) == (400, True)
    assert not isinstance((response := site.patch(add=["Kitten"])).content, str)
    assert "persons" not in response.content["corrections"]


def test_details_say_who_is_there_and_who_has_said_so(site: CorrectionSite) -> None:
    site.patch(persons={"is": [{"name": "Ann", "face": FACE}], "is_not": ["Ben"]})
    said = site.standing()
    found = replace(
        photo("cat.jpg", detectors={"faces": "f1"}),
        corrections=1,
        findings=replace(CAT.findings, faces=1, persons={"p1": PersonMatch(100.0, 0)}),
    )
    reading = Site(corrections=True, people=NAMES)
    commit(reading.table, found)
    response = {"FaceDetails": [{"BoundingBox": BOX}]}
    write_result(reading.table, Result(ResultName(found.content_id, "faces", "f1"), response, AT))
    reading.table.put(corrections_key(found.content_id), said.to_item())

    answer = reading.get("/images/cat.jpg").json

    assert answer["persons"] == [
        {"id": "p1", "name": "Ann", "similarity": 100.0, "face": 0, "box": FACE, "by": "person"}
    ]
    assert {each["name"]: (each["is"], each["by"]) for each in answer["corrections"]["persons"]} == {
        "Ann": (True, "anonymous"),
        "Ben": (False, "anonymous"),
    }
