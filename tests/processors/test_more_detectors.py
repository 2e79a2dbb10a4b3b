"""Detectors that are chosen: one quota where two ask one operation, and one call where one is added."""

from dataclasses import replace
from typing import Any

import pytest

from contract.detectors import DEFAULT_DETECTORS
from contract.metrics import Metric
from contract.quotas import ELSEWHERE, IN_LARGE_REGIONS, MICROSECONDS, photo_rates, photos_a_second
from contract.records import Status
from contract.timing import MAX_ATTEMPTS, PATIENCE_SECONDS
from loadtest.simulation.outages import client_error
from processors.detectors import celebrities, custom_labels, image_properties, protective_equipment
from tests.fakes.s3 import START
from tests.processors.test_budget import refuse_updates
from tests.processors.world import SETTINGS, World

PHOTO = b"cat 97 color:blue 60 color:grey 8"
BOTH = replace(SETTINGS, detectors=("labels", "image_properties"))


def share(name: str, percent: float) -> dict[str, Any]:
    return {"SimplifiedColor": name, "PixelPercent": percent}


def test_shades_of_one_name_are_added_up_and_the_most_comes_first() -> None:
    colors = [share("grey", 30.0), share("blue", 21.0), share("Blue", 20.0), share("red", 9.9)]

    found = image_properties.read({"ImageProperties": {"DominantColors": colors}})

    assert found.colors == ("blue", "grey")


def test_who_is_in_a_photo_twice_is_as_sure_as_the_surer_of_both() -> None:
    stars = [{"Name": "Ada Lovelace", "MatchConfidence": value} for value in (91.126, 80.0)]

    assert celebrities.read({"CelebrityFaces": stars}).celebrities == {"Ada Lovelace": 91.13}


@pytest.mark.parametrize(
    ("sure", "covers", "worn"),
    [
        (95.0, {"Value": True, "Confidence": 90.0}, ("head_cover",)),
        (79.9, {"Value": True, "Confidence": 90.0}, ()),
        (95.0, {"Value": False, "Confidence": 90.0}, ()),
        (95.0, {"Value": True, "Confidence": 79.9}, ()),
        (95.0, {}, ()),
    ],
)
def test_what_is_carried_or_unsure_is_not_worn(
    sure: float, covers: dict[str, Any], worn: tuple[str, ...]
) -> None:
    helmet = {"Type": "HEAD_COVER", "Confidence": sure, "CoversBodyPart": covers}
    person = {"BodyParts": [{"Name": "HEAD", "EquipmentDetections": [helmet]}]}

    assert protective_equipment.read({"Persons": [person]}).equipment == worn


def test_a_model_of_ones_own_finds_labels_the_surest_of_each_name() -> None:
    found = [{"Name": "Cup", "Confidence": value} for value in (60.0, 91.126, 80.0)]

    assert custom_labels.read({"CustomLabels": found}).labels == {"Cup": 91.13}


def test_a_name_that_rekognition_has_too_is_as_sure_as_the_surer_of_both() -> None:
    both = replace(SETTINGS, detectors=("labels", "custom_labels"), custom_labels_model="arn")
    world = World(settings=replace(both, quotas=IN_LARGE_REGIONS))
    world.deliver(world.s3.put("a.jpg", b"cup 90 custom:Cup 70 custom:Mug 60"))

    record = world.record("a.jpg")
    assert record is not None
    assert record.findings.labels == {"Cup": 90.0, "Mug": 60.0}


def test_another_model_is_another_question() -> None:
    one = replace(SETTINGS, detectors=("custom_labels",), custom_labels_model="one", quotas=IN_LARGE_REGIONS)
    world = World(settings=one)
    event = world.s3.put("a.jpg", b"custom:Cup 70")
    for settings in (one, replace(one, custom_labels_model="two"), one):
        world.use(settings)
        world.deliver(event)

    assert world.rekognition.paid == {("DetectCustomLabels", b"custom:Cup 70"): 2}


def test_without_its_model_the_detector_does_not_start() -> None:
    with pytest.raises(
        ValueError, match=r"^CUSTOM_LABELS_MODEL is not set, which the detector custom_labels asks$"
    ):
        replace(SETTINGS, detectors=("custom_labels",), quotas=IN_LARGE_REGIONS)


