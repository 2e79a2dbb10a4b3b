"""The JSON of all answers in JSON Schema, as openapi.json shows it; tests hold answers to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.metrics import Metric

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
    """Describe an array."""
    return {"type": "array", "items": items}


def or_null(schema: Json) -> Json:
    """Describe what may be missing."""
    return {"anyOf": [schema, {"type": "null"}]}


URL: Json = {"type": ["string", "null"], "description": "Shows the photo for 15 minutes, to anybody."}

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
_COMMON: Json = {
    "key": TEXT,
    "status": {"type": "string", "enum": ["recognized", "rejected"]},
    "uploaded_at": TIME,
    "decided_at": TIME,
    "size_bytes": COUNT,
    "faces": COUNT_OR_NULL,
    "moderation": listed(NAMED),
    "words": listed(TEXT),
    "rejection": REJECTION,
    "url": URL,
}
SUMMARY = json_object(
    {**_COMMON, "labels": listed(LABEL), "confidence": PERCENT},
    "confidence",
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
COMPONENTS = {"Image": SUMMARY, "Details": DETAILS, "Problem": PROBLEM}
