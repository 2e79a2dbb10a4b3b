"""What each detector asks of Rekognition beside the image, and the fingerprint by which answers are kept.

An answer is used again only for the same operation and parameters: so whoever wants to know what was paid for
needs the same fingerprints as whoever asks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.detectors import OPERATIONS
from contract.settings import ProcessorSettings


@dataclass(frozen=True)
class Question:
    """One question: an operation of Rekognition, and its parameters beside the image."""

    operation: str
    parameters: Mapping[str, Any]

    @property
    def fingerprint(self) -> str:
        """Name the settings."""
        asked = json.dumps([self.operation, self.parameters], sort_keys=True)
        return hashlib.blake2b(asked.encode(), digest_size=6).hexdigest()


def questions(settings: ProcessorSettings) -> Mapping[str, Question]:
    """Return what is asked about every image, by detector.

    Labels and categories are asked for down to a low confidence, and faces with all attributes: thresholds
    are applied when reading, for free, and asking again costs a call.
    """
    parameters: Mapping[str, Mapping[str, Any]] = {
        "labels": {
            "MaxLabels": settings.max_labels,
            "MinConfidence": settings.min_label_confidence_percent,
        },
        "faces": {"Attributes": ["ALL"]},
        "moderation": {"MinConfidence": settings.min_label_confidence_percent},
        "text": {},
    }
    return {name: Question(OPERATIONS[name], parameters[name]) for name in settings.detectors}
