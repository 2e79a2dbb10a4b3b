"""What is taken from the answers of each detector, and what is asked."""

from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from contract.detectors import DEFAULT_DETECTORS, DETECTORS, OPERATIONS, SPECS
from processors.detectors import chosen, moderation, text
from tests.fakes.rekognition import FakeRekognition
from tests.fakes.s3 import BUCKET, FakeS3
from tests.local.rekognition.real.shapes import strange_in
from tests.processors.world import SETTINGS, World

EVERYTHING = (
    b"cat 97 faces 2 unsafe:weapons 80 text:SALE 95 color:blue 60 star:ada-lovelace 99 wears:head-cover 95 "
    b"custom:cup 77"
)
MODEL_NAME = "arn:aws:rekognition:us-east-1:123456789012:project/cups/version/cups.1/1769860800000"
MODEL = botocore.session.get_session().get_service_model("rekognition")


def answer_of(detector: str, body: bytes) -> dict[str, Any]:
    s3 = FakeS3()
    s3.put("a.jpg", body)
    rekognition: Any = FakeRekognition(s3)
    spec = SPECS[detector]
    ask = getattr(rekognition, xform_name(spec.operation))
    answer: dict[str, Any] = ask(Image={"S3Object": {"Bucket": BUCKET, "Name": "a.jpg"}}, **spec.asked)
    return answer


def word(detected: str, confidence: float = 99.0, kind: str = "WORD") -> dict[str, Any]:
    return {"DetectedText": detected, "Confidence": confidence, "Type": kind}


def words_in(*detections: dict[str, Any]) -> tuple[str, ...]:
    return text.read({"TextDetections": list(detections)}).words


def test_labels_and_faces_are_asked_unless_more_is_chosen() -> None:
    assert tuple(chosen(SETTINGS)) == DEFAULT_DETECTORS == ("labels", "faces")


def test_every_detector_there_is_can_be_chosen_and_asks_its_own_operation() -> None:
    detectors = chosen(replace(SETTINGS, detectors=DETECTORS, custom_labels_model=MODEL_NAME))

    assert {name: detector.question.operation for name, detector in detectors.items()} == OPERATIONS
    for detector in detectors.values():
        asked = MODEL.operation_model(detector.question.operation).input_shape
        assert asked is not None
        assert detector.question.parameters.keys() <= asked.members.keys()


@pytest.mark.parametrize("detector", DETECTORS)
def test_the_fake_answers_in_the_services_own_form(detector: str) -> None:
    answer = answer_of(detector, EVERYTHING)
    answer.pop("ResponseMetadata")
    shape = MODEL.operation_model(OPERATIONS[detector]).output_shape

    assert shape is not None
    assert strange_in(answer, shape) == []


def test_categories_are_kept_with_their_parents() -> None:
    answer = answer_of("moderation", b"unsafe:weapons 80.126 unsafe:gambling 55 cat 97")

    assert moderation.read(answer).moderation == {"Violence": 80.13, "Weapons": 80.13, "Gambling": 55.0}


def test_a_parent_that_the_answer_leaves_out_is_as_sure_as_the_surest_under_it() -> None:
    labels = [
        {"Name": name, "ParentName": "Explicit", "Confidence": confidence}
        for name, confidence in (("Sex Toys", 60.0), ("Explicit Nudity", 90.0))
    ]

    assert moderation.read({"ModerationLabels": labels}).moderation["Explicit"] == 90.0
    least = [{"Name": "Weapons", "ParentName": "", "Confidence": 0.126}]
    assert moderation.read({"ModerationLabels": least}).moderation == {"Weapons": 0.13}


def test_words_are_kept_in_lower_case_and_reading_order_and_each_once() -> None:
    assert words_in(word("Summer"), word("SALE"), word("summer"), word("Straße")) == (
        "summer",
        "sale",
        "strasse",
    )


def test_lines_are_not_words() -> None:
    assert words_in(word("SUMMER SALE", kind="LINE")) == ()


def test_unsure_words_and_single_characters_are_left_out() -> None:
    assert words_in(word("noise", 79.9), word("a"), word("at", 80.0)) == ("at",)


@pytest.mark.parametrize(
    ("read", "kept"),
    [
        ("“Sale!”", "sale"),
        ("(50%)", "50"),
        ("o'clock...", "o'clock"),
        ("wi-fi", "wi-fi"),
        ("$15", "15"),
        ("なつまつり", "なつまつり"),
        ("हिन्दी।", "हिन्दी"),
    ],
)
def test_punctuation_around_words_is_taken_off(read: str, kept: str) -> None:
    assert words_in(word(read)) == (kept,)


@pytest.mark.parametrize("read", ["***", "===", "...", "-", "“a”", ""])
def test_what_is_nothing_but_punctuation_is_no_word(read: str) -> None:
    assert words_in(word(read)) == ()


def test_at_most_a_hundred_words_are_kept() -> None:
    assert len(words_in(*(word(f"word{number}") for number in range(150)))) == 100


def test_all_detectors_find_what_is_in_a_picture() -> None:
    world = World(settings=replace(SETTINGS, detectors=DETECTORS, custom_labels_model=MODEL_NAME))

    world.deliver(world.s3.put("a.jpg", EVERYTHING))

    record = world.record("a.jpg")
    assert record is not None
    assert record.findings.labels == {"Cat": 97.0, "cup": 77.0}
    assert record.findings.faces == 2
    assert record.findings.moderation == {"Violence": 80.0, "Weapons": 80.0}
    assert record.findings.words == ("sale",)
    assert record.findings.colors == ("blue",)
    assert record.findings.celebrities == {"Ada Lovelace": 99.0}
    assert record.findings.equipment == ("head_cover",)
