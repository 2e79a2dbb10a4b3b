"""Holding an answer against the service's own model, more strictly than botocore does."""

from typing import Any

from botocore.model import ListShape, Shape, StringShape, StructureShape

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "boolean": (bool,),
}


def _is_of(kind: str, value: object) -> bool:
    return isinstance(value, _TYPES[kind])


def strange_in(value: Any, shape: Shape, path: str = "answer") -> list[str]:
    """What the model does not know: members, types, texts outside an enumeration, numbers out of bounds."""
    if isinstance(shape, StructureShape):
        unknown = [f"{path}.{name} is unknown" for name in value if name not in shape.members]
        known = [(name, member) for name, member in shape.members.items() if name in value]
        return unknown + [
            strange for name, member in known for strange in strange_in(value[name], member, f"{path}.{name}")
        ]
    if isinstance(shape, ListShape):
        return [
            strange
            for n, item in enumerate(value)
            for strange in strange_in(item, shape.member, f"{path}[{n}]")
        ]
    if not _is_of(shape.type_name, value):
        return [f"{path} is {value!r}, not a {shape.type_name}"]
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        return [f"{path} is {value!r}, not one of {shape.enum}"]
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name in {"integer", "long", "float"} and not (low or value) <= value <= (high or value):
        return [f"{path} is {value}, not within {low}..{high}"]
    return []
