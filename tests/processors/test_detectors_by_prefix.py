"""Detectors by prefix: each photo is asked about by those of its key, and paid for once whatever its key."""

from dataclasses import replace

import pytest

from contract.detector_choice import write_exceptions
from contract.environment import dump, load
from contract.errors import SettingsError
from contract.metrics import Metric
from contract.questions import wanted_fingerprints
from contract.quotas import IN_LARGE_REGIONS
from contract.settings import ProcessorSettings
from tests.processors.world import SETTINGS, World

PHOTO = b"cat 97 faces 2 color:blue 60"
BELOW = {"shop/": ("labels", "image_properties"), "shop/people/": ("faces",)}
BY_PREFIX = replace(
    SETTINGS, detectors=("labels",), quotas=IN_LARGE_REGIONS, detectors_by_prefix=write_exceptions(BELOW)
)


def asked(world: World, key: str) -> list[str]:
    record = world.record(key)
    assert record is not None
    return sorted(record.detectors)


def test_each_photo_has_the_answers_of_its_prefix_and_no_others() -> None:
    world = World(settings=BY_PREFIX)
    keys = ("a.jpg", "shop/b.jpg", "shop/people/c.jpg")
    world.deliver(*(world.s3.put(key, b"%s 97 faces 2 color:blue 60" % key[:1].encode()) for key in keys))

    assert [asked(world, key) for key in keys] == [["labels"], ["image_properties", "labels"], ["faces"]]
    people = world.record("shop/people/c.jpg")
    assert people is not None
    assert (people.findings.faces, people.findings.labels) == (2, {})


@pytest.mark.parametrize("together", [True, False])
def test_the_same_bytes_below_several_prefixes_are_paid_for_once_a_detector(together: bool) -> None:
    world = World(settings=BY_PREFIX)
    events = [world.s3.put(key, PHOTO) for key in ("a.jpg", "shop/b.jpg", "shop/people/c.jpg")]
    for batch in [events] if together else [[event] for event in events]:
        assert world.deliver(*batch) == []

    assert world.rekognition.paid == {
        ("DetectLabels", PHOTO): 1,
        ("DetectLabels/IMAGE_PROPERTIES", PHOTO): 1,
        ("DetectFaces", PHOTO): 1,
    }
    assert (world.tally[Metric.CALLS_MADE], world.tally[Metric.CALLS_AVOIDED]) == (3, 1)


def test_a_prefix_that_is_chosen_later_calls_what_is_missing_there_and_nowhere_else() -> None:
    world = World(settings=replace(BY_PREFIX, detectors_by_prefix=""))
    events = [world.s3.put("a.jpg", b"cat 97"), world.s3.put("shop/b.jpg", PHOTO)]
    world.deliver(*events)
    before = world.record("a.jpg")
    world.use(BY_PREFIX)
    world.deliver(*events)

    assert world.record("a.jpg") == before
    assert world.rekognition.paid == {
        ("DetectLabels", b"cat 97"): 1,
        ("DetectLabels", PHOTO): 1,
        ("DetectLabels/IMAGE_PROPERTIES", PHOTO): 1,
    }


def test_a_rejection_below_a_prefix_stands_whatever_others_are_asked() -> None:
    world = World(settings=BY_PREFIX)
    event = world.s3.put("shop/people/c.jpg", b"no picture")
    world.deliver(event)
    world.deliver(event)

    assert world.rekognition.asked == {"DetectFaces": 1}


def test_what_every_record_is_to_have_is_one_mapping_where_nothing_is_chosen() -> None:
    wanted = wanted_fingerprints(SETTINGS)

    assert wanted.exceptions == ()
    assert wanted["a.jpg"] is wanted["shop/b.jpg"]


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ("{", "DETECTORS_BY_PREFIX cannot be read: "),
        ("[]", "DETECTORS_BY_PREFIX cannot be read: '[]' is no object of lists"),
        ('{"a/":["dreams"]}', "DETECTORS is 'labels,faces'; choose one or more of labels, "),
        ('{"a/":["text"]}', "QUOTAS gives no calls a second for DetectText"),
    ],
)
def test_a_function_that_is_told_nonsense_does_not_start(told: str, fault: str) -> None:
    quotas = {"DetectLabels": 5.0, "DetectFaces": 5.0}
    environment = {**dump(replace(SETTINGS, quotas=quotas)), "DETECTORS_BY_PREFIX": told}

    with pytest.raises(SettingsError) as refused:
        load(ProcessorSettings, environment)

    assert str(refused.value).startswith(fault)
