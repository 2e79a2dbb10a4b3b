"""Answers as JSON in the names our users read, and in JSON Schema as openapi.json shows it.

Tests hold the one to the other.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from contract.metrics import Metric
from contract.photos import NEAR_DUPLICATE_BITS, PICTURE, PhotoFacts
from contract.records import ImageRecord, Result
from query_api.ports import Signer
from query_api.search.questions import Match, Page

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
TEXT_OR_NULL: Json = {"type": ["string", "null"]}
TIME: Json = {"type": "string", "format": "date-time"}
PERCENT: Json = {"type": "number", "minimum": 0, "maximum": 100}
COUNT: Json = {"type": "integer", "minimum": 0}
COUNT_OR_NULL: Json = {"type": ["integer", "null"], "minimum": 0}
ANYTHING: Json = {"type": "object"}


def json_object(properties: Mapping[str, Any], *optional: str, **more: Any) -> dict[str, Any]:
    """Describe a JSON object that has these properties, all but the optional ones always, and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
        **more,
    }


def listed(items: Json) -> Json:
    return {"type": "array", "items": items}


def or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


URL: Json = {**TEXT_OR_NULL, "description": "Shows the photo for 15 minutes, to anybody."}
NUMBER_OR_NULL: Json = {"type": ["number", "null"]}

BOX = json_object(
    {name: {"type": "number"} for name in ("left", "top", "width", "height")},
    description="Ratios of the upright picture's width and height.",
)
NAMED = json_object({"name": TEXT, "confidence": PERCENT})
REJECTION = or_null(json_object({"code": TEXT, "message": TEXT, "detector": TEXT_OR_NULL}))
LABEL = json_object(
    {
        "name": TEXT,
        "confidence": PERCENT,
        "parent": {"type": "boolean", "description": "Another label of the image implies it."},
    }
)
PHOTO = json_object(
    {
        "format": TEXT,
        "width": {**COUNT, "description": "In pixels, of the photo as it is displayed."},
        "height": COUNT,
        "orientation": {"type": "integer", "minimum": 1, "maximum": 8, "description": "EXIF's."},
        "taken_at": {
            **TEXT_OR_NULL,
            "description": "ISO 8601 with milliseconds and no zone, by the camera's clock.",
        },
        "taken_zone": {**TEXT_OR_NULL, "description": "The clock's distance from UTC, as +02:00."},
        "taken_from": {**TEXT_OR_NULL, "description": "The tag, or the file, that says so."},
        "camera": TEXT_OR_NULL,
        "lens": TEXT_OR_NULL,
        "exposure_seconds": NUMBER_OR_NULL,
        "f_number": NUMBER_OR_NULL,
        "iso": {"type": ["integer", "null"]},
        "focal_length_mm": NUMBER_OR_NULL,
        "latitude": {**NUMBER_OR_NULL, "minimum": -90, "maximum": 90},
        "longitude": {**NUMBER_OR_NULL, "minimum": -180, "maximum": 180},
        "rating": {"type": ["integer", "null"]},
        "keywords": listed(TEXT),
    },
    description="What the file says of itself; null where it says nothing. Texts are a stranger's.",
)
_COMMON: Json = {
    "key": TEXT,
    "status": {"type": "string", "enum": ["recognized", "rejected"]},
    "uploaded_at": TIME,
    "decided_at": TIME,
    "size_bytes": COUNT,
    "faces": COUNT_OR_NULL,
    "moderation": listed(NAMED),
    "words": listed(TEXT),
    "scene": {
        **TEXT_OR_NULL,
        "description": "Names the content of another photo of the same scene, where that one was asked about "
        "and these are its answers.",
    },
    "rejection": REJECTION,
    "url": URL,
    "thumbnail_url": {
        **TEXT_OR_NULL,
        "description": "Shows a picture of up to 512 pixels for 15 minutes, to anybody; null where none was "
        "made.",
    },
    "view_url": {
        **TEXT_OR_NULL,
        "description": "Shows a JPEG of up to 2048 pixels for 15 minutes, to anybody, where the photo itself "
        "is none that every browser shows; where null, `url` does.",
    },
    "photo": {
        **or_null({"$ref": "#/components/schemas/Photo"}),
        "description": "What the file says of itself; null where nobody has looked.",
    },
}
SUMMARY = json_object(
    {
        **_COMMON,
        "labels": listed(LABEL),
        "confidence": PERCENT,
        "distance": {
            **COUNT,
            "maximum": NEAR_DUPLICATE_BITS,
            "description": "Of near duplicates: in how many bits of 64 it differs.",
        },
    },
    "confidence",
    "distance",
)
PAGE = json_object(
    {
        "images": listed({"$ref": "#/components/schemas/Image"}),
        "cursor": {"type": ["string", "null"], "description": "Leads to the next page; null on the last."},
        "looked_at": {
            **COUNT,
            "description": "Where the page ended before it was full, and there may be more: how many images "
            "were looked at to find these.",
        },
    },
    "looked_at",
)
DETAILED_LABEL = json_object(
    {
        **LABEL["properties"],
        "parents": listed(TEXT),
        "instances": listed({"type": "object", "properties": {"box": BOX, "confidence": PERCENT}}),
    },
    "parents",
    "instances",
)
DETAILS = json_object(
    {
        **_COMMON,
        "labels": listed(DETAILED_LABEL),
        "face_details": or_null(
            listed({"type": "object", "properties": {"box": BOX}, "description": "With every attribute."})
        ),
        "text_lines": or_null(listed(json_object({"text": TEXT, "confidence": PERCENT, "box": BOX}))),
        "version": json_object({"etag": TEXT, "version_id": TEXT_OR_NULL, "revision": TEXT}),
        "detectors": {
            "type": "object",
            "additionalProperties": json_object({"fingerprint": TEXT, "called_at": TEXT_OR_NULL}),
        },
    }
)
RAW: Json = {
    "type": "object",
    "additionalProperties": ANYTHING,
    "description": "Rekognition's answers as they came, by detector.",
}
UPLOAD = json_object(
    {
        "url": TEXT,
        "method": {"type": "string", "enum": ["PUT"]},
        "headers": {"type": "object", "additionalProperties": TEXT},
        "key": TEXT,
        "expires_in_seconds": COUNT,
    }
)
HEALTH = json_object({"status": {"type": "string", "enum": ["ok"]}})
LABELS = json_object({"labels": listed(json_object({"name": TEXT, "count": COUNT}))})
_QUEUE = json_object({"waiting": COUNT, "in_flight": COUNT})
STATS = json_object(
    {
        "images": json_object({"recognized": COUNT, "rejected": COUNT}),
        "calls": json_object(
            {
                "made": COUNT,
                "avoided": COUNT,
                "dollars_saved": {"type": "number", "minimum": 0},
                "days": {**COUNT, "description": "Over how many days, today included."},
            }
        ),
        "scenes": or_null(
            json_object(
                {
                    "inherited": {**COUNT, "description": "Calls that another photo of the scene saved."},
                    "compared": {**COUNT, "description": "Photos asked about all the same, to compare."},
                    "disagreement": {
                        "type": ["number", "null"],
                        "minimum": 0,
                        "maximum": 1,
                        "description": "The share of their sure labels that only one of the two photos has.",
                    },
                    "days": COUNT,
                }
            )
        ),
        "queues": json_object({"images": _QUEUE, "bulk": _QUEUE}),
        "dead_letters": COUNT,
        "today": json_object(
            {count.name.lower(): COUNT for count in Metric},
            description="What the processor counted, UTC.",
        ),
    }
)
PROBLEM = json_object(
    {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": TEXT,
        "faults": listed(json_object({"parameter": TEXT, "reason": TEXT})),
    },
    "faults",
    description="https://www.rfc-editor.org/rfc/rfc9457",
)
COMPONENTS = {"Image": SUMMARY, "Details": DETAILS, "Photo": PHOTO, "Problem": PROBLEM}


