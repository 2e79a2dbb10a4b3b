"""What a request has to be, as the service's own model says it, and the errors that refuse it.

Wrong types are a SerializationException; values out of bounds a ValidationException whose text is
AWS's ("1 validation error detected: Value '-1' at 'maxLabels' failed to satisfy constraint: ...")."""

import base64
from http import HTTPStatus
from typing import Any

from botocore.model import ListShape, Shape, StringShape, StructureShape

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "blob": (str,),
    "list": (list,),
    "structure": (dict,),
    "map": (dict,),
}
_NUMBERS = {"integer", "long", "float", "double"}


def _is_of(kind: str, value: object) -> bool:
    return isinstance(value, _PYTHON_TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


class _Checker:
    """Collects what is wrong, in the order of the model's members."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def problem(self, shown: str, path: str, rule: str) -> None:
        self.problems.append(f"Value {shown} at '{path}' failed to satisfy constraint: Member must {rule}")

    def check(self, value: Any, shape: Shape, path: str) -> Any:
        """Return the value with blobs decoded."""
        kind = shape.type_name
        if not _is_of(kind, value):
            raise RekognitionError("SerializationException", f"{path or 'the request'} is not a {kind}")
        if isinstance(shape, StructureShape):
            return self.structure(value, shape, path)
        if isinstance(shape, ListShape):
            self.bounds(len(value), "length", shape, path, f"'{value}'")
            member = shape.member
            return [self.check(item, member, f"{path}.{n}.member") for n, item in enumerate(value, 1)]
        if kind == "blob":
            return self.blob(value, shape, path)
        if kind in _NUMBERS:
            self.bounds(value, "value", shape, path, f"'{value}'")
        if isinstance(shape, StringShape):
            self.bounds(len(value), "length", shape, path, f"'{value}'")
            if shape.enum and value not in shape.enum:
                self.problem(f"'{value}'", path, f"satisfy enum value set: [{', '.join(shape.enum)}]")
        return value

    def structure(self, value: dict[str, Any], shape: StructureShape, path: str) -> dict[str, Any]:
        checked = {}
        for name, member in shape.members.items():
            inside = f"{path}.{name[0].lower()}{name[1:]}".removeprefix(".")
            if value.get(name) is not None:
                checked[name] = self.check(value[name], member, inside)
            elif name in shape.required_members:
                self.problem("null", inside, "not be null")
        return checked

    def blob(self, value: str, shape: Shape, path: str) -> bytes:
        try:
            data = base64.b64decode(value, validate=True)
        except ValueError:
            raise RekognitionError("SerializationException", f"{path} is not base64") from None
        shown = f"'java.nio.HeapByteBuffer[pos=0 lim={len(data)} cap={len(data)}]'"
        self.bounds(len(data), "length", shape, path, shown)
        return data

    def bounds(self, size: float, what: str, shape: Shape, path: str, shown: str) -> None:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and size < low:
            self.problem(shown, path, f"have {what} greater than or equal to {low}")
        if high is not None and size > high:
            self.problem(shown, path, f"have {what} less than or equal to {high}")


def validate(request: object, shape: Shape) -> dict[str, Any]:
    """Return the request's known members, blobs decoded. Raises `RekognitionError`."""
    checker = _Checker()
    checked: dict[str, Any] = checker.check(request, shape, "")
    if checker.problems:
        count = len(checker.problems)
        errors = "1 validation error" if count == 1 else f"{count} validation errors"
        raise RekognitionError("ValidationException", f"{errors} detected: {'; '.join(checker.problems)}")
    return checked


class RekognitionError(Exception):
    """Becomes an error answer; `code` is the exception's name in the service's model.

    https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html
    """

    def __init__(self, code: str, message: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid_parameter(message: str = "Request has invalid parameters") -> RekognitionError:
    """Return the error for members, or a combination, that the operation cannot work with."""
    return RekognitionError("InvalidParameterException", message)


def invalid_format() -> RekognitionError:
    """Return the error for what is no picture that Rekognition reads."""
    return RekognitionError("InvalidImageFormatException", "Request has invalid image format")


def too_large(message: str) -> RekognitionError:
    """Return the error for a picture of too many bytes or pixels."""
    return RekognitionError("ImageTooLargeException", message)


def internal(message: str) -> RekognitionError:
    """Return the error for a fault of ours or a neighbour's, which is worth another try."""
    return RekognitionError("InternalServerError", message, HTTPStatus.INTERNAL_SERVER_ERROR)
