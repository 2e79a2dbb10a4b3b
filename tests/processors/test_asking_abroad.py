"""Rekognition in several regions: only an answer counts of those abroad, and no photo suffers by them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from contract.metrics import Metric
from contract.records import Status
from contract.regions import MAX_SENT_BYTES
from loadtest.simulation.outages import client_error
from tests.processors.world import EUROPE, WEST, WITH_PICTURES, WITH_REGIONS, World

LABELS = replace(
    WITH_REGIONS,
    detectors=("labels",),
    quotas={"DetectLabels": 0.1},
    regional_quotas={f"{region}:DetectLabels": 100.0 for region in (WEST, EUROPE)},
)
LARGE = b"cat 97" + b" " * MAX_SENT_BYTES


@pytest.fixture
def world() -> World:
    """A world whose home region takes a call in ten seconds: of a batch, the others are sent abroad."""
    return World(settings=LABELS)


def put(world: World, photos: int, body: str = "cat 9") -> list[object]:
    return [world.s3.put(f"{number}.jpg", f"{body}{number}".encode()) for number in range(photos)]


def refuse(world: World, *regions: str, code: str = "InternalServerError") -> None:
    """Have Rekognition fail in these regions; the home region is the empty one."""

    def strike(operation: str) -> None:
        name, _, region = operation.partition("@")
        if name.startswith("Detect") and region in regions:
            raise client_error(code, name)

    world.calls.before = strike


def asked(world: World) -> dict[str, int]:
    return {
        "": world.rekognition.asked.total(),
        **{region: one.asked.total() for region, one in world.abroad.items()},
    }


def all_recognized(world: World, photos: int) -> bool:
    return all(world.status(f"{number}.jpg") is Status.RECOGNIZED for number in range(photos))


def test_what_is_beyond_the_home_regions_line_is_sent_to_the_next(world: World) -> None:
    assert world.deliver(*put(world, 10)) == []

    assert all_recognized(world, 10)
    assert asked(world) == {"": 1, WEST: 9, EUROPE: 0}
    assert world.tally[Metric.CALLS_MADE] == 10
    assert world.tally[Metric.CALLS_ABROAD] == 9


def test_each_photo_is_fetched_once_for_all_detectors() -> None:
    both = {"DetectLabels": 1.0, "DetectFaces": 1.0}
    world = World(
        settings=replace(WITH_REGIONS, quotas=both, regional_quotas={f"{WEST}:{name}": 50.0 for name in both})
    )
    assert world.deliver(*put(world, 6)) == []

    assert all_recognized(world, 6)
    assert world.abroad[WEST].asked == {"DetectLabels": 5, "DetectFaces": 5}
    assert world.calls.made["GetObject"] <= 6


def test_a_photo_of_over_5_mb_is_asked_about_at_home_alone(world: World) -> None:
    events = put(world, 9)
    events.append(world.s3.put("large.jpg", LARGE))
    assert world.deliver(*events) == []

    assert world.status("large.jpg") is Status.RECOGNIZED
    assert world.rekognition.paid["DetectLabels", LARGE] == 1
    assert asked(world) == {"": 1, WEST: 9, EUROPE: 0}


def test_a_region_that_is_away_costs_no_photo_anything(world: World) -> None:
    refuse(world, WEST)
    for delivery in range(3):
        assert world.deliver(*put(world, 10, f"owl 9{delivery}")) == []
        assert all_recognized(world, 10)

    assert asked(world)[EUROPE] > 0
    assert world.queues.sent == []
    assert world.tally[Metric.REGION_FAILURES] >= 3
    assert world.tally[Metric.CALLS_MADE] == 30


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "UnrecognizedClientException", "InvalidImageFormatException", "Strange"]
)
def test_whatever_a_region_abroad_says_the_home_region_or_another_decides(world: World, code: str) -> None:
    """No permission there, a region that the account did not enable, a verdict: none is the photo's fault."""
    refuse(world, WEST, code=code)

    assert world.deliver(*put(world, 10)) == []
    assert all_recognized(world, 10)
    assert world.tally[Metric.CONFIGURATION_ERRORS] == 0


