"""Which faces are asked about, who is on a photo once several faces are like somebody, who is looked for."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.face_search import (
    WANTED_KEY,
    FaceAnswerName,
    FaceBox,
    SearchScope,
    assigned,
    face_name,
    is_searchable,
    revision_at,
)
from contract.people import Consent, Person, PersonStatus
from contract.records import PersonMatch

GOOD: dict[str, Any] = {
    "BoundingBox": {"Left": 0.1, "Top": 0.1, "Width": 0.1, "Height": 0.1},
    "Pose": {"Roll": 80.0, "Yaw": -23.0, "Pitch": 23.0},
    "Quality": {"Brightness": 26.0, "Sharpness": 10.0},
}
ANN = Person(
    "p1",
    "Ann",
    Consent("2026-01-01", "the album", "2026-12-31"),
    PersonStatus.ENROLLED,
    "2026-01-01T00:00:00.000Z",
    faces_at="2026-02-01T00:00:00.000Z",
)
# As records keep it.
PERCENT = st.integers(7_000, 10_000).map(lambda hundredths: hundredths / 100)
FACES = st.dictionaries(
    st.integers(0, 4), st.dictionaries(st.sampled_from("abcd"), PERCENT, max_size=4), max_size=5
)


@given(FACES, PERCENT)
def test_a_threshold_applied_later_leaves_what_the_pairs_from_it_on_come_to(
    faces: dict[int, dict[str, float]], least: float
) -> None:
    found = assigned(faces)

    assert len({match.face for match in found.values()}) == len(found)
    assert {name: match for name, match in found.items() if match.similarity >= least} == assigned(
        {
            face: {name: percent for name, percent in alike.items() if percent >= least}
            for face, alike in faces.items()
        }
    )


@given(FACES)
def test_nobody_is_left_out_who_is_like_a_face_that_is_nobodys(faces: dict[int, dict[str, float]]) -> None:
    found = assigned(faces)

    taken = {match.face for match in found.values()}
    assert not [face for face, alike in faces.items() if face not in taken and alike.keys() - found.keys()]
    assert all(match.similarity == faces[match.face or 0][name] for name, match in found.items())


def test_a_sure_match_is_told_whoever_else_is_a_little_like_two_faces() -> None:
    found = assigned({0: {"ann": 99.0, "beth": 75.0}, 1: {"ann": 72.0}})

    assert found == {"ann": PersonMatch(99.0, 0)}


def test_who_is_second_for_a_face_of_somebody_else_is_told_for_the_one_that_is_left() -> None:
    found = assigned({0: {"ann": 99.0, "bob": 95.0}, 1: {"ann": 98.0, "bob": 80.0}})

    assert {name: match.face for name, match in found.items()} == {"ann": 0, "bob": 1}


@pytest.mark.parametrize(
    "worse",
    [
        {"Pose": {"Roll": 0.0, "Yaw": 23.1, "Pitch": 0.0}},
        {"Pose": {"Roll": 0.0, "Yaw": 0.0, "Pitch": -23.1}},
        {"Quality": {"Brightness": 25.9, "Sharpness": 90.0}},
        {"Quality": {"Brightness": 90.0, "Sharpness": 9.9}},
        {"BoundingBox": {"Left": 0.1, "Top": 0.1, "Width": 0.1, "Height": 0.036}},
    ],
)
def test_a_face_that_says_little_is_not_asked_about(worse: dict[str, Any]) -> None:
    assert is_searchable(GOOD, 1920, 1080)
    assert is_searchable(GOOD, 4000, 3000)
    assert not is_searchable(GOOD | worse, 1920, 1080)


def test_an_answer_is_named_by_face_and_revision() -> None:
    name = FaceAnswerName("q", 20260201, face_name(FaceBox.of(GOOD)))

    assert FaceAnswerName.read(name.of("content")) == name
    assert FaceAnswerName.read(replace(name.of("content"), fingerprint="q")) is None


def test_nobody_is_looked_for_who_is_being_forgotten_or_whose_consent_is_over() -> None:
    forgotten = replace(ANN, id="p2", status=PersonStatus.FORGETTING)
    fresh = replace(ANN, id="p3", status=PersonStatus.ADDING, faces_at="")
    more = replace(ANN, id="p4", status=PersonStatus.ADDING)
    items = [person.to_item() for person in (ANN, forgotten, fresh, more)]

    assert SearchScope.of(items, "2026-12-31").persons == {"p1": "Ann", "p4": "Ann"}
    assert SearchScope.of(items, "2027-01-01").persons == {}


def test_the_revision_never_falls_behind_what_is_wanted() -> None:
    later = revision_at("2026-03-01T00:00:00.000Z")
    wanted = {**WANTED_KEY._asdict(), "revision": later}

    assert SearchScope.of([ANN.to_item()], "2026-06-01").revision == revision_at(ANN.faces_at)
    assert SearchScope.of([ANN.to_item(), wanted], "2026-06-01")[:2] == (later, later)
