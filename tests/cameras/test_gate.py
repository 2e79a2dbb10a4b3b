"""Pictures of cameras through the whole pipeline: what is asked about, what is not, and what was seen."""

from dataclasses import replace

import pytest

from contract.camera_events import CameraPicture, events_of
from contract.cameras import CELLS, Camera, Cameras, cells_of, masked_cells, write_cameras
from contract.edits import Edit
from contract.errors import NotReadyError
from contract.items import from_wire
from contract.metrics import Metric
from contract.moments import to_seconds, to_text
from contract.notifications import look_again
from contract.records import ImageRecord, ImageVersion, Status
from contract.sightings import CameraLook, PictureBox, Sighting
from processors.cameras.gate import CameraGate, SeenAnew, Sighted
from processors.cameras.scene import SceneState
from processors.cameras.standing import StandingState
from tests.cameras.measure import NoMetrics
from tests.cameras.memory_scenes import MemoryScenes
from tests.fakes.pictures import FILMS
from tests.fakes.s3 import BUCKET
from tests.processors.test_films import intervals, work_off
from tests.processors.world import WITH_PICTURES, CountedMetrics, World

DOOR = Camera("door", "cameras/door/")
SETTINGS = replace(WITH_PICTURES, cameras=write_cameras([DOOR], only_the_gate=True))
EMPTY, SOMEBODY, GONE_ON = b"view 1", b"view 1 person@3,4 97", b"view 1 person@9,4 95"


@pytest.fixture
def world() -> World:
    return World(settings=SETTINGS)


def record(world: World, name: str) -> ImageRecord:
    found = world.record(f"cameras/door/{name}.jpg")
    assert found is not None
    return found


def look(world: World, name: str) -> CameraLook:
    found = record(world, name).findings.look
    assert found is not None
    return found


def take(world: World, **pictures: bytes) -> None:
    """Have the camera send pictures, one after the other."""
    for name, body in pictures.items():
        assert world.deliver(world.s3.put(f"cameras/door/{name}.jpg", body)) == []


def pictures_of(world: World) -> list[CameraPicture]:
    """Return what events are made of."""
    return [
        CameraPicture(to_seconds(each.version.uploaded_at), each.key, each.findings.look.sightings)
        for each in world.records()
        if each.findings.look is not None
    ]


def asked(world: World) -> list[bytes]:
    return [body for (operation, body), _ in world.rekognition.paid.items() if operation == "DetectLabels"]


def test_what_shows_nothing_new_is_a_record_and_no_call(world: World) -> None:
    take(world, a=EMPTY, b=EMPTY + b" ", c=SOMEBODY, d=EMPTY + b"  ")

    assert asked(world) == [EMPTY, SOMEBODY]
    assert (look(world, "b").unchanged_since, look(world, "d").unchanged_since) == ("", "")
    assert record(world, "b").status is Status.RECOGNIZED
    assert set(record(world, "b").detectors) == {"picture"}
    assert world.tally[Metric.PICTURES_UNCHANGED] == 2


def test_who_comes_is_seen_where_the_picture_has_changed(world: World) -> None:
    take(world, a=EMPTY, b=SOMEBODY, c=GONE_ON)

    (seen,) = look(world, "b").sightings
    (gone_on,) = look(world, "c").sightings
    assert (seen.label, round(seen.box.left, 2), round(gone_on.box.left, 2)) == ("Person", 0.07, 0.23)
    assert look(world, "a").sightings == ()
    assert "seen:door" in world.visible_terms("cameras/door/b.jpg")
    assert "seen:door" not in world.visible_terms("cameras/door/a.jpg")


def test_what_stands_there_is_told_once(world: World) -> None:
    take(world, a=EMPTY, b=SOMEBODY, **{f"c{number}": SOMEBODY + b" " * number for number in range(1, 9)})

    assert asked(world) == [EMPTY, SOMEBODY]
    assert look(world, "c3").unchanged_since == record(world, "b").version.uploaded_at


def test_what_a_detector_sees_where_nothing_changes_is_kept_and_no_news(world: World) -> None:
    take(world, a=SOMEBODY, b=SOMEBODY + b" dog@9,4 95")

    assert [each.label for each in look(world, "b").sightings] == ["Dog"]
    kept = from_wire(world.table.items["camera#door", "standing"])
    assert [thing["label"] for thing in kept["things"]] == ["Person"]


