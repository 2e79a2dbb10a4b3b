"""Who agreed is found on photos; each face is paid for once, whatever comes between."""

from dataclasses import replace

import pytest

from contract.items import to_wire
from contract.people import Consent, Person, PersonStatus
from contract.records import PersonMatch, Status
from contract.timing import MAX_ATTEMPTS
from tests.processors.world import WITH_PICTURES, World

WITH_PEOPLE = replace(WITH_PICTURES, people_collection="imagepipe-people")
SEARCH = "SearchUsersByImage"
ANN = Person(
    "p1",
    "Ann",
    Consent("2026-01-01", "the album", "2027-01-01"),
    PersonStatus.ENROLLED,
    "2026-01-01T00:00:00.000Z",
    faces_at="2026-01-01T00:00:00.000Z",
)


def enrol(world: World, person: Person) -> None:
    world.table.items[person.at] = to_wire(person.to_item())


@pytest.fixture
def world() -> World:
    made = World(settings=WITH_PEOPLE)
    enrol(made, ANN)
    return made


def persons(world: World, key: str) -> dict[str, PersonMatch]:
    record = world.record(key)
    assert record is not None
    return dict(record.findings.persons)


def test_who_is_enrolled_is_on_the_record_and_nobody_else(world: World) -> None:
    assert world.deliver(world.s3.put("a.jpg", b"cat 97 face:p1 99 face:p2 98")) == []

    assert persons(world, "a.jpg") == {"p1": PersonMatch(99.0, 0)}
    assert world.rekognition.asked[SEARCH] == 2


def test_an_item_of_a_person_that_cannot_be_read_buries_no_photo(world: World) -> None:
    whole = world.table.items[ANN.at]
    world.table.items[ANN.at] = {**whole, "status": {"S": "of later"}}
    put = world.s3.put("a.jpg", b"face:p1 99")

    for _ in range(2 * MAX_ATTEMPTS):
        assert world.deliver(put) == ["0"]
    assert world.queues.sent == []

    world.table.items[ANN.at] = whole
    assert world.deliver(put) == []
    assert world.status("a.jpg") is Status.RECOGNIZED
