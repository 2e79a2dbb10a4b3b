"""What Rekognition can answer, by botocore's model of it: answers that others bring are held to that."""

import math
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, OperationModel, Shape, StructureShape

from contract.detectors import OPERATIONS

# The list in an answer that every one has, and what each of its elements must have for our readers.
LISTS = {
    "labels": ("Labels", ("Name", "Confidence")),
    "faces": ("FaceDetails", ()),
    "moderation": ("ModerationLabels", ("Name", "Confidence")),
    "text": ("TextDetections", ("DetectedText", "Type", "Confidence")),
    "celebrities": ("CelebrityFaces", ("Name", "MatchConfidence")),
    "protective_equipment": ("Persons", ()),
    "custom_labels": ("CustomLabels", ("Name", "Confidence")),
}
# What an answer has that is no list: image properties come beside labels, in one answer or by themselves.
PROPERTIES = "image_properties"
PROPERTIES_MEMBER, _COLORS = "ImageProperties", "DominantColors"
_OF_A_COLOR = ("SimplifiedColor", "PixelPercent")
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "float": (int, float),
}


def fault_of(detector: str, response: Any) -> str | None:
    """Return why this is no answer of that detector; None where it is one."""
    needed: tuple[str, ...]
    if detector == PROPERTIES:
        member = response.get(PROPERTIES_MEMBER) if isinstance(response, dict) else None
        if not isinstance(member, dict):
            return f"it has no {PROPERTIES_MEMBER}"
        name, needed, listed = _COLORS, _OF_A_COLOR, member.get(_COLORS, [])
    else:
        name, needed = LISTS[detector]
        listed = response.get(name) if isinstance(response, dict) else None
    if not isinstance(listed, list):
        return f"it has no list {name}"
    for element in listed:
        missing = [each for each in needed if not isinstance(element, dict) or each not in element]
        if missing:
            return f"an element of {name} has no {missing[0]}"
    shape = _operations(OPERATIONS[detector]).output_shape
    assert shape is not None
    return _fault(shape, response, "it")


def members_of(detector: str) -> frozenset[str]:
    """Return what the members of an answer are called."""
    shape = _operations(OPERATIONS[detector]).output_shape
    assert shape is not None
    return frozenset(shape.members)


@cache
def _operations(operation: str) -> OperationModel:
    return botocore.session.get_session().get_service_model("rekognition").operation_model(operation)


def _fault(shape: Shape, value: Any, where: str) -> str | None:
    """Return where a value is not of its shape. Members that the model does not know are let be."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = ((name, value[name]) for name in shape.members if name in value)
        faults = (_fault(shape.members[name], member, f"{where}.{name}") for name, member in members)
        return next((fault for fault in faults if fault), None)
    if isinstance(shape, ListShape) and isinstance(value, list):
        return next((fault for each in value if (fault := _fault(shape.member, each, where))), None)
    types = _PYTHON_TYPES.get(shape.type_name, ())
    is_number = not isinstance(value, float) or math.isfinite(value)
    if isinstance(value, types) and is_number and (bool in types or not isinstance(value, bool)):
        return None
    return f"{where} is no {shape.type_name}"
