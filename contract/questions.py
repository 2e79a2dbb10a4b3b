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

from contract.detectors import SPECS
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
    """Return what is asked about every image, by detector."""
    return {
        name: Question(
            SPECS[name].operation,
            {
                **SPECS[name].asked,
                **{asked: getattr(settings, named) for asked, named in SPECS[name].asked_by_setting.items()},
            },
        )
        for name in settings.detectors
    }
