"""Objects and scenes, by DetectLabels."""

from collections.abc import Mapping
from typing import Any

from contract.records import Findings
from contract.results import shown_answer


def read(response: Mapping[str, Any]) -> Findings:
    """Take each label's name and confidence, in percent to two decimals, and which of them others imply.

    A parent that has no label of its own (Rekognition gives `MaxLabels` at most) is as sure as the surest of
    its children: a picture of a dog is a picture of an animal.
    """
    found = shown_answer(response)["Labels"]
    labels = {label["Name"]: round(label["Confidence"], 2) for label in found}
    implied: dict[str, float] = {}
    implied_by: dict[str, set[str]] = {}
    for label in found:
        for parent in label.get("Parents", []):
            name = parent["Name"]
            implied[name] = max(labels[label["Name"]], implied.get(name, 0.0))
            implied_by.setdefault(name, set()).add(label["Name"])
    return Findings(
        labels={**implied, **labels},
        parents=frozenset(implied),
        implied_by={name: frozenset(children) for name, children in implied_by.items()},
    )