def test_a_verdict_is_the_home_regions(world: World) -> None:
    events = [world.s3.put(f"{number}.jpg", f"no picture {number}".encode()) for number in range(10)]

    assert world.deliver(*events) == []
    assert {world.status(f"{number}.jpg") for number in range(10)} == {Status.REJECTED}
    assert asked(world)[""] == 10


def test_while_the_home_region_is_away_the_others_answer(world: World) -> None:
    refuse(world, "")

    for delivery in range(3):
        assert world.deliver(*put(world, 10, f"owl 9{delivery}")) == []
        assert all_recognized(world, 10)
    assert world.queues.sent == []


def test_while_the_home_region_is_away_a_large_photo_waits_and_is_not_buried(world: World) -> None:
    """That its neighbours are answered abroad does not make it this photo's own failure."""
    refuse(world, "")
    event = world.s3.put("large.jpg", LARGE)
    for delivery in range(20):
        failed = world.deliver(event, *put(world, 9, f"owl 9{delivery}"))
        assert failed == ["0"]
        world.now += 60

    assert world.queues.sent == []
    assert world.attempts_at("0") <= 2
    refuse(world)
    world.now += 600
    assert world.deliver(event) == []
    assert world.status("large.jpg") is Status.RECOGNIZED


def test_a_picture_that_no_region_can_bear_is_a_dead_letter_in_the_end(world: World) -> None:
    for one in (world.rekognition, *world.abroad.values()):
        one.fails_on = {b"bad 1"}
    event = world.s3.put("bad.jpg", b"bad 1")
    deliveries = 0
    while not world.queues.sent:
        deliveries += 1
        world.deliver(event, *put(world, 9, f"owl {deliveries}"))
        world.now += 100
        assert deliveries < 40

    assert deliveries >= 8
    assert all_recognized(world, 9)


@pytest.mark.parametrize(
    "change", [lambda world: world.s3.put("0.jpg", b"owl 91"), lambda world: world.s3.delete("0.jpg")]
)
def test_only_the_bytes_of_the_version_that_was_asked_about_are_sent(
    change: Callable[[World], object],
) -> None:
    """Without versions, what stands there by then may be another photo."""
    world = World(versioned=False, settings=replace(LABELS, quotas={"DetectLabels": 1.0}))
    events = put(world, 3)

    def strike(operation: str) -> None:
        if operation == "GetObject":
            world.calls.before = lambda _operation: None
            change(world)

    world.calls.before = strike
    world.deliver(*events)

    shown = [body for one in world.abroad.values() for body in one.shown]
    assert shown
    assert b"owl 91" not in shown
    record = world.record("0.jpg")
    assert record is None or record.version.etag == world.s3.etag_of(b"cat 90")


def test_a_view_is_sent_instead_of_a_photo_that_rekognition_does_not_read() -> None:
    world = World(
        settings=replace(
            LABELS,
            pictures_function=WITH_PICTURES.pictures_function,
            renditions_bucket=WITH_PICTURES.renditions_bucket,
        )
    )
    assert world.deliver(*put(world, 10, "heic cat 9")) == []

    assert all_recognized(world, 10)
    assert asked(world)[WEST] == 9


def test_answers_are_the_same_whichever_region_gave_them(world: World) -> None:
    """A result is kept by content, detector and parameters: it is not asked for again at home."""
    world.deliver(*put(world, 10))
    paid = world.rekognition.paid.copy()
    world.use(replace(LABELS, regional_quotas={}))
    world.deliver(*[world.s3.copy(f"{number}.jpg", f"copy {number}.jpg") for number in range(10)])

    assert world.rekognition.paid == paid
    assert world.status("copy 9.jpg") is Status.RECOGNIZED
