"""Of a bucket that is not ours, only some objects may be meant: the others are as if they were not there."""

import json
from dataclasses import replace

from contract.notifications import look_again
from contract.records import Status
from tests.fakes.event_bridge import as_event
from tests.fakes.s3 import BUCKET
from tests.processors.world import SETTINGS, World

SOME = replace(SETTINGS, bucket_prefix="meant/", bucket_suffixes=(".jpg",))
NOW, LATER = "2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z"


def test_an_event_of_another_key_costs_nothing_and_is_no_dead_letter() -> None:
    world = World(settings=SOME)

    returned = world.deliver(world.s3.put("other/a.jpg", b"cat 97"), world.s3.put("meant/a.txt", b"cat 97"))

    assert returned == []
    assert world.records() == []
    assert world.topic.published == []
    assert world.queues.sent == []
    assert world.rekognition.paid == {}


def test_an_event_through_event_bridge_is_recognized() -> None:
    world = World(settings=SOME)

    world.deliver(json.dumps(as_event(world.s3.put("meant/ü +.jpg", b"cat 97"))))

    assert world.status("meant/ü +.jpg") is Status.RECOGNIZED


def test_a_record_that_is_meant_no_longer_goes_when_somebody_looks_again() -> None:
    """`imagepipe reconcile --fix` asks for that: the photo stays, and leaves all answers."""
    world = World()
    world.deliver(world.s3.put("other/a.jpg", b"cat 97"), world.s3.put("meant/b.jpg", b"dog 97"))
    world.use(SOME)

    world.deliver(look_again(BUCKET, ["other/a.jpg", "meant/b.jpg"], NOW))
    world.deliver(look_again(BUCKET, ["other/a.jpg"], LATER))

    assert world.status("other/a.jpg") is Status.DELETED
    assert world.visible_terms("other/a.jpg") == set()
    assert world.status("meant/b.jpg") is Status.RECOGNIZED
    assert "other/a.jpg" in world.s3.present()
    assert [told["status"] for told in world.topic.published].count("deleted") == 1


def test_it_comes_back_when_it_is_meant_again() -> None:
    world = World()
    world.deliver(world.s3.put("other/a.jpg", b"cat 97"))
    world.use(SOME)
    world.deliver(look_again(BUCKET, ["other/a.jpg"], NOW))
    world.use(SETTINGS)

    world.deliver(look_again(BUCKET, ["other/a.jpg"], LATER))

    assert world.status("other/a.jpg") is Status.RECOGNIZED
    assert sum(world.rekognition.paid.values()) == len(SETTINGS.detectors), "and nothing is paid twice"