def test_somebody_before_a_statue_makes_it_no_news_in_whatever_order_a_batch_has() -> None:
    gate = CameraGate(Cameras([DOOR]), MemoryScenes(), NoMetrics())
    statue = Sighting("Person", 90.0, PictureBox(0.1, 0.5, 0.1, 0.2))
    first, then = (
        ImageVersion("cameras/door/a.jpg", name, 1, None, to_text(at))
        for name, at in (("a", 10.0), ("b", 20.0))
    )
    changed = frozenset(cells_of(statue.box))

    seen = gate.seen_anew({then: Sighted(changed, [statue]), first: Sighted(frozenset(), [statue])})

    assert seen == {first: SeenAnew(()), then: SeenAnew(())}


def test_what_cannot_be_compared_is_not_counted_as_unchanged() -> None:
    class Contended(MemoryScenes):
        def write(self, camera: str, state: SceneState) -> bool:
            return camera != "door" and super().write(camera, state)

    tally = CountedMetrics()
    gate = CameraGate(Cameras([DOOR, Camera("yard", "cameras/yard/")]), Contended(), tally)
    versions = [
        ImageVersion(f"cameras/{camera}/{number}.jpg", f"{camera}{number}", 1, None, to_text(number))
        for camera in ("door", "yard")
        for number in (1_000.0, 1_010.0)
    ]
    verdicts = gate.judge(dict.fromkeys(versions, bytes(CELLS)))

    assert isinstance(verdicts[versions[0]], NotReadyError)
    assert tally[Metric.PICTURES_UNCHANGED] == 1


def test_masks_are_reckoned_once() -> None:
    masks = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)

    assert len(masked_cells(masks)) == CELLS / 2
    assert masked_cells(masks) is masked_cells(masks)


def test_where_others_keep_changing_what_stands_there_pictures_wait() -> None:
    class Contended(MemoryScenes):
        def write_standing(self, camera: str, state: StandingState) -> bool:
            return False

    gate = CameraGate(Cameras([DOOR]), Contended(), NoMetrics())
    version = ImageVersion("cameras/door/a.jpg", "a", 1, None, to_text(10.0))
    statue = Sighting("Person", 90.0, PictureBox(0.1, 0.5, 0.1, 0.2))

    assert isinstance(gate.seen_anew({version: Sighted(frozenset(), [statue])})[version], NotReadyError)


def test_a_picture_that_is_overwritten_is_judged_as_the_one_that_it_is_now(world: World) -> None:
    take(world, a=EMPTY, b=SOMEBODY)
    take(world, b=EMPTY + b" ")
    assert look(world, "b").unchanged_since == ""
    assert record(world, "b").findings.labels == {}
    assert "seen:door" not in world.visible_terms("cameras/door/b.jpg")

    take(world, a=GONE_ON)
    assert [each.label for each in look(world, "a").sightings] == ["Person"]
    assert "seen:door" in world.visible_terms("cameras/door/a.jpg")


def test_a_batch_in_any_order_is_judged_in_its_order(world: World) -> None:
    take(world, a=EMPTY)
    bodies = {"b": SOMEBODY, "c": SOMEBODY + b" ", "d": GONE_ON, "e": EMPTY + b"   "}
    events = [world.s3.put(f"cameras/door/{name}.jpg", body) for name, body in bodies.items()]

    assert world.deliver(*reversed(events)) == []

    assert set(asked(world)) == {EMPTY, SOMEBODY, GONE_ON}
    assert look(world, "c").unchanged_since == record(world, "b").version.uploaded_at


def test_a_picture_that_was_not_finished_stays_asked_about(world: World) -> None:
    """Its camera has gone on meanwhile, and what it shows is usual there now: it is asked about."""
    take(world, a=EMPTY)
    world.rekognition.fails_on.add(SOMEBODY)
    late = world.s3.put("cameras/door/b.jpg", SOMEBODY)
    assert world.deliver(late) == ["0"]
    take(world, **{f"c{number}": SOMEBODY + b" " * number for number in range(1, 75)})

    world.rekognition.fails_on.clear()
    assert world.deliver(late) == []

    assert [each.label for each in look(world, "b").sightings] == ["Person"]
    assert asked(world) == [EMPTY, SOMEBODY]


def test_looking_again_at_what_showed_nothing_asks_nothing_as_long_as_it_is_a_cameras(world: World) -> None:
    take(world, a=EMPTY, b=EMPTY + b" ")
    before = world.revision("cameras/door/b.jpg")

    assert world.deliver(again(world, "b")) == []
    assert (world.revision("cameras/door/b.jpg"), asked(world)) == (before, [EMPTY])

    world.use(WITH_PICTURES)
    assert world.deliver(again(world, "b")) == []
    assert asked(world) == [EMPTY, EMPTY + b" "]
    assert record(world, "b").findings.look is None


def again(world: World, name: str) -> str:
    return look_again(BUCKET, [f"cameras/door/{name}.jpg"], "2026-02-01T00:00:00.000Z")