class Details(NamedTuple):
    """One image. `results` are by detector; one is missing only if it was removed from the table."""

    record: ImageRecord
    results: Mapping[str, Result]


def shown(record: ImageRecord, signer: Signer, *, pictures: bool) -> Json:
    """Write where an image is to be seen, and what its file says. `pictures` says whether files are read."""
    photo = record.findings.photo if pictures else None
    thumbnail = None if photo is None else photo.thumbnail_key(record.content_id)
    view = None if photo is None else photo.view_key(record.content_id)
    return {
        "url": signer.photo(record.version),
        "thumbnail_url": None if thumbnail is None else signer.rendition(thumbnail),
        "view_url": None if view is None else signer.rendition(view),
        "photo": None if photo is None else _photo(photo),
    }


def page(answer: Page, cursor: str | None, show: Callable[[ImageRecord], Json]) -> Json:
    """Return a page. `cursor` is null on the last one; `show` writes where an image is to be seen.

    `looked_at` is there where the page ended before it was full, and not at the end.
    """
    images = [_match(match, show(match.record)) for match in answer.matches]
    early = {} if answer.looked_at is None else {"looked_at": answer.looked_at}
    return {"images": images, "cursor": cursor, **early}


def details(image: Details, shown: Json) -> Json:
    """Write everything known of an image: what a list shows of it, and more.

    `labels` come with parents, instances and boxes, `face_details` with every attribute, `text_lines` as they
    were read, where the detectors ran. Boxes are ratios of the upright picture's width and height.
    """
    record = image.record
    labels, faces, text = (image.results.get(name) for name in ("labels", "faces", "text"))
    return {
        **_summary(record, shown),
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
    return {name: dict(result.response) for name, result in sorted(image.results.items()) if name != PICTURE}


def _match(match: Match, shown: Json) -> Json:
    asked = {"confidence": match.confidence, "distance": match.distance}
    return _summary(match.record, shown) | {name: value for name, value in asked.items() if value is not None}


def _summary(record: ImageRecord, shown: Json) -> Json:
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
        "scene": record.findings.scene,
        "rejection": None
        if rejection is None
        else {"code": rejection.code, "message": rejection.message, "detector": rejection.detector},
        **shown,
    }


def _photo(photo: PhotoFacts) -> Json:
    facts = {name: getattr(photo, name) for name in PHOTO["properties"]}
    return {**facts, "keywords": list(photo.keywords)}


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
