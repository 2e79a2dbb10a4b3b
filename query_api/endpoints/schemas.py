"""Answers in JSON Schema, as openapi.json shows them. Tests hold what is written to it (presentation.py)."""

from collections.abc import Mapping
from typing import Any

from contract.metrics import Metric
from contract.photos import NEAR_DUPLICATE_BITS

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


URL: Json = {
    **TEXT_OR_NULL,
    "description": "Shows the photo for 15 minutes, to anybody; null where it is blocked, and the deployment "
    "has `block_tag`.",
}
NUMBER_OR_NULL: Json = {"type": ["number", "null"]}
SECONDS: Json = {"type": "number", "minimum": 0}

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
        "duration_seconds": {**NUMBER_OR_NULL, "description": "How long a film lasts; null of a photo."},
    },
    description="What the file says of itself; null where it says nothing. Texts are a stranger's.",
)
_POLICY: Json = {**TEXT, "description": "Names the policy by which this is shown; only where there is one."}
_LABELS: Json = listed(TEXT)
CORRECTIONS = json_object(
    {
        "number": {**COUNT, "description": "How often they were changed; If-Match names it."},
        "added": _LABELS,
        "removed": _LABELS,
        "renamed": {"type": "object", "additionalProperties": TEXT},
        "decision": or_null(
            json_object(
                {
                    "decision": {"type": "string", "enum": ["allow", "block"]},
                    "by": TEXT,
                    "at": TIME,
                    "why": TEXT,
                }
            )
        ),
        "persons": {
            **listed(
                json_object(
                    {
                        "id": TEXT,
                        "name": TEXT,
                        "is": {"type": "boolean"},
                        "face": or_null(BOX),
                        "by": TEXT,
                        "at": TIME,
                    }
                )
            ),
            "description": "Of whom people say that they are there or not, where persons are looked for.",
        },
        "changes": listed(
            json_object(
                {
                    "by": TEXT,
                    "at": TIME,
                    "add": _LABELS,
                    "remove": _LABELS,
                    "rename": {"type": "object", "additionalProperties": TEXT},
                    "reset": _LABELS,
                    "persons": {"type": "object", "additionalProperties": _LABELS},
                    "decision": TEXT,
                    "why": TEXT,
                },
                *("add", "remove", "rename", "reset", "persons", "decision", "why"),
                description="The last ones, newest last: by whom, when, and what was asked.",
            )
        ),
    },
    "persons",
    description="What people say of the photo.",
)
# Only where there is something of it: most deployments do not look for it.
BY_CHOICE = ("celebrities", "colors", "equipment", "persons", "look")
_COMMON: Json = {
    "key": TEXT,
    "kind": {"type": "string", "enum": ["photo", "video"]},
    "status": {"type": "string", "enum": ["recognized", "rejected"]},
    "uploaded_at": TIME,
    "decided_at": TIME,
    "size_bytes": COUNT,
    "faces": COUNT_OR_NULL,
    "moderation": listed(NAMED),
    "words": listed(TEXT),
    "celebrities": {**listed(NAMED), "description": "Well-known people, where any were found."},
    "colors": {
        **listed(TEXT),
        "description": "Those that cover at least a tenth of the image, most first, where they were looked "
        "for.",
    },
    "equipment": {
        **listed({"type": "string", "enum": ["face_cover", "hand_cover", "head_cover"]}),
        "description": "What people wear to protect themselves, where any of it was found.",
    },
    "persons": {
        **listed(
            json_object(
                {
                    "id": TEXT,
                    "name": TEXT,
                    "similarity": PERCENT,
                    "face": {
                        **COUNT_OR_NULL,
                        "description": "Which of `face_details`, if known.",
                    },
                    "box": {**or_null(BOX), "description": "Of one image alone: where the face is."},
                    "by": {
                        "type": "string",
                        "enum": ["person"],
                        "description": "Of one image alone, where a person has said so.",
                    },
                },
                *("box", "by"),
            )
        ),
        "description": "Who agreed to be looked for and is on the photo, the likest first; each once.",
    },
    "look": json_object(
        {
            "camera": TEXT,
            "is_new": {"type": "boolean", "description": "Whether it was asked about."},
            "unchanged_since": {
                **TEXT_OR_NULL,
                "description": "When a picture showed the same; null where that is what is always there.",
            },
            "sightings": listed(json_object({"label": TEXT, "confidence": PERCENT, "box": BOX})),
        },
        description="What came of comparing a camera's picture with others of it; only of a camera's.",
    ),
    "scene": {
        **TEXT_OR_NULL,
        "description": "Names the content of another photo of the same scene, where that one was asked about "
        "and these are its answers.",
    },
    "rejection": REJECTION,
    "moderation_action": {
        "type": ["string", "null"],
        "enum": ["allow", "review", "block", None],
        "description": "What the policy asks to do with it, only where there is one; null where nobody has "
        "looked for what moderation asks.",
    },
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
        "similarity": {
            "type": "number",
            "minimum": -1,
            "maximum": 1,
            "description": "With `like` and `similar_to`: 1 for what means the same.",
        },
    },
    "confidence",
    "distance",
    "similarity",
    "moderation_action",
    *BY_CHOICE,
)
PAGE = json_object(
    {
        "images": listed({"$ref": "#/components/schemas/Image"}),
        "cursor": {"type": ["string", "null"], "description": "Leads to the next page; null on the last."},
        "looked_at": {
            **COUNT,
            "description": "Where the page ended before it was full, and there may be more: how many images "
            "were looked at to find these. Where `cursor` is null too, further ones are too far from what "
            "was asked for to be gone through: narrow the question.",
        },
    },
    "looked_at",
)
DETAILED_LABEL = json_object(
    {
        **LABEL["properties"],
        "parents": listed(TEXT),
        "aliases": listed(TEXT),
        "categories": listed(TEXT),
        "instances": listed({"type": "object", "properties": {"box": BOX, "confidence": PERCENT}}),
        "by": {"type": "string", "enum": ["person"], "description": "Only where a person has named it."},
    },
    "parents",
    "aliases",
    "categories",
    "instances",
    "by",
)
INTERVAL = json_object(
    {
        "kind": {"type": "string", "enum": ["label", "person", "moderation", "text"]},
        "name": TEXT,
        "start_seconds": SECONDS,
        "end_seconds": SECONDS,
        "best_seconds": {**SECONDS, "description": "Of the frame in which it is surest."},
        "confidence": {**PERCENT, "type": ["number", "null"], "description": "In that frame."},
        "frame_url": {**TEXT_OR_NULL, "description": "Shows that frame for 15 minutes, to anybody."},
    },
    description="How long something is seen without a break.",
)
INTERVALS = json_object({"key": TEXT, "duration_seconds": NUMBER_OR_NULL, "intervals": listed(INTERVAL)})
DETAILS = json_object(
    {
        **_COMMON,
        "labels": listed(DETAILED_LABEL),
        "face_details": or_null(
            listed({"type": "object", "properties": {"box": BOX}, "description": "With every attribute."})
        ),
        "text_lines": or_null(listed(json_object({"text": TEXT, "confidence": PERCENT, "box": BOX}))),
        "image_properties": {**ANYTHING, "description": "Rekognition's colours and quality."},
        "celebrity_faces": listed(ANYTHING),
        "intervals": {**listed(INTERVAL), "description": "Of a film: what is seen when, in order of time."},
        "equipped_persons": listed(
            {**ANYTHING, "description": "A person, the parts of the body that are seen, what covers them."}
        ),
        "version": json_object({"etag": TEXT, "version_id": TEXT_OR_NULL, "revision": TEXT}),
        "detectors": {
            "type": "object",
            "additionalProperties": json_object({"fingerprint": TEXT, "called_at": TEXT_OR_NULL}),
        },
        "policy": _POLICY,
        "has_vector": {
            "type": "boolean",
            "description": "Whether it can be asked what is like it. Only where there is search by meaning.",
        },
        "corrections": json_object(
            {
                **CORRECTIONS["properties"],
                "shown": {**COUNT, "description": "The number of those that lists and counts show as yet."},
            },
            "persons",
            description="What people say of it, where the deployment lets them.",
        ),
    },
    "moderation_action",
    "policy",
    "has_vector",
    "corrections",
    *BY_CHOICE,
    "image_properties",
    "celebrity_faces",
    "equipped_persons",
    "intervals",
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
LABELS = json_object(
    {
        "labels": listed(
            json_object(
                {
                    "name": TEXT,
                    "count": COUNT,
                    "at_most": {
                        **COUNT,
                        "description": "In place of `count`, where the policy shows a label only from a "
                        "threshold on, or several as one: how many images it was found in, sure or not.",
                    },
                },
                "count",
                "at_most",
            )
        ),
        "looked_at": {
            **COUNT,
            "description": "Where not all images were counted: how many were, of the newest. Only for those "
            "who may see some.",
        },
    },
    "looked_at",
)
ACCESS = json_object(
    {
        "prefixes": or_null(
            {
                **listed(TEXT),
                "description": "What the keys begin with that may be seen, and added; null where all may.",
            }
        )
    }
)
_QUEUE = json_object({"waiting": COUNT, "in_flight": COUNT})
_VERDICTS: Json = {"allowed": COUNT, "blocked": COUNT}
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
        "policy": _POLICY,
        "reviews": json_object(
            {
                "is_all": {
                    "type": "boolean",
                    "description": "Whether all decided photos were looked at; else the newest.",
                },
                "categories": listed(
                    json_object(
                        {
                            "name": {**TEXT, "description": "In lower case."},
                            **_VERDICTS,
                            "by_confidence": listed(
                                json_object({"from": PERCENT, **_VERDICTS}),
                            ),
                        }
                    )
                ),
            },
            description="What people decided about photos by category, where it is asked for.",
        ),
    },
    "policy",
    "reviews",
)
PROBLEM = json_object(
    {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": TEXT,
        "faults": listed(json_object({"parameter": TEXT, "reason": TEXT})),
        "corrections": CORRECTIONS,
    },
    "faults",
    "corrections",
    description="https://www.rfc-editor.org/rfc/rfc9457",
)
COMPONENTS = {"Image": SUMMARY, "Details": DETAILS, "Photo": PHOTO, "Problem": PROBLEM}
