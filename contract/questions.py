"""What is asked about a photo, by a deployment's settings: each question's fingerprint names its answers."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contract.detector_choice import ByPrefix, Detectors
from contract.detectors import SPECS
from contract.meaning import (
    BEDROCK_MODEL,
    BEDROCK_SPACE,
    DIMENSIONS,
    INVOKE_MODEL,
    LEAST_PERCENT,
    MEANING,
    MEANING_SEEN,
    SPACE,
)
from contract.photos import PICTURE, PICTURE_VERSION
from contract.settings import ProcessorSettings, policy_of


@dataclass(frozen=True)
class Question:
    """One question: an operation of Rekognition, and its parameters beside the image.

    `space` is that of the vectors that answer it (contract/meaning.py); its fingerprint begins with it.
    `made_of` is the detector whose answer it is about, where that is not the photo itself.
    `widened` are parameters by which more is answered than is read: what was answered without them is as
    good, and so they are no part of the fingerprint.
    """

    operation: str
    parameters: Mapping[str, Any]
    space: str = ""
    widened: Mapping[str, Any] = field(default_factory=dict)
    made_of: str = ""

    @property
    def asked(self) -> Mapping[str, Any]:
        """The parameters that the operation is called with."""
        return {**self.parameters, **self.widened}

    @property
    def fingerprint(self) -> str:
        asked = json.dumps([self.operation, self.parameters], sort_keys=True)
        digest = hashlib.blake2b(asked.encode(), digest_size=6).hexdigest()
        return f"{self.space}.{digest}" if self.space else digest


# The settings that decide what the pictures function looks for, each `yes` or `no`.
LOOKED_FOR = ("keep_location", "near_duplicates", "sidecars")


def picture_question(settings: ProcessorSettings) -> Question:
    """Return what is asked about the picture as a file: of a function of ours, and not of Rekognition."""
    chosen = {name: getattr(settings, name) == "yes" for name in LOOKED_FOR}
    return Question(PICTURE, {"version": PICTURE_VERSION, **chosen})


def meaning_questions(settings: ProcessorSettings) -> Mapping[str, Question]:
    """Return what vectors are made of, by detector: answers to one question each.

    Those of labels are made of none that a policy hides, so none is found by what it means. A change of what
    is hidden is another fingerprint, and photos are found by their former vectors until a backfill has made
    new ones. A model that sees pictures is shown the thumbnail, whatever else the file says.
    """
    asked: dict[str, Question] = {}
    if settings.meaning_function and (labels := questions(settings).get("labels")) is not None:
        made_of = {"of": labels.fingerprint, "policy": _what_a_policy_hides(settings.policy)}
        asked[MEANING] = Question(MEANING, made_of, SPACE, made_of="labels")
    if settings.sees_meaning:
        seen = {"model": BEDROCK_MODEL, "numbers": DIMENSIONS, "of": "thumbnail"}
        asked[MEANING_SEEN] = Question(INVOKE_MODEL, seen, BEDROCK_SPACE, made_of=PICTURE)
    return asked


def _what_a_policy_hides(policy: str) -> Any:
    told = policy_of(policy)
    return None if told is None else told.kept_back


def questions(settings: ProcessorSettings) -> Mapping[str, Question]:
    """Return what is asked of Rekognition about any photo, by detector."""
    asked = {
        name: Question(
            SPECS[name].operation,
            {
                **SPECS[name].asked,
                **{asked: getattr(settings, named) for asked, named in SPECS[name].asked_by_setting.items()},
            },
        )
        for name in settings.every_detector
    }
    if "labels" in asked and (settings.meaning_function or settings.labels_anew == "yes"):
        asked["labels"] = _down_to_what_vectors_take(asked["labels"], is_anew=settings.labels_anew == "yes")
    return asked


def _down_to_what_vectors_take(labels: Question, *, is_anew: bool) -> Question:
    """Return the question for labels as it is asked for vectors; `is_anew` where no former answer will do."""
    least = {"MinConfidence": min(labels.parameters["MinConfidence"], LEAST_PERCENT)}
    if is_anew:
        return replace(labels, parameters={**labels.parameters, **least})
    return replace(labels, widened=least)


def wanted_fingerprints(settings: ProcessorSettings) -> ByPrefix[Mapping[str, str]]:
    """Return what every record is to have, by its key: the fingerprint of each detector that is asked.

    Of the picture, too, where photos are looked at as files.
    """
    all_of_them = fingerprints_of_all(settings)

    def wanted(detectors: Detectors) -> Mapping[str, str]:
        of_labels = (MEANING,) if "labels" in detectors else ()
        names = (PICTURE, *detectors, *of_labels, MEANING_SEEN)
        return {name: all_of_them[name] for name in names if name in all_of_them}

    return settings.detectors_of.each(wanted)


def fingerprints_of_all(settings: ProcessorSettings) -> Mapping[str, str]:
    """Return the fingerprint of every detector that any photo is asked about, those of our own included."""
    asked = {name: question.fingerprint for name, question in questions(settings).items()}
    if settings.pictures_function:
        asked = {PICTURE: picture_question(settings).fingerprint, **asked}
    return asked | {name: question.fingerprint for name, question in meaning_questions(settings).items()}
