"""Objects and scenes, by DetectLabels."""

from collections.abc import Mapping
from typing import Any

from contract.records import Findings
from contract.settings import ProcessorSettings
from processors.detectors.detector import Detector


def detector(settings: ProcessorSettings) -> Detector:
    """Ask for all labels above a low confidence: thresholds are applied when reading, for free."""
    return Detector(
        name="labels",
        operation="DetectLabels",
        parameters={
            "MaxLabels": settings.max_labels,
            "MinConfidence": settings.min_label_confidence_percent,
        },
        read=read,
    )


def read(response: Mapping[str, Any]) -> Findings:
    """Take each label's name and confidence, in percent to two decimals."""
    return Findings(labels={label["Name"]: round(label["Confidence"], 2) for label in response["Labels"]})
