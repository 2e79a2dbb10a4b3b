"""Faces with all their attributes, by DetectFaces."""

from collections.abc import Mapping
from typing import Any

from contract.records import Findings
from contract.settings import ProcessorSettings
from processors.detectors.detector import Detector


def detector(_settings: ProcessorSettings) -> Detector:
    """Ask for all attributes: they cost the same as the default ones, and asking again costs a call."""
    return Detector(name="faces", operation="DetectFaces", parameters={"Attributes": ["ALL"]}, read=read)


def read(response: Mapping[str, Any]) -> Findings:
    """Count the faces."""
    return Findings(faces=len(response["FaceDetails"]))
