"""Two photos of one ETag and size: where answers are not shared, each has its own."""

from dataclasses import replace

import pytest

from contract.metrics import Metric
from contract.notifications import look_again
from contract.records import ImageRecord, ImageVersion
from contract.settings import ProcessorSettings
from contract.tallies import LONGEST_CONTENT_ID, Share
from tests.fakes.s3 import BUCKET
from tests.processors.world import SETTINGS, World

MODERATED = replace(SETTINGS, detectors=("labels", "moderation"))
ALONE = replace(MODERATED, share_answers="no")
# Of one size.
HARMLESS, HARMFUL = b"cat 97 dog 60 sofa 80", b"unsafe:weapons 98 a 1"
WEAPONS = {"Violence": 98, "Weapons": 98}


def twins(settings: ProcessorSettings = ALONE) -> World:
    """Make a world in which both contents have one ETag, as somebody can who makes MD5 collide."""
    world = World(settings=settings)
    world.s3.etag_of = lambda _body: "d41d8cd98f00b204e9800998ecf8427e"
    return world


def record(world: World, key: str) -> ImageRecord:
    found = world.record(key)
    assert found is not None
    return found


@pytest.mark.parametrize("at_once", [True, False])
def test_a_photo_with_the_etag_of_another_has_its_own_verdict(at_once: bool) -> None:
    world = twins()
    events = [world.s3.put("good.jpg", HARMLESS), world.s3.put("bad.jpg", HARMFUL)]

    for batch in [events] if at_once else [[event] for event in events]:
        assert world.deliver(*batch) == []

    assert record(world, "good.jpg").findings.moderation == {}
    assert record(world, "bad.jpg").findings.moderation == WEAPONS


def test_a_photo_put_over_another_of_its_etag_has_its_own_verdict() -> None:
    world = twins()
    world.deliver(world.s3.put("a.jpg", HARMLESS))

    world.deliver(world.s3.put("a.jpg", HARMFUL))

    assert record(world, "a.jpg").findings.moderation == WEAPONS


def test_where_answers_are_shared_the_second_has_those_of_the_first() -> None:
    world = twins(MODERATED)

    world.deliver(world.s3.put("good.jpg", HARMLESS), world.s3.put("bad.jpg", HARMFUL))

    assert record(world, "good.jpg").findings == record(world, "bad.jpg").findings
    assert sum(world.rekognition.paid.values()) == len(MODERATED.detectors)
    assert not any("shares_answers" in item for item in world.table.items.values())


def test_one_version_is_paid_for_once_whatever_is_delivered_again() -> None:
    world = World(settings=ALONE)
    put = world.s3.put("a.jpg", HARMLESS)
    look = look_again(BUCKET, ["a.jpg"], "2026-02-10T00:00:00.000Z")
    world.deliver(put)
    world.table.items.pop(("image#a.jpg", "record"))

    for again in (put, look, put):
        assert world.deliver(again) == []

    assert set(world.rekognition.paid.values()) == {1}
    assert world.tally[Metric.CALLS_AVOIDED] == len(ALONE.detectors)


def test_a_copy_and_the_same_bytes_uploaded_again_are_paid_for() -> None:
    world = World(settings=ALONE)
    world.deliver(world.s3.put("a.jpg", HARMLESS))

    world.deliver(world.s3.copy("a.jpg", "b.jpg"), world.s3.put("a.jpg", HARMLESS))

    assert set(world.rekognition.paid.values()) == {3}


def test_answers_stay_where_they_were_kept_when_the_setting_changes() -> None:
    world = World(settings=MODERATED)
    world.deliver(world.s3.put("a.jpg", HARMLESS))
    before = record(world, "a.jpg")

    world.use(ALONE)
    world.deliver(look_again(BUCKET, ["a.jpg"], "2026-02-10T00:00:00.000Z"), world.s3.put("b.jpg", HARMLESS))

    assert record(world, "a.jpg") == before
    for key in ("a.jpg", "b.jpg"):
        assert (f"content#{record(world, key).content_id}", "labels#") in {
            (pk, sk[: len("labels#")]) for pk, sk in world.table.items
        }


def test_a_content_of_its_own_can_be_named_and_read_back() -> None:
    version = ImageVersion("k" * 1024, "0" * 32 + "-1000", 5 * 2**40, "v" * 40, "2026-01-01T00:00:00.000Z")
    others = [replace(version, key="k"), replace(version, version_id=None), replace(version, etag="1" * 32)]
    world = World(settings=ALONE)
    world.deliver(world.s3.put("a.jpg", HARMLESS))
    read = record(world, "a.jpg")

    assert version.own_content_id not in {other.own_content_id for other in others}
    assert len(version.own_content_id) < LONGEST_CONTENT_ID
    assert Share.of(read).content == read.version.own_content_id
