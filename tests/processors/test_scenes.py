"""Photos of one scene have each other's answers, where that is switched on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import scenes
from contract.metrics import Metric
from contract.notifications import look_again
from contract.photos import PhotoFacts
from contract.records import ImageRecord, Status
from contract.scenes import Scene, scenes_of
from processors.pipeline.scenes import differing
from tests.fakes.s3 import BUCKET
from tests.processors.world import WITH_PICTURES, World

WITH_SCENES = replace(WITH_PICTURES, scenes="yes")
# Two shots of one burst, and one of another: FakePictures says so.
SHARP, BLURRED, ANOTHER = b"burst1-9 90 cat 97", b"burst1-5 90 dog 88", b"burst2-1 90 owl 91"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(scenes, "_is_compared", lambda _content_id: False)
    return World(settings=WITH_SCENES)


def record(world: World, key: str) -> ImageRecord:
    found = world.record(key)
    assert found is not None
    return found


def burst(world: World) -> list[str]:
    shots = {"1.jpg": SHARP, "2.jpg": BLURRED, "3.jpg": ANOTHER}
    return world.deliver(*(world.s3.put(key, body) for key, body in shots.items()))


def test_the_sharpest_is_asked_about_and_the_others_say_whose_answers_they_have(world: World) -> None:
    assert burst(world) == []

    assert {body for _, body in world.rekognition.paid} == {SHARP, ANOTHER}
    assert record(world, "2.jpg").findings.labels == record(world, "1.jpg").findings.labels
    assert record(world, "2.jpg").findings.scene == record(world, "1.jpg").content_id
    assert record(world, "1.jpg").findings.scene is None
    assert record(world, "3.jpg").findings.scene is None
    assert world.tally[Metric.CALLS_INHERITED] == 2


def test_who_has_inherited_is_not_asked_about_later(world: World) -> None:
    burst(world)
    paid, before = world.rekognition.paid.copy(), world.revision("2.jpg")

    assert world.deliver(look_again(BUCKET, ["2.jpg"], "2026-02-01T00:00:00.000Z")) == []
    assert world.deliver(world.s3.copy("2.jpg", "copy.jpg")) == []

    assert world.rekognition.paid == paid
    assert world.revision("2.jpg") == before
    assert record(world, "copy.jpg").findings.scene == record(world, "1.jpg").content_id


def test_switched_off_again_each_photo_is_asked_about(world: World) -> None:
    burst(world)

    world.use(WITH_PICTURES)
    world.deliver(look_again(BUCKET, ["1.jpg", "2.jpg", "3.jpg"], "2026-02-01T00:00:00.000Z"))

    assert record(world, "2.jpg").findings.scene is None
    assert "Dog" in record(world, "2.jpg").findings.labels
    assert {what: times for what, times in world.rekognition.paid.items() if times > 1} == {}


def test_what_is_rejected_is_nobodys_answer(world: World) -> None:
    """The sharpest cannot be recognized: the others come again, and are asked about."""
    bad, good = world.s3.put("1.jpg", b"burst1-9 90 cat"), world.s3.put("2.jpg", BLURRED)

    assert world.deliver(bad, good) == ["1"]
    assert world.deliver(good) == []

    assert world.status("1.jpg") is Status.REJECTED
    assert (world.status("2.jpg"), record(world, "2.jpg").findings.scene) == (Status.RECOGNIZED, None)


def test_a_share_is_asked_about_all_the_same_and_the_difference_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenes, "_is_compared", lambda _content_id: True)
    burst(world)

    assert "Dog" in record(world, "2.jpg").findings.labels
    assert record(world, "2.jpg").findings.scene is None
    assert world.tally[Metric.CALLS_INHERITED] == 0
    # Burst1-9 and Burst1-5, Cat and Dog.
    assert (world.tally[Metric.SCENES_COMPARED], world.tally[Metric.SCENE_LABELS]) == (1, 4)
    assert world.tally[Metric.SCENE_LABELS_DIFFERENT] == 4


def test_without_the_setting_each_photo_is_asked_about() -> None:
    world = World(settings=WITH_PICTURES)
    burst(world)

    assert {body for _, body in world.rekognition.paid} == {SHARP, BLURRED, ANOTHER}


def facts(second: float, bits: int = 0, camera: str | None = "A", sharpness: float = 1.0) -> PhotoFacts:
    taken_at = f"2026-01-01T12:00:{second:06.3f}"
    return PhotoFacts(
        "JPEG", 400, 300, True, taken_at=taken_at, camera=camera, hash=f"{bits:016x}", sharpness=sharpness
    )


@pytest.mark.parametrize(
    ("other", "is_one"),
    [
        (facts(3.0), True),
        (facts(3.1), False),
        (facts(1, bits=0xFF), True),
        (facts(1, bits=0x1FF), False),
        (facts(1, camera="B"), False),
        (facts(1, camera=None), False),
        (replace(facts(1), taken_at=None), False),
        (replace(facts(1), hash=None), False),
    ],
)
def test_what_is_one_scene(other: PhotoFacts, is_one: bool) -> None:
    assert bool(scenes_of({"a": facts(0, sharpness=2.0), "b": other})) is is_one


def test_a_camera_that_turns_slowly_does_not_make_everything_one_scene() -> None:
    """Each shot is near the one before it; the first and the last have nothing in common."""
    turning = {str(number): facts(number, bits=(1 << (4 * number)) - 1) for number in range(8)}

    assert [len(scene.inheriting) + len(scene.compared) + 1 for scene in scenes_of(turning)] == [3, 3, 2]


@given(st.lists(st.tuples(st.floats(0, 59), st.integers(0, 2**64 - 1), st.floats(0, 9)), max_size=12))
def test_every_photo_is_in_one_scene_at_most(shots: list[tuple[float, int, float]]) -> None:
    photos = {str(place): facts(at, bits, sharpness=sharp) for place, (at, bits, sharp) in enumerate(shots)}
    found: list[str] = []
    for scene in scenes_of(photos):
        assert isinstance(scene, Scene)
        found += [scene.asked, *scene.inheriting, *scene.compared]
        assert all(photos[scene.asked].sharpness >= photos[other].sharpness for other in scene.inheriting)  # type: ignore[operator]

    assert len(found) == len(set(found))
    assert set(found) <= photos.keys()


def test_about_one_in_twenty_is_compared() -> None:
    drawn = sum(scenes._is_compared(f"{number:032x}-1000") for number in range(10_000))

    assert 400 < drawn < 600


def test_only_sure_labels_tell_two_pictures_apart() -> None:
    assert differing({"Cat": 97.0, "Pet": 60.0}, {"Cat": 81.0, "Sofa": 90.0, "Lamp": 50.0}) == (2, 1)
    assert differing({"Cat": 97.0}, {"Cat": 55.0}) == (1, 0)
    assert differing({}, {}) == (0, 0)
