"""Rekognition's raw answers in the names that the API and exports have for them."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from contract.records import ImageRecord

Naming = Callable[[str], str | None]


def plain(value: Any) -> Any:
    """Return Rekognition's own structures with names as ours are: `AgeRange` becomes `age_range`."""
    if isinstance(value, Mapping):
        return {_plain_name(name): plain(content) for name, content in value.items()}
    if isinstance(value, list):
        return [plain(element) for element in value]
    return value


def labels_shown(
    record: ImageRecord, response: Mapping[str, Any], named: Naming = str
) -> list[dict[str, Any]]:
    """Return labels as DetectLabels has answered; where people corrected them, those that the record has.

    Of these, the confidence is the record's. What was renamed is where it was before, what was added nowhere.
    `named` gives the name under which the record has a label, None where it has it no more.
    """
    parents = record.findings.parents
    found = [
        {
            "name": label["Name"],
            "confidence": label["Confidence"],
            "parent": label["Name"] in parents,
            "parents": [parent["Name"] for parent in label.get("Parents", [])],
            "instances": plain(label.get("Instances", [])),
        }
        for label in response.get("Labels", [])
    ]
    if not record.corrections:
        return found
    seen: dict[str | None, dict[str, Any]] = {}
    for label in found:
        name = shown_name(record, label["name"], named)
        merged = seen.setdefault(name, {"parents": [], "instances": []})
        merged["parents"] = list(dict.fromkeys((*merged["parents"], *label["parents"])))
        merged["instances"] = [*merged["instances"], *label["instances"]]
    return [
        {
            "name": name,
            "confidence": confidence,
            "parent": name in parents,
            **seen.get(name, {"parents": [], "instances": []}),
        }
        for name, confidence in sorted(
            record.findings.labels.items(), key=lambda named: (-named[1], named[0])
        )
    ]


def shown_name(record: ImageRecord, name: str, named: Naming = str) -> str | None:
    """Return what a detector's label is shown as; None where a person has removed it."""
    if not record.corrections:
        return name
    renamed = {old.casefold(): new for old, new in record.renamed.items()}
    spelled = {each.casefold(): each for each in record.findings.labels}
    said = named(renamed.get(name.casefold(), name))
    return None if said is None else spelled.get(said.casefold())


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
