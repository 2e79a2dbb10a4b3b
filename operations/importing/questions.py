"""Whether an answer that was had elsewhere answers what this deployment asks.

An answer that says its fingerprint has to have ours. Of any other, whoever imports says by which parameters
it was had (`--asked DetectLabels:MinConfidence=55`). What was asked for down to a lower confidence, or for
more labels, holds our answer, and is cut to it: Rekognition gives the surest labels.
https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectLabels.html
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from contract.detectors import OPERATIONS, SPECS
from contract.questions import Question, questions
from contract.scenes import marked
from contract.settings import ProcessorSettings
from operations.adapters.rekognition_answers import LISTS, fault_of
from operations.importing.lines import BroughtAnswer
from operations.terminal import OperatorError

# What Rekognition goes by where a request does not say otherwise.
# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectModerationLabels.html
AWS_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "DetectLabels": {"MinConfidence": 55, "MaxLabels": 1000},
    "DetectModerationLabels": {"MinConfidence": 50},
    "DetectFaces": {"Attributes": ["DEFAULT"]},
    "DetectText": {},
    "RecognizeCelebrities": {},
    "DetectProtectiveEquipment": {},
    "DetectCustomLabels": {"ProjectVersionArn": "", "MinConfidence": 0},
}
_LOWER_IS_MORE, _HIGHER_IS_MORE = "MinConfidence", "MaxLabels"


class RefusedAnswerError(Exception):
    """An answer that must not pass for ours. The message says why."""


class Accepted(NamedTuple):
    """An answer to what we ask, and the fingerprint that it is kept by."""

    response: Mapping[str, Any]
    fingerprint: str


class AnswerCheck(NamedTuple):
    """What is asked here, by detector, and what was asked elsewhere, by operation, where that was said."""

    asked_here: Mapping[str, Question]
    asked_there: Mapping[str, Mapping[str, Any]]
    scenes: bool

    @classmethod
    def of(cls, settings: ProcessorSettings, asked_there: Mapping[str, Mapping[str, Any]]) -> "AnswerCheck":
        return cls(questions(settings), asked_there, settings.scenes == "yes")

    def accept(self, detector: str, answer: BroughtAnswer) -> Accepted:
        """Return the answer as ours. Raise RefusedAnswerError."""
        question = self.asked_here.get(detector)
        if question is None:
            raise RefusedAnswerError(f"{detector} is not deployed here")
        if (fault := fault_of(detector, answer.response)) is not None:
            raise RefusedAnswerError(f"it is no answer of {OPERATIONS[detector]}: {fault}")
        if answer.fingerprint is not None:
            return self._with_fingerprint(detector, answer.response, answer.fingerprint, question)
        if SPECS[detector].feature:
            raise RefusedAnswerError(
                f"it does not say by which parameters it was had, which answers of {detector} have to: "
                "imagepipe export --format answers writes them so"
            )
        there = self.asked_there.get(question.operation)
        if there is None:
            raise RefusedAnswerError(
                f"it does not say by which parameters it was had; say so: --asked {question.operation}, or "
                f"--asked {question.operation}:MinConfidence=…"
            )
        if "Scene" in answer.response:
            raise RefusedAnswerError("it is about another photo of its scene")
        return Accepted(_cut(detector, answer.response, question, there), question.fingerprint)

    def _with_fingerprint(
        self, detector: str, response: Mapping[str, Any], fingerprint: str, question: Question
    ) -> Accepted:
        is_inherited = "Scene" in response
        ours = marked(question.fingerprint) if is_inherited else question.fingerprint
        if fingerprint != ours or (is_inherited and not self.scenes):
            raise RefusedAnswerError(
                f"it was had by other parameters of {OPERATIONS[detector]} than this deployment asks with "
                "(min_label_confidence_percent, max_labels)"
            )
        return Accepted(response, fingerprint)


def _cut(
    detector: str, response: Mapping[str, Any], question: Question, there: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return what Rekognition would have answered by our parameters. Raise RefusedAnswerError."""
    for name, here in question.parameters.items():
        if there.get(name) != here and not (
            (name == _LOWER_IS_MORE and there[name] < here)
            or (name == _HIGHER_IS_MORE and there[name] > here)
        ):
            raise RefusedAnswerError(
                f"it was had by {name}={_shown(there[name])}, and this deployment asks by {_shown(here)}: "
                "what that would have answered is not in it"
            )
    members = LISTS[detector][0]
    kept = list(response[members])
    if (least := question.parameters.get(_LOWER_IS_MORE)) is not None:
        kept = [each for each in kept if each["Confidence"] >= least]
    if (most := question.parameters.get(_HIGHER_IS_MORE)) is not None:
        kept = sorted(kept, key=lambda each: -each["Confidence"])[:most]
    return {**response, members: kept}


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def read_asked(typed: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read `--asked DetectLabels:MinConfidence=55,MaxLabels=100`; what is not said is AWS's own default.

    Raise OperatorError.
    """
    asked: dict[str, dict[str, Any]] = {}
    for text in typed:
        operation, _, parameters = text.partition(":")
        if operation not in AWS_DEFAULTS:
            raise OperatorError(
                f"--asked {text!r}: {operation!r} is none of {', '.join(AWS_DEFAULTS)}; "
                "write it like DetectLabels:MinConfidence=55"
            )
        asked[operation] = dict(AWS_DEFAULTS[operation])
        for parameter in filter(None, parameters.split(",")):
            name, _, value = parameter.partition("=")
            if name not in AWS_DEFAULTS[operation]:
                raise OperatorError(f"--asked {text!r}: {operation} has no parameter {name!r} that matters")
            asked[operation][name] = _value(text, name, value)
    return asked


def _value(text: str, name: str, value: str) -> Any:
    if name == "Attributes":
        return value.split("+")
    if name == "ProjectVersionArn":
        return value
    try:
        return float(value)
    except ValueError as error:
        raise OperatorError(f"--asked {text!r}: {name} is a number") from error