def somebody_stands(world: World) -> None:
    """Have somebody stand there until he belongs there, so that what was usual before is no more."""
    take(world, **{f"c{number}": SOMEBODY + b" " * number for number in range(1, 75)})


def test_a_correction_of_what_showed_nothing_asks_nobody_whatever_the_camera_shows_by_now() -> None:
    world = World(settings=replace(SETTINGS, corrections="yes"))
    take(world, a=EMPTY, b=EMPTY + b" ")
    before, questions = look(world, "b"), len(asked(world))
    somebody_stands(world)

    world.correct(record(world, "b").content_id, Edit(add=("Door",)))
    assert world.deliver(again(world, "b")) == []

    assert look(world, "b") == before
    assert record(world, "b").findings.labels == {"Door": 100.0}
    assert len(asked(world)) == questions + 1  # who stands there, and not b


def test_a_correction_of_what_was_asked_about_keeps_what_was_seen_when_its_note_is_gone() -> None:
    world = World(settings=replace(SETTINGS, corrections="yes"))
    take(world, a=EMPTY, b=SOMEBODY)
    before = look(world, "b")
    somebody_stands(world)
    for place in [place for place in world.table.items if place[1].startswith("asked#")]:
        del world.table.items[place]

    world.correct(record(world, "b").content_id, Edit(add=("Postman",)))
    assert world.deliver(again(world, "b")) == []

    assert look(world, "b") == before
    assert [each.label for each in before.sightings] == ["Person"]
    assert record(world, "b").findings.labels.keys() == {"Person", "Postman"}
    assert "seen:door" in world.visible_terms("cameras/door/b.jpg")


def test_what_was_asked_about_before_there_were_cameras_keeps_its_labels() -> None:
    world = World(settings=replace(WITH_PICTURES, corrections="yes"))
    take(world, a=b"view 1 owl 97")
    world.use(replace(SETTINGS, corrections="yes"))
    take(world, b=EMPTY, c=EMPTY + b" ")

    world.correct(record(world, "a").content_id, Edit(add=("Postman",)))
    assert world.deliver(again(world, "a")) == []

    assert record(world, "a").findings.labels.keys() == {"Owl", "Postman"}


def test_where_films_are_taken_what_showed_nothing_is_not_recognized_at_each_look() -> None:
    world = World(settings=replace(SETTINGS, films_function=FILMS))
    take(world, a=EMPTY, b=EMPTY + b" ")
    before = world.revision("cameras/door/b.jpg")

    assert world.deliver(again(world, "b")) == []

    assert record(world, "b").detectors.keys() == {"picture"}
    assert world.revision("cameras/door/b.jpg") == before


def test_a_clip_of_a_camera_is_a_film_and_its_pictures_events_stay_as_they_are() -> None:
    world = World(settings=replace(SETTINGS, films_function=FILMS))
    take(world, a=EMPTY, b=SOMEBODY)
    work_off(world, world.s3.put("cameras/door/clip.mp4", b"film view 1 dog@3,4 99|view 1 dog@9,4 97"))
    take(world, c=GONE_ON, d=EMPTY + b" ")

    clip = world.record("cameras/door/clip.mp4")
    assert clip is not None
    assert (clip.status, clip.findings.look) == (Status.RECOGNIZED, None)
    assert intervals(world, "cameras/door/clip.mp4") == [("Dog", 0, 20_000, 0, 99.0)]
    assert not any(term.startswith("seen:") for term in world.visible_terms("cameras/door/clip.mp4"))
    (event,) = events_of(DOOR, pictures_of(world))
    assert (event.label, event.pictures, event.best) == ("Person", 2, "cameras/door/b.jpg")
    assert look(world, "d").unchanged_since == "", "the clip is nothing that pictures are held against"


def test_photos_that_are_no_cameras_are_asked_about_as_ever(world: World) -> None:
    for name in ("cat", "owl"):
        assert world.deliver(world.s3.put(f"album/{name}.jpg", f"view 1 {name} 90".encode())) == []

    assert len(asked(world)) == 2
    assert not any(pk.startswith("camera#") for pk, _ in world.table.items)


def test_events_are_what_records_say(world: World) -> None:
    take(world, a=EMPTY, b=SOMEBODY, c=GONE_ON, d=EMPTY + b" ")

    (event,) = events_of(DOOR, pictures_of(world))
    assert (event.label, event.pictures, event.best) == ("Person", 2, "cameras/door/b.jpg")

    world.deliver(world.s3.delete("cameras/door/b.jpg"))
    assert "seen:door" not in world.visible_terms("cameras/door/b.jpg")
