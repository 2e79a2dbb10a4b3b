"""Films: frames are asked about as photos are, and the film's message comes back until all is there."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract import results
from contract.films import intervals_of, slices_of, span_of
from contract.items import from_wire
from contract.metrics import Metric
from contract.notifications import look_again
from contract.photos import PICTURE
from contract.records import Status
from contract.results import ResultName, unpack
from contract.table import result_key
from tests.fakes.calls import nothing
from tests.fakes.s3 import BUCKET
from tests.processors.world import WITH_FILMS, WITH_PICTURES, World

FILM = b"film cat 97|cat 99|dog 88|cat 91"
BULK = "images-bulk"
ROUNDS = 40


@pytest.fixture
def world() -> World:
    return World(settings=WITH_FILMS)


def work_off(world: World, *bodies: Any) -> None:
    """Deliver messages to the bulk lane until none comes back."""
    waiting = list(bodies)
    for _ in range(ROUNDS):
        if not waiting:
            return
        back = world.deliver(*waiting, queue_name=BULK)
        waiting = [waiting[int(place)] for place in back]
    raise AssertionError(f"{len(waiting)} messages come back for ever")


def intervals(world: World, key: str) -> list[tuple[str, int, int, int, float | None]]:
    record = world.record(key)
    assert record is not None
    at = result_key(ResultName(record.content_id, "labels", record.detectors["labels"]))
    answer = unpack(from_wire(world.table.items[at.pk, at.sk])["answer"])
    return [(each.name, each.first, each.end, each.best, each.confidence) for each in intervals_of([answer])]


def test_a_film_is_one_record_of_what_is_in_its_frames(world: World) -> None:
    work_off(world, world.s3.put("a.mp4", FILM))

    record = world.record("a.mp4")
    assert record is not None
    assert record.status is Status.RECOGNIZED
    assert record.findings.labels == {"Cat": 99.0, "Dog": 88.0}
    assert record.findings.photo is not None
    assert record.findings.photo.duration_seconds == 40
    assert {"label:cat", "label:dog", "kind:video"} <= world.visible_terms("a.mp4")
    assert intervals(world, "a.mp4") == [
        ("Cat", 0, 20_000, 10_000, 99.0),
        ("Dog", 20_000, 30_000, 20_000, 88.0),
        ("Cat", 30_000, 40_000, 30_000, 91.0),
    ]


def test_a_live_film_goes_out_of_the_way_of_photos(world: World) -> None:
    film, photo = world.s3.put("a.mp4", FILM), world.s3.put("a.jpg", b"owl 91")

    assert world.deliver(film, photo) == []

    assert world.status("a.jpg") is Status.RECOGNIZED
    assert world.record("a.mp4") is None
    assert world.rekognition.paid.total() == 2, "the photo by both detectors"
    (moved,) = [sent for sent in world.queues.sent if sent.queue_url.endswith(BULK)]
    assert json.loads(moved.body) == {"Records": [film]}


def test_a_frame_that_comes_again_and_a_copy_of_the_film_cost_nothing(world: World) -> None:
    work_off(world, world.s3.put("a.mp4", b"film cat 97|dog 88|cat 97"))
    assert world.tally[Metric.CALLS_MADE] == 4

    assert world.deliver(world.s3.copy("a.mp4", "b.mp4")) == []

    assert world.tally[Metric.CALLS_MADE] == 4
    assert intervals(world, "b.mp4") == intervals(world, "a.mp4")


def test_a_long_film_is_looked_at_a_few_slices_at_a_time(world: World) -> None:
    event = world.s3.put("a.mp4", b"film " + b"|".join(b"cat %d" % (40 + number) for number in range(40)))

    assert world.deliver(event, queue_name=BULK) == ["0"]
    asked = world.rekognition.paid.total()
    work_off(world, event)

    assert 0 < asked < world.rekognition.paid.total() == 80
    assert world.status("a.mp4") is Status.RECOGNIZED


def test_of_a_long_film_each_answer_about_a_frame_is_read_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[dict[str, Any]] = []

    def noted(packed: bytes) -> dict[str, Any]:
        read.append(unpack(packed))
        return read[-1]

    monkeypatch.setattr(results, "unpack", noted)
    work_off(world, world.s3.put("a.mp4", b"film " + b"|".join(b"cat %d" % (40 + n) for n in range(40))))

    assert sum("Labels" in answer or "FaceDetails" in answer for answer in read) == 80


def test_an_answer_about_a_frame_that_cannot_be_read_is_told_and_nothing_is_recorded(world: World) -> None:
    event = world.s3.put("a.mp4", b"film " + b"|".join(b"cat %d" % (40 + number) for number in range(40)))
    assert world.deliver(event, queue_name=BULK) == ["0"]
    at = next(key for key in world.table.items if "@" in key[1] and key[1].startswith("labels#"))
    world.table.items[at]["answer"] = {"B": b"broken"}

    for _ in range(7):
        assert world.deliver(event, queue_name=BULK) == ["0"]
    assert world.rekognition.paid.total() == 80, "all else is there"
    del world.table.items[at]
    work_off(world, event)

    assert world.status("a.mp4") is Status.RECOGNIZED


def test_what_was_rejected_while_films_were_refused_is_looked_at_once_more() -> None:
    world = World(settings=WITH_PICTURES)
    world.deliver(world.s3.put("a.mp4", b"bomb 1"), world.s3.put("a.jpg", b"not an image"))
    world.use(WITH_FILMS)
    read = len(world.pictures.read)

    for _ in range(2):
        work_off(world, look_again(BUCKET, ["a.mp4", "a.jpg"], "2026-02-01T00:00:00.000Z"))

    assert world.pictures.read[read:] == ["a.mp4"], "once, and nobody asks anew what Rekognition refused"


def test_a_film_that_changes_while_it_is_looked_at_ends_as_what_is_there(world: World) -> None:
    first = world.s3.put("a.mp4", b"film " + b"|".join(b"cat %d" % (40 + number) for number in range(40)))
    assert world.deliver(first, queue_name=BULK) == ["0"]
    work_off(world, world.s3.put("a.mp4", b"film dog 88"))

    work_off(world, first)

    record = world.record("a.mp4")
    assert record is not None
    assert record.findings.labels == {"Dog": 88.0}


def test_slices_follow_on_one_another_and_the_last_is_known(world: World) -> None:
    work_off(world, world.s3.put("a.mp4", b"film cat 97|dog 88|cat 97"))
    record = world.record("a.mp4")
    assert record is not None
    assert record.findings.photo is not None
    picture = ResultName(record.content_id, PICTURE, record.detectors[PICTURE])

    spans = [span_of(name) for name in slices_of(picture, record.findings.photo)]

    assert [tuple(span or ()) for span in spans] == [(0, 20_000, 30_000), (20_000, 40_000, 30_000)]
    assert span_of(picture) is None


class KilledError(BaseException):
    """The function was killed."""


BODIES = st.lists(st.sampled_from([b"cat 97", b"dog 88", b"owl 91"]), min_size=1, max_size=7)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    films=st.lists(BODIES, min_size=1, max_size=3),
    is_deleted=st.booleans(),
    kills=st.lists(st.integers(1, 40), max_size=4),
    order=st.randoms(use_true_random=False),
)
def test_in_any_order_killed_anywhere_the_table_ends_as_the_bucket_is(
    films: list[list[bytes]], is_deleted: bool, kills: list[int], order: Any
) -> None:
    world = World(settings=WITH_FILMS)
    events = [world.s3.put("a.mp4", b"film " + b"|".join(frames)) for frames in films]
    if is_deleted:
        events.append(world.s3.delete("a.mp4"))
    order.shuffle(events)
    for place in kills:
        left = [place]

        def kill(_operation: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise KilledError

        world.calls.after = kill
        try:
            world.deliver(events[place % len(events)], queue_name=BULK)
        except KilledError:
            world.use(WITH_FILMS)
        world.calls.after = nothing
        world.now += 61  # claims of the dead are over
    work_off(world, *events)

    if is_deleted:
        assert world.status("a.mp4") is Status.DELETED
        return
    record = world.record("a.mp4")
    assert record is not None
    assert set(record.findings.labels) == {each.split()[0].decode().title() for each in films[-1]}
    assert {"label:" + name.casefold() for name in record.findings.labels} <= world.visible_terms("a.mp4")
    spread = intervals(world, "a.mp4")
    assert min(each[1] for each in spread) == 0
    assert max(each[2] for each in spread) == len(films[-1]) * 10_000
    assert all(times <= len(films) + len(kills) for times in world.rekognition.paid.values())
