"""Rekognition's raw answers in the names that the API and exports have for them."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any


def plain(value: Any) -> Any:
    """Return Rekognition's own structures with names as ours are: `AgeRange` becomes `age_range`."""
    if isinstance(value, Mapping):
        return {_plain_name(name): plain(content) for name, content in value.items()}
    if isinstance(value, list):
        return [plain(element) for element in value]
    return value


def text_lines(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the lines that DetectText has read, each with its box."""
    return [
        {
            "text": found["DetectedText"],
            "confidence": found["Confidence"],
            "box": plain(found["Geometry"]["BoundingBox"]),
        }
        for found in response.get("TextDetections", [])
        if found["Type"] == "LINE"
    ]


# An export writes the same few names a million times.
@lru_cache(maxsize=1024)
def _plain_name(name: str) -> str:
    return "box" if name == "BoundingBox" else re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
