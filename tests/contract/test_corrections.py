"""What people say of a photo: how edits add up, what they do to findings, and what is refused."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.corrections import MAX_CHANGES, NONE, Corrections
from contract.edits import MAX_LABELS, Decision, Edit, EditError
from contract.face_search import FaceBox
from contract.items import from_wire, to_wire
from contract.photos import PhotoFacts
from contract.records import Findings, PersonMatch
from contract.said_of_persons import PersonsEdit

LEFT, RIGHT = FaceBox(0.1, 0.1, 0.2, 0.2), FaceBox(0.6, 0.1, 0.2, 0.2)
AT = "2026-11-27T12:00:00.000Z"
FOUND = Findings(
    labels={"Animal": 99.0, "Canine": 97.0, "Dog": 97.0, "Cat": 80.0, "Sofa": 60.0},
    parents=frozenset({"Animal", "Canine"}),
    implied_by={"Canine": frozenset({"Dog"}), "Animal": frozenset({"Dog", "Canine", "Cat"})},
    photo=PhotoFacts(format="jpeg", width=100, height=100, is_direct=True),
    faces=2,
    face_details=tuple(
        {"BoundingBox": dict(zip(("Left", "Top", "Width", "Height"), box, strict=True))}
        for box in (LEFT, RIGHT)
    ),
    persons={"p1": PersonMatch(97.5, 0), "p2": PersonMatch(95.0, 1)},
)


def said(*edits: Edit) -> Corrections:
    standing = NONE
    for edit in edits:
        standing = standing.edited(edit, "ana", AT)
    return standing


def shown(*edits: Edit) -> Mapping[str, float]:
    return said(*edits).apply(FOUND).labels


def test_what_a_person_names_is_sure_and_what_she_removes_is_gone() -> None:
    after = said(Edit(add=("Wolf", "sofa"), remove=("CAT",))).apply(FOUND)

    assert after.labels == {"Animal": 99.0, "Canine": 97.0, "Dog": 97.0, "Sofa": 100.0, "Wolf": 100.0}
    assert after.parents == {"Animal", "Canine"}


def test_a_parent_goes_with_the_last_label_that_implies_it() -> None:
    assert shown(Edit(remove=("Dog",))) == {"Animal": 99.0, "Cat": 80.0, "Sofa": 60.0}
    assert shown(Edit(remove=("Dog", "Cat"))) == {"Sofa": 60.0}
    assert shown(Edit(remove=("Dog", "Cat"), add=("Animal",))) == {"Sofa": 60.0, "Animal": 100.0}
    assert said(Edit(add=("animal",))).apply(FOUND).parents == {"Canine"}


def test_what_is_renamed_goes_on_implying_its_parents() -> None:
    assert shown(Edit(rename={"dog": "Wolf"})) == {
        "Animal": 99.0,
        "Canine": 97.0,
        "Cat": 80.0,
        "Sofa": 60.0,
        "Wolf": 100.0,
    }


def test_renaming_onto_a_label_that_is_there_merges_the_two() -> None:
    after = shown(Edit(rename={"Cat": "dog"}))

    assert after["Dog"] == 100.0
    assert "Cat" not in after


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ((Edit(add=("Wolf",)), Edit(remove=("wolf",))), {"removed": ("wolf",)}),
        ((Edit(remove=("Dog",)), Edit(add=("dog",))), {"added": ("dog",)}),
        ((Edit(rename={"Dog": "Wolf"}), Edit(remove=("Wolf",))), {"removed": ("Dog", "Wolf")}),
        (
            (Edit(rename={"Dog": "Wolf"}), Edit(rename={"Wolf": "Fox"})),
            {"renamed": {"Dog": "Fox", "Wolf": "Fox"}},
        ),
        ((Edit(rename={"Dog": "Wolf"}), Edit(rename={"Wolf": "Dog"})), {"renamed": {"Wolf": "Dog"}}),
        ((Edit(rename={"Dog": "Wolf"}), Edit(add=("Dog",))), {"added": ("Wolf", "Dog")}),
        (
            (Edit(add=("Wolf",)), Edit(rename={"Wolf": "Fox"})),
            {"added": ("Fox",), "renamed": {"Wolf": "Fox"}},
        ),
        ((Edit(rename={"Dog": "Wolf"}), Edit(reset=("wolf",))), {}),
        ((Edit(rename={"Dog": "Wolf"}), Edit(reset=("dog",))), {}),
        ((Edit(add=("A",), remove=("B",)), Edit(reset=("a", "b"))), {}),
    ],
)
def test_each_label_stands_in_one_place_alone(edits: tuple[Edit, ...], expected: dict[str, object]) -> None:
    after = said(*edits)

    nothing: dict[str, object] = {"added": (), "removed": (), "renamed": {}}
    assert {name: getattr(after, name) for name in nothing} == nothing | expected
    assert after.number == len(edits)


def test_a_decision_is_kept_with_who_when_and_why_and_taken_back() -> None:
    blocked = said(Edit(decision="block", why="a licence plate"))

    assert blocked.verdict == (Decision.BLOCK, "ana", AT, "a licence plate")
    assert blocked.edited(Edit(decision=""), "ben", AT).decision is None
    assert [change.by for change in blocked.edited(Edit(decision=""), "ben", AT).changes] == ["ana", "ben"]


def test_what_is_so_already_is_no_change() -> None:
    standing = said(Edit(add=("Wolf",), decision=Decision.ALLOW))

    assert standing.edited(Edit(add=("WOLF",), decision="allow", why="still"), "ben", AT) is standing
    assert NONE.edited(Edit(reset=("Dog",), decision=""), "ben", AT) is NONE


def test_the_last_changes_are_kept_and_never_more_than_an_item_takes() -> None:
    many = said(*(Edit(decision=("allow", "block")[turn % 2]) for turn in range(MAX_CHANGES + 5)))
    assert len(many.changes) == MAX_CHANGES
    assert many.number == MAX_CHANGES + 5

    names = [tuple(f"{turn}-{number}".ljust(200, "ä") for number in range(MAX_LABELS)) for turn in range(9)]
    long = said(*(edit for each in names for edit in (Edit(add=each), Edit(reset=each))))
    assert 0 < len(long.changes) < MAX_CHANGES
    assert len(str(long.to_item()).encode()) < 100_000


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ({}, "body must name something to change: add, remove, rename, reset, persons or decision"),
        (
            {"add": ("",)},
            "add must name labels of 1 to 200 characters in one line, without blanks around them",
        ),
        (
            {"remove": (" a",)},
            "remove must name labels of 1 to 200 characters in one line, without blanks around them",
        ),
        (
            {"reset": ("a\nb",)},
            "reset must name labels of 1 to 200 characters in one line, without blanks around them",
        ),
        (
            {"rename": {"a": "\ud800"}},
            "rename must name labels of 1 to 200 characters in one line, without blanks around them",
        ),
        (
            {"add": ("a" * 201,)},
            "add must name labels of 1 to 200 characters in one line, without blanks around them",
        ),
        ({"add": ("a",), "remove": ("A",)}, "remove must not name 'A', which add names too"),
        ({"rename": {"a": "A"}}, "rename must not lead to 'A', which is to become itself"),
        ({"rename": {"a": "b"}, "remove": ("B",)}, "rename must not lead to 'b', which remove names too"),
        ({"decision": "maybe"}, "decision must be allow, block or none"),
        ({"decision": "allow", "why": "a" * 501}, "why must be one line of at most 500 characters"),
        ({"add": tuple(map(str, range(51)))}, "body must name at most 50 labels"),
    ],
)
def test_an_edit_that_cannot_be_meant_is_refused_in_one_sentence(
    edit: dict[str, object], sentence: str
) -> None:
    with pytest.raises(EditError) as refused:
        Edit(**edit)  # type: ignore[arg-type]

    assert str(refused.value) == sentence


def test_more_than_can_be_kept_is_refused() -> None:
    full = said(Edit(add=tuple(map(str, range(MAX_LABELS)))))

    with pytest.raises(
        EditError, match="add must leave at most 50 labels of a photo added or renamed by people"
    ):
        full.edited(Edit(add=("one more",)), "ana", AT)


NAMES = st.sampled_from(["a", "A", "b", "ß", "Straße", "c d"])


FACES = st.sampled_from([None, LEFT, FaceBox(0.12, 0.1, 0.2, 0.2), RIGHT])


@st.composite
def persons_edits(draw: st.DrawFn) -> PersonsEdit:
    persons = draw(st.permutations(["p1", "p2", "p3"]))
    there = {persons[0]: draw(FACES)} if draw(st.booleans()) else {}
    return PersonsEdit(there, (persons[1],), (persons[2],) if draw(st.booleans()) else ())


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold))
    parts: dict[str, list[str]] = {"add": [], "remove": [], "reset": []}
    for name in names[:-1]:
        parts[draw(st.sampled_from(list(parts)))].append(name)
    renamed = {names[-1]: draw(st.sampled_from(["x", "Y"]))} if draw(st.booleans()) else {}
    return Edit(
        **{part: tuple(each) for part, each in parts.items()},
        rename=renamed,
        decision=draw(st.sampled_from(["", *Decision])),
        why=draw(st.sampled_from(["", "because"])),
        persons=draw(st.none() | persons_edits()),
    )


@given(st.lists(edits(), max_size=8))
def test_whatever_is_said_can_be_written_read_and_put_over_twice(many: list[Edit]) -> None:
    standing = said(*many)

    if standing.number:
        assert Corrections.from_item(from_wire(to_wire(standing.to_item()))) == standing
    folded = [
        {name.casefold() for name in names} for names in (standing.added, standing.removed, standing.renamed)
    ]
    assert sum(map(len, folded)) == len(set().union(*folded)) or folded[0] & folded[2]
    after = standing.apply(FOUND)
    assert standing.apply(after) == after
    there = {person for person, each in standing.persons.items() if each.is_there}
    assert there <= after.persons.keys()
    assert not after.persons.keys() & (standing.persons.keys() - there)
    faces = [match.face for match in after.persons.values() if match.face is not None]
    assert len(faces) == len(set(faces))
    for edit in many[-1:]:
        assert standing.edited(edit, "ben", AT) is standing


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"number": 0, "added": [], "removed": [], "renamed": {}, "changes": []},
        {"number": 1, "added": "abc", "removed": [], "renamed": {}, "changes": []},
        {
            "number": 1,
            "added": [],
            "removed": [],
            "renamed": {},
            "changes": [],
            "decision": {"decision": "no"},
        },
    ],
)
def test_what_is_none_is_not_read_as_one(item: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Corrections.from_item(item)
