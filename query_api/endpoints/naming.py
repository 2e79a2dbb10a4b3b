"""Persons by their names in corrections: as they are asked for, and as they are told."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from contract.corrections import Corrections
from contract.people import MAX_NAME_CHARACTERS
from query_api.endpoints.people import ids_by_name
from query_api.endpoints.schemas import BOX, Json
from query_api.http.messages import ParamFault, ProblemError, bad_parameters
from query_api.http.parameters import JsonType, Parameter

if TYPE_CHECKING:
    from contract.face_search import FaceBox
    from contract.said_of_persons import PersonsEdit

_SIDES = ("left", "top", "width", "height")
# A face at the edge of a photo may reach out of it.
_FARTHEST = 2.0
_IS, _IS_NOT, _RESET = "is", "is_not", "reset"
_NAME: Json = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARACTERS}
_WHO: Json = {
    "type": "object",
    "properties": {"name": _NAME, "face": BOX},
    "required": ["name"],
    "additionalProperties": False,
}


def _read(value: object) -> "PersonsEdit":
    from contract.said_of_persons import PersonsEdit

    if not isinstance(value, dict) or value.keys() - {_IS, _IS_NOT, _RESET}:
        raise ValueError(f"must be an object of {_IS}, {_IS_NOT} and {_RESET}")
    there: dict[str, FaceBox | None] = {}
    for each in _list(value, _IS):
        if not isinstance(each, dict) or not {"name"} <= each.keys() <= {"name", "face"}:
            raise ValueError(f"must have objects of name and face in {_IS}")
        name = _read_name(each["name"])
        if name in there:
            raise ValueError(f"must name {name!r} once")
        there[name] = _read_box(each["face"]) if "face" in each else None
    return PersonsEdit(
        there,
        tuple(_read_name(name) for name in _list(value, _IS_NOT)),
        tuple(_read_name(name) for name in _list(value, _RESET)),
    )


PERSONS = Parameter(
    "persons",
    JsonType(
        {
            "type": "object",
            "properties": {
                _IS: {"type": "array", "items": _WHO},
                _IS_NOT: {"type": "array", "items": _NAME},
                _RESET: {"type": "array", "items": _NAME},
            },
            "additionalProperties": False,
        },
        _read,
    ),
    "Who is on the photo, with the box of a face where it is known; who is not; and of whom the machine's "
    "word is told again. By names of persons who are enrolled, whatever the case.",
)


def identified(edit: "PersonsEdit", names: Mapping[str, str]) -> "PersonsEdit":
    """Return an edit by ids; `names` are those of enrolled persons by id. Raise ProblemError for another."""
    ids = ids_by_name(names)
    unknown = [name for name in (*edit.there, *edit.not_there, *edit.reset) if name.casefold() not in ids]
    if unknown:
        raise bad_parameters(
            ParamFault("persons", f"must name persons who are enrolled, and {unknown[0]!r} is not")
        )
    return edit.of(lambda name: ids[name.casefold()])


def nobody_is_looked_for() -> ProblemError:
    return bad_parameters(ParamFault("persons", "this deployment looks for nobody (its setting people)"))


def with_names(told: Json, said: Corrections, read_names: Callable[[], Mapping[str, str]]) -> Json:
    """Return corrections as JSON with the persons by name; without those who are not looked for any more.

    Where nobody has said anything of persons, no names are read.
    """
    is_any = said.persons or any("persons" in change for change in told["changes"])
    names = read_names() if is_any else {}
    persons = [
        {
            "id": person,
            "name": names[person],
            "is": each.is_there,
            "face": None if each.face is None else each.face._asdict(),
            "by": each.by,
            "at": each.at,
        }
        for person, each in said.persons.items()
        if person in names
    ]
    return {**told, "persons": persons, "changes": [_change(change, names) for change in told["changes"]]}


def _change(change: Json, names: Mapping[str, str]) -> Json:
    if "persons" not in change:
        return change
    persons = {
        part: [names[person] for person in given if person in names]
        for part, given in change["persons"].items()
    }
    return {**change, "persons": persons}


def _list(value: Mapping[str, object], part: str) -> list[Any]:
    given = value.get(part, [])
    if type(given) is not list:
        raise ValueError(f"must have a list in {part}")
    return given


def _read_name(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME_CHARACTERS:
        raise ValueError(f"must have names of 1 to {MAX_NAME_CHARACTERS} characters")
    return value


def _read_box(value: object) -> "FaceBox":
    from contract.face_search import FaceBox

    if not isinstance(value, dict) or value.keys() != set(_SIDES):
        raise ValueError(f"must have a face of {', '.join(_SIDES)}")
    if any(isinstance(side, bool) or not isinstance(side, int | float) for side in value.values()):
        raise ValueError("must have a face in numbers")
    box = FaceBox(*(float(value[side]) for side in _SIDES))
    if not all(math.isfinite(side) and abs(side) <= _FARTHEST for side in box) or min(box[2:]) <= 0:
        raise ValueError("must have a face in ratios of the picture's width and height")
    return box
