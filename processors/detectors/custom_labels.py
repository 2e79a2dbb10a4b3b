"""What a model of one's own was taught to find, by DetectCustomLabels."""

from collections.abc import Mapping
from typing import Any

from contract.records import Findings


def read(response: Mapping[str, Any]) -> Findings:
    """Take each name as a label, with the confidence of the surest that was found of it, to two decimals."""
    labels: dict[str, float] = {}
    for label in response["CustomLabels"]:
        name, confidence = label["Name"], round(label["Confidence"], 2)
        labels[name] = max(confidence, labels.get(name, 0.0))
    return Findings(labels=labels)
