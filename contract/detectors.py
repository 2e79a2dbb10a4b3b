"""The detectors there are, and the Rekognition operation that each of them is."""

from collections.abc import Mapping

OPERATIONS: Mapping[str, str] = {
    "labels": "DetectLabels",
    "faces": "DetectFaces",
    "moderation": "DetectModerationLabels",
    "text": "DetectText",
}

DETECTORS = tuple(OPERATIONS)

# What a deployment asks for every image unless it chooses otherwise.
DEFAULT_DETECTORS = ("labels", "faces")
