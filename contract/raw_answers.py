"""Rekognition's raw answers in the names that the API and exports have for them."""

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from contract.films import IN_FRAMES, Interval, intervals_of
from contract.photos import PICTURE
from contract.records import ImageRecord
from contract.results import Result

if TYPE_CHECKING:
    from contract.policy import Policy

# What a label has lists of names of.
_NAMES = ("parents", "aliases", "categories")
Naming = Callable[[str], str | None]


def plain(value: Any) -> Any:
    """Return Rekognition's own structures with names as ours are: `AgeRange` becomes `age_range`."""
    if isinstance(value, Mapping):
        return {_plain_name(name): plain(content) for name, content in value.items()}
    if isinstance(value, list):
        return [plain(element) for element in value]
    return value


def labels_shown(
    record: ImageRecord,
    response: Mapping[str, Any] | None,
    named: Naming = str,
    custom: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return labels as DetectLabels has answered; where people corrected them, those that the record has.

    Of these, the confidence is the record's. What was renamed is where it was before, what was added nowhere.
    `named` gives the name under which the record has a label, None where it has it no more. Without an
    answer, those of the record are returned, by name. `custom` is what a model of one's own has answered.
    """
    parents = record.findings.parents
    # A film's answers say when; what, its record says.
    response, custom = (None if _is_of_a_film(answer) else answer for answer in (response, custom))
    others = [] if custom is None else custom_labels(custom)
    if response is None:
        found = _named(record, {label["name"] for label in others})
    else:
        found = [
            {
                "name": label["Name"],
                "confidence": label["Confidence"],
                "parent": label["Name"] in parents,
                **{part: [each["Name"] for each in label.get(part.title(), [])] for part in _NAMES},
                "instances": plain(label.get("Instances", [])),
            }
            for label in response.get("Labels", [])
        ]
    found += others
    if not record.corrections or (response is None and custom is None):
        return found
    seen: dict[str | None, dict[str, Any]] = {}
    for label in found:
        name = shown_name(record, label["name"], named)
        merged = seen.setdefault(name, {part: [] for part in (*_NAMES, "instances")})
        for part in _NAMES:
            merged[part] = list(dict.fromkeys((*merged[part], *label.get(part, []))))
        merged["instances"] = [*merged["instances"], *label.get("instances", [])]
    return [
        {**label, **seen.get(label["name"], {part: [] for part in (*_NAMES, "instances")})}
        for label in _named(record)
    ]


def _named(record: ImageRecord, but: Collection[str] = ()) -> list[dict[str, Any]]:
    """Return the labels of a record, the surest first."""
    labels = sorted(record.findings.labels.items(), key=lambda named: (-named[1], named[0]))
    return [
        {"name": name, "confidence": confidence, "parent": name in record.findings.parents}
        for name, confidence in labels
        if name not in but
    ]


def shown_name(record: ImageRecord, name: str, named: Naming = str) -> str | None:
    """Return what a detector's label is shown as; None where a person has removed it."""
    if not record.corrections:
        return name
    renamed = {old.casefold(): new for old, new in record.renamed.items()}
    spelled = {each.casefold(): each for each in record.findings.labels}
    said = named(renamed.get(name.casefold(), name))
    return None if said is None else spelled.get(said.casefold())


def intervals_shown(
    record: ImageRecord, answers: Mapping[str, Result], policy: "Policy | None" = None
) -> list[Interval]:
    """Return what is seen when of what a film's record has, under the names that it has them by.

    `answers` are by detector.
    """
    found = record.findings
    responses = [result.response for name, result in sorted(answers.items()) if name != PICTURE]
    naming: Naming = str if policy is None else policy.shown_name
    has = {
        "person": found.celebrities.keys(),
        "moderation": found.moderation.keys(),
        "text": set(found.words),
    }
    shown = []
    for each in intervals_of(responses):
        if each.kind != "label":
            shown += [each] if each.name in has[each.kind] else []
            continue
        name = shown_name(record, each.name, naming) if record.corrections else naming(each.name)
        least = 0.0 if policy is None else policy.threshold(each.name)
        if name is not None and name in found.labels and (each.confidence or 0.0) >= least:
            shown.append(each._replace(name=name))
    return shown


def interval_told(interval: Interval) -> dict[str, Any]:
    """Return an interval as it is told, in seconds, without a URL of its frame."""
    return {
        "kind": interval.kind,
        "name": interval.name,
        "start_seconds": interval.first / 1000,
        "end_seconds": interval.end / 1000,
        "best_seconds": interval.best / 1000,
        "confidence": interval.confidence,
    }


def _is_of_a_film(response: Mapping[str, Any] | None) -> bool:
    return response is not None and IN_FRAMES in response


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


def custom_labels(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a model of one's own has found as labels are shown: by name, each with where it is."""
    found: dict[str, dict[str, Any]] = {}
    for label in response.get("CustomLabels", []):
        shown = found.setdefault(
            label["Name"],
            {
                "name": label["Name"],
                "confidence": 0.0,
                "parent": False,
                "parents": [],
                "aliases": [],
                "categories": [],
                "instances": [],
            },
        )
        shown["confidence"] = max(label["Confidence"], shown["confidence"])
        if (box := label.get("Geometry", {}).get("BoundingBox")) is not None:
            shown["instances"].append({"box": plain(box), "confidence": label["Confidence"]})
    return list(found.values())


def of_choice(results: Mapping[str, Result]) -> dict[str, Any]:
    """Return the answers of detectors that few deployments have, where they ran; nothing of the others."""
    shown: dict[str, Any] = {}
    if any(_is_of_a_film(result.response) for result in results.values()):
        return shown
    if (found := results.get("image_properties")) is not None:
        shown["image_properties"] = plain(found.response["ImageProperties"])
    if (found := results.get("celebrities")) is not None:
        shown["celebrity_faces"] = plain(found.response["CelebrityFaces"])
    if (found := results.get("protective_equipment")) is not None:
        shown["equipped_persons"] = plain(found.response["Persons"])
    return shown


# An export writes the same few names a million times.
@lru_cache(maxsize=1024)
def _plain_name(name: str) -> str:
    if name == "BoundingBox":
        return "box"
    # CSSColor becomes css_color.
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
