"""Objects of blocked photos have the tag by which buckets refuse them, and no others have."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from contract.block_tag import BLOCK_TAG
from contract.edits import Decision, Edit
from contract.notifications import look_again
from contract.policy import to_json
from loadtest.simulation.outages import client_error
from tests.fakes.calls import nothing
from tests.fakes.pictures import FILMS, RENDITIONS
from tests.fakes.s3 import BUCKET
from tests.processors.world import WITH_PICTURES, World

BLOCKS = {"moderation": {"Violence": {"review": 60, "block": 90}}}
TAGGED = replace(
    WITH_PICTURES,
    detectors=("labels", "moderation"),
    policy=to_json(BLOCKS),
    corrections="yes",
    block_tag="yes",
)
WEAPON, MILD = b"cat 97 unsafe:weapons 91", b"cat 97 unsafe:weapons 61"


@pytest.fixture
def world() -> World:
    return World(settings=TAGGED)


def is_tagged(world: World, key: str = "a.jpg", version_id: str | None = None) -> bool:
    return BLOCK_TAG in world.s3.tags.of("", key, version_id)


def tagged_renditions(world: World) -> set[str]:
    return {
        key.rsplit("/", 1)[-1]
        for (bucket, key), tags in world.s3.plain_tags.items()
        if bucket == RENDITIONS and BLOCK_TAG in tags
    }


def work_off_film(world: World, put: object) -> None:
    """Deliver the event of a film to the bulk lane until it does not come back."""
    for _ in range(10):
        if not world.deliver(put, queue_name="images-bulk"):
            return
    raise AssertionError("the film comes back for ever")


def test_all_frames_of_a_blocked_film_are_tagged_and_untagged() -> None:
    world = World(settings=replace(TAGGED, films_function=FILMS))
    film = b"film unsafe:weapons 91|dog 88|cat 91"
    work_off_film(world, world.s3.put("a.mp4", film))

    assert is_tagged(world, "a.mp4")
    assert tagged_renditions(world) == {key.rsplit("/", 1)[-1] for key in world.pictures.renditions}
    assert sum(name.startswith("frame-") for name in tagged_renditions(world)) == 3

    work_off_film(world, decide(world, Decision.ALLOW, "a.mp4"))
    assert not is_tagged(world, "a.mp4")
    assert not tagged_renditions(world)


def before(world: World, operation: str, act: Callable[[], object]) -> None:
    """Have something done before the next call of an operation."""

    def step_in(called: str) -> None:
        if called == operation:
            world.calls.before = nothing
            act()

    world.calls.before = step_in


def decide(world: World, decision: Decision | str, key: str = "a.jpg") -> str:
    """Write a decision; return the message by which the photo is looked at again."""
    record = world.record(key)
    assert record is not None
    world.correct(record.content_id, Edit(decision=decision))
    return look_again(BUCKET, [key], "2026-02-01T00:00:00.000Z")


def test_a_blocked_photo_and_its_renditions_are_tagged_before_it_is_announced(world: World) -> None:
    put = world.s3.put("a.jpg", WEAPON)
    tagged: list[bool] = []
    before(world, "PublishBatch", lambda: tagged.append(is_tagged(world)))

    assert world.deliver(put) == []

    assert tagged == [True]
    assert len(tagged_renditions(world)) == 1
    assert world.topic.published[0]["moderation_action"] == "block"


@pytest.mark.parametrize("body", [MILD, b"cat 97", b"bomb 1"])
def test_no_other_photo_is_tagged(world: World, body: bytes) -> None:
    world.deliver(world.s3.put("a.jpg", body))

    assert not is_tagged(world)
    assert not tagged_renditions(world)


def test_nothing_is_asked_about_tags_where_that_is_off() -> None:
    world = World(settings=replace(TAGGED, block_tag="no"))

    world.deliver(world.s3.put("a.jpg", WEAPON))

    assert not [name for name in world.calls.made if "Tagging" in name]


def test_a_person_has_it_tagged_and_untagged_and_tags_of_others_stay(world: World) -> None:
    world.deliver(world.s3.put("a.jpg", MILD))
    mine = {"Key": "album", "Value": "trip"}
    world.s3.put_object_tagging(Bucket=BUCKET, Key="a.jpg", Tagging={"TagSet": [mine]})

    world.deliver(decide(world, Decision.BLOCK))
    assert is_tagged(world)
    assert tagged_renditions(world)

    world.deliver(decide(world, ""))
    assert not is_tagged(world)
    assert not tagged_renditions(world)
    assert world.s3.tags.of("", "a.jpg") == (("album", "trip"),)


def test_another_photo_in_its_place_is_not_tagged_and_the_version_below_stays_so(world: World) -> None:
    world.deliver(world.s3.put("a.jpg", WEAPON))
    below = world.s3.objects["a.jpg"][0].version_id

    world.deliver(world.s3.put("a.jpg", b"dog 97"))

    assert not is_tagged(world)
    assert is_tagged(world, version_id=below)


def test_a_copy_that_is_not_blocked_loses_the_tag_that_came_with_it() -> None:
    world = World(settings=replace(TAGGED, share_answers="no"))
    world.deliver(world.s3.put("a.jpg", MILD))
    world.deliver(decide(world, Decision.BLOCK))

    world.deliver(world.s3.copy("a.jpg", "b.jpg"))

    assert is_tagged(world)
    assert not is_tagged(world, "b.jpg")


def test_what_could_not_be_tagged_is_not_announced_and_comes_again(world: World) -> None:
    put = world.s3.put("a.jpg", WEAPON)

    def refused(operation: str) -> None:
        if operation == "PutObjectTagging":
            raise client_error("AccessDenied", operation)

    world.calls.before = refused
    assert world.deliver(put) == ["0"]
    assert not world.topic.published

    world.calls.before = nothing
    assert world.deliver(put) == []
    assert is_tagged(world)
    assert len(world.topic.published) == 1


@pytest.mark.parametrize("operation", ["GetObjectTagging", "PutObjectTagging"])
def test_a_worker_that_was_held_up_leaves_no_tag_of_a_record_that_was_replaced(
    world: World, operation: str
) -> None:
    """Somebody allows the photo, and another worker is done with that, while the first is about to tag."""
    put = world.s3.put("a.jpg", WEAPON)

    before(world, operation, lambda: world.deliver(decide(world, Decision.ALLOW)))

    world.deliver(put)

    record = world.record("a.jpg")
    assert record is not None
    assert record.decision == "allow"
    assert not is_tagged(world)
    assert not tagged_renditions(world)


def test_a_photo_that_is_gone_is_no_trouble(world: World) -> None:
    put = world.s3.put("a.jpg", WEAPON)
    before(world, "GetObjectTagging", lambda: world.s3.objects.pop("a.jpg"))

    assert world.deliver(put) == []
