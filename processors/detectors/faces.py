"""Faces with all their attributes, by DetectFaces."""

from collections.abc import Mapping
from typing import Any

from contract.records import Findings


def read(response: Mapping[str, Any]) -> Findings:
    """Count the faces, and pass on what is said of each: they may be asked about one by one."""
    details = tuple(response["FaceDetails"])
    return Findings(faces=len(details), face_details=details)
