"""What Rekognition says in a simulation: answers of the usual shape and size, made once."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

# Eight labels a photo, of 300 that are the rarer the further down they stand: the first is on about half of
# the photos, as Person is.
LABELS_A_PHOTO = 8
_WORDS = [f"Label {number}" for number in range(300)]
_WEIGHTS = [1 / (rank + 1) for rank in range(300)]
_VARIANTS = 500


def _box(numbers: random.Random) -> dict[str, float]:
    return {side: numbers.random() for side in ("Width", "Height", "Left", "Top")}


def _labels(numbers: random.Random) -> dict[str, Any]:
    names: dict[str, None] = {}
    while len(names) < LABELS_A_PHOTO:
        names[numbers.choices(_WORDS, _WEIGHTS)[0]] = None
    return {
        "Labels": [
            {
                "Name": name,
                "Confidence": numbers.uniform(40, 100),
                "Instances": [{"BoundingBox": _box(numbers), "Confidence": numbers.uniform(40, 100)}]
                if place % 3 == 0
                else [],
                "Parents": [],
                "Aliases": [],
                "Categories": [{"Name": "Animals and Pets"}],
            }
            for place, name in enumerate(names)
        ],
        "LabelModelVersion": "3.0",
    }


def _make() -> dict[str, list[Mapping[str, Any]]]:
    numbers = random.Random(1)
    words = [{"Type": "WORD", "DetectedText": f"word{n}", "Confidence": 99.0} for n in range(4)]
    return {
        "DetectLabels": [_labels(numbers) for _ in range(_VARIANTS)],
        "DetectFaces": [{"FaceDetails": [{"BoundingBox": _box(numbers), "Confidence": 99.0}]}],
        "DetectModerationLabels": [{"ModerationLabels": [], "ModerationModelVersion": "7.0"}],
        "DetectText": [{"TextDetections": words, "TextModelVersion": "3.0"}],
    }


_ANSWERS = _make()


def answer(operation: str, place: int) -> Mapping[str, Any]:
    """Give the answer of an operation about the photo at a place."""
    variants = _ANSWERS[operation]
    return variants[place % len(variants)]
