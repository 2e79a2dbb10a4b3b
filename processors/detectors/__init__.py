"""The detectors: how what Amazon Rekognition says of an image is read; a file each, of its name."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple, cast

from contract.photos import PICTURE
from contract.questions import Question, meaning_questions, picture_question, questions
from contract.records import Findings
from contract.settings import ProcessorSettings

# What reading an answer raises that is not as Rekognition's are.
UNREADABLE = (ArithmeticError, AttributeError, KeyError, TypeError, ValueError)


class Detector(NamedTuple):
    """One question by name; `read` turns the raw answer into findings."""

    name: str
    question: Question
    read: Callable[[Mapping[str, Any]], Findings]


def chosen(settings: ProcessorSettings) -> Mapping[str, Detector]:
    """Return what is to be found out about every image, the picture itself first where that is looked at."""
    asked = dict(questions(settings))
    if settings.pictures_function:
        asked = {PICTURE: picture_question(settings), **asked}
    asked |= meaning_questions(settings)
    return {name: Detector(name, question, reader(name)) for name, question in asked.items()}


def reader(name: str) -> Callable[[Mapping[str, Any]], Findings]:
    """Return what reads a detector's answers. No other detector's file is imported for it."""
    return cast("Callable[[Mapping[str, Any]], Findings]", import_module(f"processors.detectors.{name}").read)
