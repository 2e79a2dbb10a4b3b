"""Whose failure it was that a detector gave no answer: the image's, the service's, or the deployment's.

One call alone cannot tell. What the same detector said about the other images of the batch can.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from contract.errors import (
    ConfigurationError,
    ConfirmedError,
    ImagepipeError,
    NotReadyError,
    PermanentError,
    UnansweredError,
)
from contract.records import Result, ResultName
from contract.timing import PATIENCE_SECONDS

Outcome = TypeVar("Outcome")

# A verdict that may as well be about our own request, and that many images cannot share by chance.
DOUBTFUL_VERDICT = "InvalidParameterException"
MANY = 3


def attributed(answers: Mapping[ResultName, Outcome]) -> dict[ResultName, Outcome | ImagepipeError]:
    """Return what came of the calls of one batch, each failure as that of whom it is.

    No answer is the image's own failure where most of the others were answered; else the service is away, or
    may be, and nobody is to blame (for PATIENCE_SECONDS: an image that always comes alone is found out then).
    A refused parameter is the deployment's fault where it is all that many images get.
    """
    attributions: dict[ResultName, Outcome | ImagepipeError] = dict(answers)
    for detector in {name.detector for name in answers}:
        of_detector = {name: answer for name, answer in answers.items() if name.detector == detector}
        attributions |= _of_one_detector(of_detector)
    return attributions


def _of_one_detector(answers: Mapping[ResultName, Outcome]) -> dict[ResultName, ImagepipeError]:
    unanswered = {name: error for name, error in answers.items() if isinstance(error, UnansweredError)}
    doubtful = {name: error for name, error in answers.items() if _is_doubtful(error)}
    answered = _count(answers.values(), (Result, PermanentError))
    changed: dict[ResultName, ImagepipeError] = {}
    if answered <= len(unanswered):
        for name, error in unanswered.items():
            changed[name] = NotReadyError(error.code, error.message, patience_seconds=PATIENCE_SECONDS)
    if len(doubtful) >= MANY and len(doubtful) == answered:
        for name, verdict in doubtful.items():
            assert isinstance(verdict, PermanentError)
            changed[name] = our_request_refused(verdict, f"{len(doubtful)} images in a row were refused so")
    return changed


def our_request_refused(verdict: PermanentError, why: str) -> ConfigurationError:
    """Return a verdict as what it more likely is: a refusal of what we ask."""
    return ConfigurationError(
        verdict.code,
        f"Rekognition refuses a parameter of the request and not the image, for {why}: {verdict.message}",
        patience_seconds=PATIENCE_SECONDS,
    )


def _is_doubtful(answer: object) -> bool:
    if not isinstance(answer, PermanentError) or isinstance(answer, ConfirmedError):
        return False
    return answer.code == DOUBTFUL_VERDICT


def _count(answers: Iterable[object], kinds: tuple[type, ...]) -> int:
    return sum(isinstance(answer, kinds) for answer in answers)
