"""What people say of who is on a photo goes with whom is forgotten, whoever writes at that moment."""

from typing import Any

import pytest

from contract.corrections import NONE, Corrections, corrections_key
from contract.edits import Edit
from contract.items import from_wire, to_wire
from contract.notifications import parse
from contract.said_of_persons import PersonsEdit
from contract.table import EXPIRY
from contract.tallies import Name
from contract.timing import EDITOR_TIMEOUT_SECONDS, PROCESSOR_TIMEOUT_SECONDS
from tests.fakes.s3 import BUCKET
from tests.fakes.sqs import IMAGES
from tests.people.conftest import Pipeline, forget
from tests.people.test_people import add, ann

AT = "2026-11-27T12:00:00.000Z"
SAID = NONE.edited(Edit(persons=PersonsEdit({"p1": None}, not_there=("p2",))), "cem", AT).edited(
    Edit(add=("Cake",), persons=PersonsEdit(not_there=("p1",))), "cem", AT
)
PLACE = corrections_key("party")


def keep(pipeline: Pipeline, said: Corrections) -> None:
    pipeline.items[PLACE] = to_wire(PLACE._asdict() | said.to_item())


def kept(pipeline: Pipeline) -> Corrections:
    return Corrections.from_item(from_wire(pipeline.items[PLACE]))


def test_what_people_say_of_a_person_is_forgotten_and_the_photos_are_told(pipeline: Pipeline) -> None:
    person = add(pipeline, "Ann", *ann(pipeline, 1)).person
    keep(pipeline, SAID)
    name = Name("party", "party.jpg", 1)
    pipeline.items[name.at] = to_wire(name.at._asdict() | name.to_item())

    forget(pipeline, [person])

    assert person.id == "p1"
    assert not [item for item in pipeline.items.values() if "p1" in str(item)]
    assert kept(pipeline) == SAID.without_person("p1")
    assert [each.edit for each in kept(pipeline).changes] == [
        {"persons": {"is_not": ["p2"]}},
        {"add": ["Cake"]},
    ]
    asked = [event.key for body in pipeline.queues.bodies(IMAGES) for event in parse(body, BUCKET)]
    assert asked == ["party.jpg"]


@pytest.mark.parametrize("said", [SAID, NONE.edited(Edit(persons=PersonsEdit({"p1": None})), "cem", AT)])
def test_corrections_of_a_photo_that_is_deleted_expire_all_the_same(
    pipeline: Pipeline, said: Corrections
) -> None:
    person = add(pipeline, "Ann", *ann(pipeline, 1)).person
    keep(pipeline, said)
    pipeline.items[PLACE][EXPIRY] = {"N": "1900000000"}

    forget(pipeline, [person])

    assert kept(pipeline) == said.without_person("p1")
    assert pipeline.items[PLACE][EXPIRY] == {"N": "1900000000"}
    assert "p1" not in str(pipeline.items[PLACE])


def test_of_two_who_are_forgotten_at_once_neither_is_left_in_a_correction(pipeline: Pipeline) -> None:
    both = [add(pipeline, name, *ann(pipeline, photo)).person for name, photo in (("Ann", 1), ("Ben", 2))]
    keep(pipeline, SAID)

    forget(pipeline, both)

    assert [person.id for person in both] == ["p1", "p2"]
    assert kept(pipeline) == SAID.without_person("p1").without_person("p2")
    assert not [item for item in pipeline.items.values() if "p1" in str(item) or "p2" in str(item)]


def test_a_correction_written_meanwhile_is_kept_without_the_person(
    pipeline: Pipeline, monkeypatch: Any
) -> None:
    person = add(pipeline, "Ann", *ann(pipeline, 1)).person
    keep(pipeline, SAID)
    meanwhile = SAID.edited(Edit(add=("Balloon",)), "cem", AT)
    seen: list[Corrections] = []
    read = Corrections.from_item

    def overtaken(item: Any) -> Corrections:
        if not seen:
            seen.append(SAID)
            keep(pipeline, meanwhile)
        return read(item)

    monkeypatch.setattr(Corrections, "from_item", overtaken)
    forget(pipeline, [person])

    assert kept(pipeline) == meanwhile.without_person("p1")


def test_who_named_the_person_before_is_done_when_it_is_looked() -> None:
    """Names are read as a correction begins: it has to end before what is kept is looked through."""
    assert EDITOR_TIMEOUT_SECONDS < PROCESSOR_TIMEOUT_SECONDS
