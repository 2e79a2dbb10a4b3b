"""What people say of a photo stays over what detectors found, whatever happens, and costs no call."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from contract.corrections import corrections_key
from contract.edits import Decision, Edit
from contract.notifications import look_again
from tests.fakes.calls import nothing
from tests.fakes.s3 import BUCKET
from tests.processors.world import SETTINGS, World

CORRECTED = replace(SETTINGS, corrections="yes")
EDIT = Edit(add=("Bird",), remove=("cat",), decision=Decision.BLOCK, why="seen by me")
# Whether somebody has said it: what is shown.
SAID = {True: {"Sofa": 60.0, "Bird": 100.0}, False: {"Cat": 97.0, "Sofa": 60.0}}
AT = "2026-02-01T00:00:00.000Z"


@pytest.fixture
def world() -> World:
    return World(settings=CORRECTED)


def look(*keys: str) -> str:
    return look_again(BUCKET, list(keys), AT)


def correct(world: World, key: str, edit: Edit = EDIT) -> None:
    record = world.record(key)
    assert record is not None
    world.correct(record.content_id, edit)


def labels(world: World, key: str) -> dict[str, float]:
    record = world.record(key)
    assert record is not None
    return dict(record.findings.labels)


def recognized(world: World) -> World:
    world.deliver(world.s3.put("a.jpg", b"cat 97 sofa 60"))
    return world


def test_a_correction_makes_the_record_anew_and_calls_nobody(world: World) -> None:
    paid = recognized(world).rekognition.paid.copy()
    before = world.record("a.jpg")
    correct(world, "a.jpg")

    assert world.deliver(look("a.jpg")) == []

    record = world.record("a.jpg")
    assert before is not None
    assert record is not None
    assert labels(world, "a.jpg") == {"Sofa": 60.0, "Bird": 100.0}
    assert (record.corrections, record.decision) == (1, "block")
    assert record.revision != before.revision
    assert world.visible_terms("a.jpg") == {
        "status:recognized",
        "label:sofa",
        "label:bird",
        "decision:block",
    }
    assert world.rekognition.paid == paid
    assert len({published["id"] for published in world.topic.published}) == 2


def test_looking_again_changes_nothing_more(world: World) -> None:
    correct(recognized(world), "a.jpg")
    world.deliver(look("a.jpg"))
    revision, told = world.revision("a.jpg"), len(world.topic.published)

    world.deliver(look_again(BUCKET, ["a.jpg"], "2026-02-02T00:00:00.000Z"))

    assert world.revision("a.jpg") == revision
    assert len(world.topic.published) == told


def test_copies_and_what_is_recognized_anew_are_corrected_from_the_start(world: World) -> None:
    correct(recognized(world), "a.jpg")

    world.deliver(world.s3.copy("a.jpg", "copy.jpg"))
    world.forget_detectors("a.jpg")
    world.deliver(look("a.jpg"))

    assert labels(world, "copy.jpg") == labels(world, "a.jpg") == {"Sofa": 60.0, "Bird": 100.0}


def test_other_bytes_under_the_key_are_another_photo(world: World) -> None:
    correct(recognized(world), "a.jpg")

    world.deliver(world.s3.put("a.jpg", b"cat 91"))
    assert labels(world, "a.jpg") == {"Cat": 91.0}

    world.deliver(world.s3.put("a.jpg", b"cat 97 sofa 60"))
    assert labels(world, "a.jpg") == {"Sofa": 60.0, "Bird": 100.0}


def test_taken_back_the_detectors_word_is_shown_again(world: World) -> None:
    correct(recognized(world), "a.jpg")
    world.deliver(look("a.jpg"))

    correct(world, "a.jpg", Edit(reset=("bird", "cat"), decision=""))
    world.deliver(look("a.jpg"))

    record = world.record("a.jpg")
    assert record is not None
    assert labels(world, "a.jpg") == {"Cat": 97.0, "Sofa": 60.0}
    assert (record.corrections, record.decision) == (2, None)


def test_where_corrections_are_off_nothing_is_read_or_changed() -> None:
    world = recognized(World())
    correct(world, "a.jpg")
    reads = world.calls.made["BatchGetItem"]

    world.deliver(look("a.jpg"))

    assert labels(world, "a.jpg") == {"Cat": 97.0, "Sofa": 60.0}
    assert world.calls.made["BatchGetItem"] == reads + 1


def test_corrections_that_cannot_be_read_keep_the_photo_from_being_shown_without_them(world: World) -> None:
    recognized(world)
    record = world.record("a.jpg")
    assert record is not None
    place = corrections_key(record.content_id)
    world.table.items[place] = {"pk": {"S": place.pk}, "sk": {"S": place.sk}, "number": {"S": "two"}}

    assert world.deliver(
        look("a.jpg"), world.s3.copy("a.jpg", "b.jpg"), world.s3.put("c.jpg", b"owl 91")
    ) == [
        "0",
        "1",
    ]

    assert world.record("a.jpg") == record
    assert world.record("b.jpg") is None
    assert labels(world, "c.jpg") == {"Owl": 91.0}


def strike_at(world: World, at: int, act: Callable[[], None]) -> None:
    """Have something happen before the call of that number, once."""
    countdown = iter(range(at, 0, -1))

    def strike(_operation: str) -> None:
        if next(countdown, 0) == 1:
            world.calls.before = nothing
            act()

    world.calls.before = strike


def deliver_until_done(world: World, body: object) -> None:
    while world.deliver(body):
        pass


@pytest.mark.parametrize("at", range(1, 13))
def test_whoever_corrects_while_a_copy_is_worked_on_is_heard(at: int) -> None:
    """As long as the copy has no record, nobody is told of it, and only its own worker can see to it."""
    world = recognized(World(settings=CORRECTED))
    copied = world.s3.copy("a.jpg", "copy.jpg")
    named: list[str] = []

    def correct_and_see_who_is_named() -> None:
        correct(world, "a.jpg")
        named.extend(record.key for record in world.records())

    strike_at(world, at, correct_and_see_who_is_named)

    deliver_until_done(world, copied)

    deliver_until_done(world, look(*named))
    assert labels(world, "copy.jpg") == labels(world, "a.jpg") == SAID[world.calls.before is nothing]


@pytest.mark.parametrize("at", range(1, 13))
def test_whoever_corrects_while_the_same_bytes_come_again_is_heard(at: int) -> None:
    """Another worker looks again before the newer event is written, which knows nothing of it."""
    world = recognized(World(settings=CORRECTED))
    again = world.s3.put("a.jpg", b"cat 97 sofa 60")

    def correct_and_look() -> None:
        correct(world, "a.jpg")
        deliver_until_done(world, look("a.jpg"))

    strike_at(world, at, correct_and_look)

    deliver_until_done(world, again)

    assert labels(world, "a.jpg") == SAID[world.calls.before is nothing]
