"""Who people say is on a photo, and who is not: by the id of a person, above the machine's word.

It is a part of the corrections of a content (docs/decisions/0026-corrections-by-content.md). A face is told
by where it is: whoever is asked about the photo anew may find its faces in another order.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from contract.face_search import FaceBox
from contract.records import SURE, Findings, PersonMatch

# Of whom people say something on one photo: no more faces are found on one.
MOST_PERSONS = 100
# In this part of a picture a place is kept: items of a table have no floats.
_PARTS = 10_000


class SaidOfPerson(NamedTuple):
    """Whether a person is on a photo, who says so, and when (ISO 8601, UTC).

    `face` is None where nobody said which, and where the person is not there.
    """

    is_there: bool
    face: FaceBox | None
    by: str
    at: str

    def to_item(self) -> dict[str, Any]:
        item = {"is": self.is_there, "by": self.by, "at": self.at}
        return item if self.face is None else {**item, "face": [round(side * _PARTS) for side in self.face]}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "SaidOfPerson":
        sides = item.get("face")
        face = None if sides is None else FaceBox(*(int(side) / _PARTS for side in sides))
        return cls(bool(item["is"]), face, str(item["by"]), str(item["at"]))


Said = Mapping[str, SaidOfPerson]


@dataclass(frozen=True)
class PersonsEdit:
    """What somebody says of persons: by their ids, or by names as long as nobody has looked whose those are.

    Who is `there` may be so on a face. `reset` takes back what people said, so that the machine's word is
    shown again. Raise ValueError for what contradicts itself, or is too much.
    """

    there: Mapping[str, FaceBox | None] = field(default_factory=dict)
    not_there: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        everybody = [*self.there, *self.not_there, *self.reset]
        if not 0 < len(everybody) <= MOST_PERSONS:
            raise ValueError(f"must name 1 to {MOST_PERSONS} persons")
        folded: set[str] = set()
        for name in everybody:
            if name.casefold() in folded:
                raise ValueError(f"must name {name!r} once")
            folded.add(name.casefold())
        faces: list[FaceBox] = []
        for face in filter(None, self.there.values()):
            if any(is_same_face(face, other) for other in faces):
                raise ValueError("must not say of one face that it is two persons'")
            faces.append(face)

    def of(self, named: Callable[[str], str]) -> "PersonsEdit":
        """Return the same of whom `named` gives in place of each."""
        return PersonsEdit(
            {named(name): face for name, face in self.there.items()},
            tuple(map(named, self.not_there)),
            tuple(map(named, self.reset)),
        )

    def to_json(self) -> dict[str, list[str]]:
        """Write who is meant, without where."""
        said = {"is": [*self.there], "is_not": [*self.not_there], "reset": [*self.reset]}
        return {name: persons for name, persons in said.items() if persons}


def is_same_face(one: FaceBox, other: FaceBox) -> bool:
    return one.holds_middle_of(other) and other.holds_middle_of(one)


def edited(said: Said, edit: PersonsEdit, by: str, at: str) -> dict[str, SaidOfPerson]:
    """Return what is said after an edit. A face is one person's: who was said to have it is so no more.

    Raise ValueError where more would stand than can be kept.
    """
    after = {person: each for person, each in said.items() if person not in edit.reset}
    for person in edit.not_there:
        if person not in after or after[person].is_there:
            after[person] = SaidOfPerson(is_there=False, face=None, by=by, at=at)
    for person, box in edit.there.items():
        face = None if box is None else FaceBox(*(round(side * _PARTS) / _PARTS for side in box))
        before = after.get(person)
        if before is not None and before.is_there and _says_nothing_new(before.face, face):
            continue
        if face is not None:
            after = {
                other: each
                for other, each in after.items()
                if each.face is None or not is_same_face(each.face, face)
            }
        after[person] = SaidOfPerson(is_there=True, face=face, by=by, at=at)
    if len(after) > MOST_PERSONS:
        raise ValueError(f"must leave at most {MOST_PERSONS} persons of whom people say something on a photo")
    return after


def put_over(said: Said, found: Findings) -> dict[str, PersonMatch]:
    """Return who is on a photo: whom people say, and of the others whom faces are like that are left."""
    boxes = _faces(found)
    named = {
        person: PersonMatch(SURE, _face_at(each.face, boxes))
        for person, each in said.items()
        if each.is_there
    }
    taken = {match.face for match in named.values()} - {None}
    left = {
        person: match
        for person, match in found.persons.items()
        if person not in said and match.face not in taken
    }
    return {**left, **named}


def _says_nothing_new(before: FaceBox | None, after: FaceBox | None) -> bool:
    return after is None or (before is not None and is_same_face(before, after))


def _faces(found: Findings) -> list[FaceBox]:
    """Return where faces are. Those of a film are of many frames."""
    is_photo = found.photo is not None and not found.photo.is_film
    return [FaceBox.of(face) for face in found.face_details] if is_photo else []


def _face_at(place: FaceBox | None, boxes: Iterable[FaceBox]) -> int | None:
    if place is None:
        return None
    there = (number for number, box in enumerate(boxes) if is_same_face(place, box))
    return next(there, None)
