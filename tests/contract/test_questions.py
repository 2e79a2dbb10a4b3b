"""A fingerprint that changes by accident means that every photo is paid for again."""

from dataclasses import replace

from contract.detectors import DETECTORS
from contract.meaning import BY_BEDROCK, BY_LABELS, detector_by, space_by, space_of
from contract.questions import meaning_questions, questions
from tests.processors.world import SETTINGS, WITH_BOTH, WITH_SIGHT


def test_the_questions_asked_so_far_keep_their_fingerprints() -> None:
    asked = questions(replace(SETTINGS, detectors=DETECTORS, custom_labels_model="a model"))

    assert {name: question.fingerprint for name, question in asked.items()} == {
        "labels": "80987905616d",
        "faces": "0be3961499fe",
        "moderation": "a53c1921cc82",
        "text": "deaac5d03e9e",
        "image_properties": "d182bd94cc53",
        "celebrities": "b069be6eb980",
        "protective_equipment": "3dc8c1be3f20",
        "custom_labels": "966cd888e050",
    }


def test_another_threshold_is_another_question() -> None:
    usual, other = (
        questions(replace(SETTINGS, detectors=("labels",), min_label_confidence_percent=percent))["labels"]
        for percent in (40.0, 55.5)
    )

    assert usual.fingerprint != other.fingerprint


def test_with_meaning_labels_are_asked_for_further_down_and_what_is_kept_stays_good() -> None:
    usual = questions(SETTINGS)
    meant = questions(replace(SETTINGS, meaning_function="meaning"))
    anew = questions(replace(SETTINGS, meaning_function="meaning", labels_anew="yes"))

    assert [each["labels"].asked["MinConfidence"] for each in (usual, meant, anew)] == [40.0, 10.0, 10.0]
    assert meant["labels"].fingerprint == usual["labels"].fingerprint
    assert anew["labels"].fingerprint != usual["labels"].fingerprint
    assert {**meant, "labels": None} == {**anew, "labels": None} == {**usual, "labels": None}


def test_vectors_keep_their_fingerprints_and_questions_are_answered_in_their_space() -> None:
    """Those of a model of Bedrock would be paid for again, whatever else a photo's file is read for."""
    located = replace(WITH_SIGHT, keep_location="yes", detectors=("faces",))
    named = {"meaning": "minilm2.95b307edd17b", "meaning_seen": "titan1.29331e609fa6"}

    asked = [
        {name: question.fingerprint for name, question in meaning_questions(each).items()}
        for each in (replace(SETTINGS, meaning_function="meaning"), WITH_SIGHT, located, WITH_BOTH)
    ]

    seen = {"meaning_seen": named["meaning_seen"]}
    assert asked == [{"meaning": named["meaning"]}, seen, seen, named]
    for made_by in (BY_LABELS, BY_BEDROCK):
        assert space_of(named[detector_by(made_by)]) == space_by(made_by)
