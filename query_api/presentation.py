"""Answers as JSON: heads, raw results and pages, in the names our users read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from contract.records import Head
from query_api import cursors
from query_api.details import Details
from query_api.questions import ListQuestion, Match, Page

Json = dict[str, Any]


def page(question: ListQuestion, answer: Page) -> Json:
    """Write a page. `cursor` is null on the last one."""
    cursor = None if answer.next_before is None else cursors.write(question, answer.next_before)
    return {"images": [_match(match) for match in answer.matches], "cursor": cursor}


def details(image: Details) -> Json:
    """Write everything known of an image: what a list shows of it, and more.

    `labels` come with parents, instances and boxes, `face_details` with every attribute, where the
    detectors ran. Boxes are ratios of the upright picture's width and height.
    """
    head = image.head
    labels = image.results.get("labels")
    faces = image.results.get("faces")
    return {
        **_summary(head),
        "labels": _summary(head)["labels"] if labels is None else _labels(labels.response),
        "face_details": None if faces is None else _plain(faces.response.get("FaceDetails", [])),
        "version": {
            "etag": head.version.etag,
            "version_id": head.version.version_id,
            "revision": head.revision,
        },
        "detectors": {
            name: {"fingerprint": fingerprint, "called_at": _called_at(image, name)}
            for name, fingerprint in sorted(head.detectors.items())
        },
    }


def _match(match: Match) -> Json:
    summary = _summary(match.head)
    return summary if match.confidence is None else {**summary, "confidence": match.confidence}


def _summary(head: Head) -> Json:
    rejection = head.rejection
    return {
        "key": head.key,
        "status": str(head.status),
        "uploaded_at": head.version.uploaded_at,
        "decided_at": head.decided_at,
        "size_bytes": head.version.size_bytes,
        "labels": [
            {"name": name, "confidence": confidence}
            for name, confidence in sorted(
                head.findings.labels.items(), key=lambda label: (-label[1], label[0])
            )
        ],
        "faces": head.findings.faces,
        "rejection": None
        if rejection is None
        else {"code": rejection.code, "message": rejection.message, "detector": rejection.detector},
    }


def _labels(response: Mapping[str, Any]) -> list[Json]:
    return [
        {
            "name": label["Name"],
            "confidence": label["Confidence"],
            "parents": [parent["Name"] for parent in label.get("Parents", [])],
            "instances": _plain(label.get("Instances", [])),
        }
        for label in response.get("Labels", [])
    ]


def _called_at(image: Details, detector: str) -> str | None:
    result = image.results.get(detector)
    return None if result is None else result.called_at


def _plain(value: Any) -> Any:
    """Give Rekognition's own structures our way of writing names: `AgeRange` becomes `age_range`."""
    if isinstance(value, Mapping):
        return {_plain_name(name): _plain(content) for name, content in value.items()}
    if isinstance(value, list):
        return [_plain(element) for element in value]
    return value


def _plain_name(name: str) -> str:
    return "box" if name == "BoundingBox" else re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
