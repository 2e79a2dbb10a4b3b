"""What a detector is: an operation, its parameters, and how its answer is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contract.records import Findings


@dataclass(frozen=True)
class Detector:
    """One question to Amazon Rekognition.

    `operation` is Rekognition's name for it (`DetectLabels`), `parameters` what is sent beside the image, and
    `read` turns the raw answer into findings.
    """

    name: str
    operation: str
    parameters: Mapping[str, Any]
    read: Callable[[Mapping[str, Any]], Findings]

    @property
    def fingerprint(self) -> str:
        """Name the settings: a raw answer is used again only for the same operation and parameters."""
        asked = json.dumps([self.operation, self.parameters], sort_keys=True)
        return hashlib.blake2b(asked.encode(), digest_size=6).hexdigest()
