"""When the bucket is asked, and when what is there says enough."""

from tests.processors.world import World


def test_an_event_that_is_past_has_nobody_ask_the_bucket() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    version = world.s3.current("a.jpg")
    assert version is not None
    of_one_version = world.s3.delete_version("a.jpg", version.version_id)
    world.deliver(world.s3.put("a.jpg", b"dog 88"))
    looks = world.calls.made["HeadObject"]

    assert world.deliver(of_one_version) == []

    assert world.calls.made["HeadObject"] == looks
