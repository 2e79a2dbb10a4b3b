"""Well-known people, by RecognizeCelebrities."""

from collections.abc import Mapping
from typing import Any

from contract.records import Findings


def read(response: Mapping[str, Any]) -> Findings:
    """Take each name with the confidence of its match, in percent to two decimals: the surest of several."""
    found: dict[str, float] = {}
    for celebrity in response["CelebrityFaces"]:
        name, confidence = celebrity["Name"], round(celebrity["MatchConfidence"], 2)
        found[name] = max(confidence, found.get(name, 0.0))
    return Findings(celebrities=found)
