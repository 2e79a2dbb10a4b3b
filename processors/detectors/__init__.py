"""The detectors: how what Amazon Rekognition says of an image is read. One file each, chosen by a setting."""

from __future__ import annotations

from collections.abc import Mapping

from contract.questions import questions
from contract.settings import ProcessorSettings
from processors.detectors import faces, labels, moderation, text
from processors.detectors.detector import Detector

READERS = {"labels": labels.read, "faces": faces.read, "moderation": moderation.read, "text": text.read}


def chosen(settings: ProcessorSettings) -> Mapping[str, Detector]:
    """Return the detectors that the settings name, by name."""
    return {name: Detector(name, question, READERS[name]) for name, question in questions(settings).items()}
