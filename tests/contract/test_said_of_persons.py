"""Who people say is on a photo: how it adds up, what it does to whom faces are like, and what is refused."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from contract.corrections import NONE, Corrections
from contract.edits import Edit, EditError
from contract.face_search import FaceBox
from contract.records import Findings, PersonMatch
from contract.said_of_persons import MOST_PERSONS, PersonsEdit, SaidOfPerson
from tests.contract.test_corrections import AT, FOUND, LEFT, RIGHT

NEAR = FaceBox(0.12, 0.11, 0.2, 0.2)
LATER = "2026-11-28T12:00:00.000Z"


def said(*edits: PersonsEdit) -> Corrections:
    standing = NONE
    for edit in edits:
        standing = standing.edited(Edit(persons=edit), "ana", AT)
    return standing


def shown(*edits: PersonsEdit, found: Findings = FOUND) -> Mapping[str, PersonMatch]:
    return said(*edits).apply(found).persons


def test_who_is_there_is_so_for_sure_and_who_is_not_is_gone() -> None:
    assert shown(PersonsEdit({"p3": None}, not_there=("p1",))) == {
        "p2": PersonMatch(95.0, 1),
        "p3": PersonMatch(100.0),
    }


def test_a_face_is_one_persons_and_a_person_on_one_face() -> None:
    assert shown(PersonsEdit({"p3": NEAR})) == {"p2": PersonMatch(95.0, 1), "p3": PersonMatch(100.0, 0)}
    assert shown(PersonsEdit({"p1": RIGHT})) == {"p1": PersonMatch(100.0, 1)}


def test_a_face_is_found_again_in_whatever_order_faces_are() -> None:
    turned = replace(FOUND, face_details=FOUND.face_details[::-1], persons={})

    assert shown(PersonsEdit({"p3": NEAR}), found=turned) == {"p3": PersonMatch(100.0, 1)}
    assert shown(PersonsEdit({"p3": NEAR}), found=replace(turned, face_details=())) == {
        "p3": PersonMatch(100.0)
    }


def test_who_is_named_later_has_the_face() -> None:
    standing = said(PersonsEdit({"p1": LEFT}), PersonsEdit({"p3": NEAR}))

    assert standing.persons == {"p3": SaidOfPerson(is_there=True, face=NEAR, by="ana", at=AT)}
    assert standing.number == 2


def test_it_is_kept_who_said_so_first_and_taken_back() -> None:
    standing = said(PersonsEdit({"p1": LEFT}, not_there=("p2",)))

    for again in (PersonsEdit({"p1": NEAR}), PersonsEdit({"p1": None}), PersonsEdit(not_there=("p2",))):
        assert standing.edited(Edit(persons=again), "ben", LATER) is standing
    after = standing.edited(Edit(persons=PersonsEdit(reset=("p1", "p2"))), "ben", LATER)
    assert after.apply(FOUND) == FOUND
    assert [(each.by, each.edit) for each in after.changes] == [
        ("ana", {"persons": {"is": ["p1"], "is_not": ["p2"]}}),
        ("ben", {"persons": {"reset": ["p1", "p2"]}}),
    ]


def test_a_forgotten_person_is_in_no_byte_and_whoever_read_it_before_is_overtaken() -> None:
    standing = said(PersonsEdit({"p1": LEFT}), PersonsEdit({"p2": None}, not_there=("p1",)))
    standing = standing.edited(Edit(add=("Wolf",), persons=PersonsEdit(reset=("p1",))), "ben", LATER)

    after = standing.without_person("p1")

    assert "p1" not in str(after.to_item())
    assert after.number == standing.number + 1
    assert after.persons == standing.persons
    assert [each.edit for each in after.changes] == [{"persons": {"is": ["p2"]}}, {"add": ["Wolf"]}]
    assert after.without_person("p1") is after


@pytest.mark.parametrize(
    ("there", "not_there", "reset", "sentence"),
    [
        ({}, (), (), "must name 1 to 100 persons"),
        ({"Ann": None}, ("ann",), (), "must name 'ann' once"),
        ({"Ann": LEFT, "Ben": NEAR}, (), (), "must not say of one face that it is two persons'"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    there: dict[str, FaceBox | None], not_there: tuple[str, ...], reset: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        PersonsEdit(there, not_there, reset)


def test_more_than_a_photo_has_faces_is_refused() -> None:
    full = said(PersonsEdit(not_there=tuple(map(str, range(MOST_PERSONS)))))

    with pytest.raises(EditError, match="persons must leave at most 100 persons"):
        full.edited(Edit(persons=PersonsEdit({"one more": None})), "ana", AT)
