"""The JSON of answers about images, as openapi.json shows it; tests hold answers to it."""

from __future__ import annotations

from query_api.http.json_schema import (
    ANYTHING,
    COUNT,
    COUNT_OR_NULL,
    PERCENT,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    Json,
    json_object,
    listed,
    or_null,
)
from query_api.http.problems import PROBLEM_SCHEMA

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
COMPONENTS = {"Image": SUMMARY, "Details": DETAILS, "Problem": PROBLEM_SCHEMA}
