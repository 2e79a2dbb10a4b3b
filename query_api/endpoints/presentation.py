"""Answers as JSON: records, raw results and pages, in the names our users read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from contract.records import ImageRecord, ImageVersion
from query_api.endpoints.details import Details
from query_api.search.questions import Match, Page

Json = dict[str, Any]


def page(answer: Page, cursor: str | None, url: Callable[[ImageVersion], str]) -> Json:
    """Return a page. `cursor` is null on the last one; `url` says where a photo is to be seen.

    `looked_at` is there where the page ended before it was full, and not at the end.
    """
    images = [_match(match, url(match.record.version)) for match in answer.matches]
    early = {} if answer.looked_at is None else {"looked_at": answer.looked_at}
    return {"images": images, "cursor": cursor, **early}


def details(image: Details, url: str) -> Json:
    """Write everything known of an image: what a list shows of it, and more.

    `labels` come with parents, instances and boxes, `face_details` with every attribute, `text_lines` as they
    were read, where the detectors ran. Boxes are ratios of the upright picture's width and height.
    """
    record = image.record
    labels, faces, text = (image.results.get(name) for name in ("labels", "faces", "text"))
    return {
        **_summary(record, url),
        "labels": _label_names(record) if labels is None else _labels(record, labels.response),
        "face_details": None if faces is None else _plain(faces.response.get("FaceDetails", [])),
        "text_lines": None if text is None else _lines(text.response),
        "version": {
            "etag": record.version.etag,
            "version_id": record.version.version_id,
            "revision": record.revision,
        },
        "detectors": {
            name: {"fingerprint": fingerprint, "called_at": _called_at(image, name)}
            for name, fingerprint in sorted(record.detectors.items())
        },
    }


def raw(image: Details) -> Json:
    """Write what Rekognition answered, detector by detector, as it came."""
    return {name: dict(result.response) for name, result in sorted(image.results.items())}


def _match(match: Match, url: str) -> Json:
    summary = _summary(match.record, url)
    return summary if match.confidence is None else {**summary, "confidence": match.confidence}


def _summary(record: ImageRecord, url: str) -> Json:
    rejection = record.rejection
    return {
        "key": record.key,
        "status": str(record.status),
        "uploaded_at": record.version.uploaded_at,
        "decided_at": record.decided_at,
        "size_bytes": record.version.size_bytes,
        "labels": _label_names(record),
        "faces": record.findings.faces,
        "moderation": _by_confidence(record.findings.moderation),
        "words": list(record.findings.words),
        "rejection": None
        if rejection is None
        else {"code": rejection.code, "message": rejection.message, "detector": rejection.detector},
        "url": url,
    }


def _label_names(record: ImageRecord) -> list[Json]:
    found = record.findings
    return [{**label, "parent": label["name"] in found.parents} for label in _by_confidence(found.labels)]


def _by_confidence(confidences: Mapping[str, float]) -> list[Json]:
    surest_first = sorted(confidences.items(), key=lambda named: (-named[1], named[0]))
    return [{"name": name, "confidence": confidence} for name, confidence in surest_first]


def _labels(record: ImageRecord, response: Mapping[str, Any]) -> list[Json]:
    return [
        {
            "name": label["Name"],
            "confidence": label["Confidence"],
            "parent": label["Name"] in record.findings.parents,
            "parents": [parent["Name"] for parent in label.get("Parents", [])],
            "instances": _plain(label.get("Instances", [])),
        }
        for label in response.get("Labels", [])
    ]


def _lines(response: Mapping[str, Any]) -> list[Json]:
    return [
        {
            "text": found["DetectedText"],
            "confidence": found["Confidence"],
            "box": _plain(found["Geometry"]["BoundingBox"]),
        }
        for found in response.get("TextDetections", [])
        if found["Type"] == "LINE"
    ]


def _called_at(image: Details, detector: str) -> str | None:
    result = image.results.get(detector)
    return None if result is None else result.called_at


def _plain(value: Any) -> Any:
    """Write Rekognition's own structures with names as ours are: `AgeRange` becomes `age_range`."""
    if isinstance(value, Mapping):
        return {_plain_name(name): _plain(content) for name, content in value.items()}
    if isinstance(value, list):
        return [_plain(element) for element in value]
    return value


def _plain_name(name: str) -> str:
    return "box" if name == "BoundingBox" else re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
