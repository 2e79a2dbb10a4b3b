"""The detectors: what Amazon Rekognition can be asked about an image. One file each, chosen by a setting."""

from __future__ import annotations

from collections.abc import Mapping

from contract.settings import ProcessorSettings
from processors.detectors import faces, labels, moderation, text
from processors.detectors.detector import Detector


def chosen(settings: ProcessorSettings) -> Mapping[str, Detector]:
    """Give the detectors that the settings name, by name."""
    available = {
        "labels": labels.detector,
        "faces": faces.detector,
        "moderation": moderation.detector,
        "text": text.detector,
    }
    return {name: available[name](settings) for name in settings.detectors}
