"""Faces with all their attributes, by DetectFaces."""

from collections.abc import Mapping
from typing import Any

from contract.records import Findings


def read(response: Mapping[str, Any]) -> Findings:
    """Count the faces."""
    return Findings(faces=len(response["FaceDetails"]))
