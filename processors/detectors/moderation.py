"""What some people do not want to see, by DetectModerationLabels."""

from collections.abc import Mapping
from typing import Any

from contract.records import Findings


def read(response: Mapping[str, Any]) -> Findings:
    """Take each category with its confidence, in percent to two decimals.

    A category is as sure as the surest of those under it, also where an answer leaves it out.
    """
    moderation: dict[str, float] = {}
    for label in response["ModerationLabels"]:
        confidence = round(label["Confidence"], 2)
        for name in (label["Name"], label.get("ParentName")):
            if name:
                moderation[name] = max(confidence, moderation.get(name, 0.0))
    return Findings(moderation=moderation)
