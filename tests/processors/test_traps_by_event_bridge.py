"""What AWS does with versions, lifecycle rules and archives, as EventBridge tells it (traps 31, 32, 35)."""

import json
from typing import Any

import pytest

from contract.records import Status
from tests.fakes.event_bridge import as_event
from tests.fakes.s3_versions import Versioning
from tests.processors.world import World


def bridged(*records: dict[str, Any]) -> list[str]:
    return [json.dumps(as_event(record)) for record in records]


@pytest.fixture
def world() -> World:
    return World()


def told(world: World) -> list[str]:
    return [published["status"] for published in world.topic.published]


def test_an_overwritten_version_that_expires_is_no_news(world: World) -> None:
    """Trap 31: a lifecycle rule removes what is not current, and says so a month later."""
    first, second = world.s3.put("a.jpg", b"cat 97"), world.s3.put("a.jpg", b"dog 97")
    world.deliver(*bridged(first, second))
    before, rows = told(world), world.calls.made["BatchWriteItem"]

    world.deliver(*bridged(world.s3.expire(*world.s3.noncurrent()[0])))

    assert told(world) == before
    assert world.calls.made["BatchWriteItem"] == rows
    assert world.status("a.jpg") is Status.RECOGNIZED


def test_a_deletion_whose_versions_expire_is_told_once(world: World) -> None:
    world.deliver(*bridged(world.s3.put("a.jpg", b"cat 97")))
    world.deliver(*bridged(world.s3.delete("a.jpg", "LifecycleExpiration")))
    while world.s3.noncurrent():
        world.deliver(*bridged(world.s3.expire(*world.s3.noncurrent()[0])))

    assert told(world) == ["recognized", "deleted"]


def test_the_end_of_the_version_named_null_is_not_that_of_the_photo(world: World) -> None:
    """Trap 32: what was there before versioning was switched on goes, and a newer version is current."""
    world.s3.versioning = Versioning.SUSPENDED
    old = world.s3.put("a.jpg", b"cat 97")
    world.s3.versioning = Versioning.ENABLED
    world.deliver(*bridged(old, world.s3.put("a.jpg", b"dog 97")))

    world.deliver(*bridged(world.s3.delete_version("a.jpg", None)))

    assert world.status("a.jpg") is Status.RECOGNIZED
    assert "deleted" not in told(world)


def test_a_photo_without_versions_that_is_deleted_is_gone() -> None:
    world = World(versioned=False)
    world.deliver(*bridged(world.s3.put("a.jpg", b"cat 97")))

    world.deliver(*bridged(world.s3.delete("a.jpg")))

    assert world.status("a.jpg") is Status.DELETED


def test_a_restored_photo_is_looked_at_again(world: World) -> None:
    """Trap 35: its event has no sequencer on this way either."""
    world.deliver(*bridged(world.s3.put("a.jpg", b"cat 97", archived_in="GLACIER")))
    assert world.status("a.jpg") is Status.REJECTED

    world.deliver(*bridged(world.s3.restore("a.jpg")))

    assert world.status("a.jpg") is Status.RECOGNIZED


def test_what_comes_on_both_ways_is_one_event(world: World) -> None:
    record = world.s3.put("a.jpg", b"cat 97")
    world.deliver(record)
    paid = world.rekognition.paid.copy()
    first = world.record("a.jpg")

    world.deliver(*bridged(record), *bridged(record))

    assert world.record("a.jpg") == first
    assert world.rekognition.paid == paid
    assert len({published["id"] for published in world.topic.published}) == 1


def test_the_older_of_two_events_in_the_same_second_changes_nothing(world: World) -> None:
    """EventBridge's times are whole seconds: the sequencer alone decides."""
    older, newer = world.s3.put("a.jpg", b"cat 97"), world.s3.put("a.jpg", b"dog 97")
    older["eventTime"] = newer["eventTime"]
    world.deliver(*bridged(newer))

    world.deliver(*bridged(older))

    assert "label:dog" in world.visible_terms("a.jpg")
