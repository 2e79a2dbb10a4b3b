"""What a detector is: a question to Amazon Rekognition, and how its answer is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contract.records import Findings
from contract.settings import Question


@dataclass(frozen=True)
class Detector:
    """One question by name; `read` turns the raw answer into findings."""

    name: str
    question: Question
    read: Callable[[Mapping[str, Any]], Findings]