def test_enabling_a_detector_of_the_same_operation_later_calls_that_one_alone() -> None:
    world = World(settings=replace(SETTINGS, detectors=("labels",)))
    event = world.s3.put("a.jpg", PHOTO)
    world.deliver(event)
    world.use(BOTH)
    world.deliver(event)

    assert world.rekognition.paid == {("DetectLabels", PHOTO): 1, ("DetectLabels/IMAGE_PROPERTIES", PHOTO): 1}
    record = world.record("a.jpg")
    assert record is not None
    assert (record.findings.labels, record.findings.colors) == ({"Cat": 97.0}, ("blue",))


def test_switching_it_off_again_keeps_its_answer_for_when_it_is_back() -> None:
    world = World(settings=BOTH)
    event = world.s3.put("a.jpg", PHOTO)
    for settings in (BOTH, replace(BOTH, detectors=("labels",)), BOTH):
        world.use(settings)
        world.deliver(event)

    assert world.tally[Metric.CALLS_MADE] == 2


def test_two_detectors_of_one_operation_take_their_turns_in_one_line() -> None:
    world = World(settings=replace(BOTH, quotas={"DetectLabels": 10.0}))
    world.deliver(*(world.s3.put(f"{number}.jpg", b"cat %d" % number) for number in range(1, 11)))

    budget = world.table.items["quota#DetectLabels", "budget"]
    assert [key for key in world.table.items if key[0].startswith("quota#")] == [
        ("quota#DetectLabels", "budget")
    ]
    # Ten photos, two calls each, ten calls a second.
    reaches = float(budget["next_at"]["N"]) / MICROSECONDS - START.timestamp()
    assert reaches == pytest.approx(2, rel=0.06)


def test_without_the_table_two_detectors_of_one_operation_share_a_workers_share() -> None:
    world = World(settings=replace(BOTH, quotas={"DetectLabels": 4.0}, workers=1))
    world.calls.before = refuse_updates
    world.deliver(*(world.s3.put(f"{number}.jpg", b"cat %d" % number) for number in range(1, 6)))

    # Five photos, two calls each, four calls a second: the fifth call of each detector is due after two.
    assert world.rekognition.asked == {"DetectLabels": 5, "DetectLabels/IMAGE_PROPERTIES": 5}
    assert 2 <= world.now - START.timestamp() < 2.5


@pytest.mark.parametrize("code", ["UnknownOperationException", "ResourceNotReadyException"])
def test_a_detector_that_is_not_there_stops_the_line_and_buries_nothing(code: str) -> None:
    world = World(settings=replace(SETTINGS, detectors=("celebrities",)))
    world.rekognition.recognize_celebrities = lambda **_: _raise(code)  # type: ignore[method-assign]
    event = world.s3.put("a.jpg", PHOTO)

    for received in range(1, 2 * MAX_ATTEMPTS):
        assert world.deliver(event, receive_count=received) == ["0"]
        world.now += PATIENCE_SECONDS / 4
    assert world.record("a.jpg") is None
    assert not world.queues.sent
    assert world.tally[Metric.CONFIGURATION_ERRORS] > 0


def _raise(code: str) -> dict[str, Any]:
    raise client_error(code, "RecognizeCelebrities", "no model for it")


def test_what_is_off_writes_nothing_into_a_record() -> None:
    world = World(settings=SETTINGS)
    world.deliver(world.s3.put("a.jpg", PHOTO))

    record = world.record("a.jpg")
    assert record is not None
    assert record.status is Status.RECOGNIZED
    assert not {"celebrities", "colors", "equipment"} & record.to_item().keys()


def test_the_photos_a_second_are_those_of_the_operation_that_is_asked_most() -> None:
    assert photos_a_second(photo_rates(IN_LARGE_REGIONS, DEFAULT_DETECTORS)) == 50
    assert photos_a_second(photo_rates(IN_LARGE_REGIONS, ("labels", "image_properties"))) == 25
    assert photos_a_second(photo_rates(IN_LARGE_REGIONS, ("labels", "protective_equipment"))) == 5
    assert photos_a_second(photo_rates(ELSEWHERE, ("image_properties",))) == 5
