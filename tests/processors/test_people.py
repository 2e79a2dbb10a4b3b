"""Who agreed is found on photos; each face is paid for once, whatever comes between."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from contract.detector_choice import write_exceptions
from contract.face_search import UNREADABLE_NOW
from contract.items import to_wire
from contract.people import Consent, Person, PersonStatus
from contract.records import PersonMatch, Status
from contract.timing import CLAIM_SECONDS, MAX_ATTEMPTS
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


class KilledError(BaseException):
    """The function was stopped before a call."""


def before_nth(world: World, operation: str, number: int, do: Callable[[], None]) -> None:
    """Do something before a call of an operation, counted from now on."""
    made = Counter[str]()

    def count(called: str) -> None:
        made[called] += 1
        if called == operation and made[called] == number:
            do()

    world.calls.before = count


def kill() -> None:
    raise KilledError


def test_a_worker_that_is_killed_after_seven_of_twelve_faces_pays_for_five_more(world: World) -> None:
    others = " ".join(f"face:other{number} 99" for number in range(11))
    put = world.s3.put("party.jpg", f"{others} face:p1 98".encode())
    before_nth(world, SEARCH, 8, kill)

    with pytest.raises(KilledError):
        world.deliver(put)
    assert world.rekognition.asked[SEARCH] == 7
    assert world.record("party.jpg") is None

    world.now += CLAIM_SECONDS + 1
    assert world.deliver(put) == []
    assert world.rekognition.asked[SEARCH] == 12
    assert persons(world, "party.jpg") == {"p1": PersonMatch(98.0, 11)}


def test_a_photo_that_is_archived_meanwhile_is_asked_for_once_and_searched_when_it_is_restored(
    world: World,
) -> None:
    put = world.s3.put("a.jpg", b"cat 97 face:p1 99 face:p2 98")
    before_nth(world, "Invoke", 2, lambda: world.s3.archive("a.jpg"))

    assert world.deliver(put) == []

    record = world.record("a.jpg")
    assert record is not None
    assert (record.status, record.findings.labels) == (Status.RECOGNIZED, {"Cat": 97.0})
    assert (record.findings.persons, record.findings.searched) == ({}, UNREADABLE_NOW)
    assert world.pictures.read == ["a.jpg", "a.jpg"]
    assert world.queues.sent == []

    assert world.deliver(world.s3.restore("a.jpg")) == []
    assert persons(world, "a.jpg") == {"p1": PersonMatch(99.0, 0)}
    assert world.rekognition.asked[SEARCH] == 2


@pytest.mark.parametrize("keys", [("a.jpg", "plain/a.jpg"), ("plain/a.jpg", "a.jpg")])
def test_a_copy_where_faces_are_not_looked_for_hides_nobody(keys: tuple[str, str]) -> None:
    plain = write_exceptions({"plain/": ("labels",)})
    world = World(settings=replace(WITH_PEOPLE, detectors=("labels", "faces"), detectors_by_prefix=plain))
    enrol(world, ANN)

    assert world.deliver(*(world.s3.put(key, b"cat 97 face:p1 99") for key in keys)) == []

    assert persons(world, "a.jpg") == {"p1": PersonMatch(99.0, 0)}
    assert persons(world, "plain/a.jpg") == {}
    assert world.rekognition.asked[SEARCH] == 1
