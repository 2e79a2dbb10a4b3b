"""JSON Schema for what endpoints answer: the usual values, and how they are put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
