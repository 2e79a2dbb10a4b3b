"""A request: what it has to be, where its picture comes from, and the errors by which it is refused.

It is checked against the service's own model, as AWS does before an operation sees it. Wrong types are a
SerializationException; values out of bounds a ValidationException whose text is AWS's ("1 validation error
detected: Value '-1' at 'maxLabels' failed to satisfy constraint: ...").
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.model import ListShape, Shape, StringShape, StructureShape

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


_Asked = TypeVar("_Asked")


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
    return RekognitionError("InvalidImageFormatException", "Request has invalid image format")


def too_large(message: str) -> RekognitionError:
    return RekognitionError("ImageTooLargeException", message)


def internal(message: str) -> RekognitionError:
    """Return the error for a fault of ours or a neighbour's, which is worth another try."""
    return RekognitionError("InternalServerError", message, HTTPStatus.INTERNAL_SERVER_ERROR)


def unreadable() -> RekognitionError:
    """Return the error for no such bucket, key or version, or no right: AWS does not say which."""
    return RekognitionError(
        "InvalidS3ObjectException",
        "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
    )


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
            pattern = shape.metadata.get("pattern")
            if pattern is not None and not re.fullmatch(pattern, value):
                self.problem(f"'{value}'", path, f"satisfy regular expression pattern: {pattern}")
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


MAX_OBJECT_BYTES = 15 * 1024 * 1024
"""https://docs.aws.amazon.com/rekognition/latest/dg/limits.html"""


_CONNECT_SECONDS, _READ_SECONDS = 2.0, 10.0


@dataclass(frozen=True)
class ObjectPlace:
    """An object in S3; without `version` its current one."""

    bucket: str
    key: str
    version: str | None = None


ReadObject = Callable[[ObjectPlace], bytes]
"""Reads an object. Raises `RekognitionError`."""


IMAGE_MEMBERS = ("Image", "SourceImage", "TargetImage")
"""What holds a picture in the requests of the operations that are here, in the order of the model."""


def images_of(request: Mapping[str, Any]) -> list[bytes | ObjectPlace]:
    """Return the pictures that a validated request names, as many as there are."""
    return [image_of(request, member) for member in IMAGE_MEMBERS if member in request]


def image_of(request: Mapping[str, Any], member: str = "Image") -> bytes | ObjectPlace:
    """Return the picture that a validated request names: exactly one of `Bytes` and `S3Object`.

    Bytes over 5 MB never get here: their limit is in the service model, so that AWS (and we)
    answer ValidationException, "Value ... at 'image.bytes' failed to satisfy constraint".
    """
    image = request[member]
    if ("Bytes" in image) == ("S3Object" in image):
        raise invalid_parameter()
    if "Bytes" in image:
        data: bytes = image["Bytes"]
        return data
    place = image["S3Object"]
    if "Bucket" not in place or "Name" not in place:
        raise invalid_parameter()
    return ObjectPlace(place["Bucket"], place["Name"], place.get("Version"))


class S3ObjectReader:
    """Objects behind an S3 endpoint."""

    def __init__(self, client: "S3Client", endpoint: str) -> None:
        self._client = client
        self._endpoint = endpoint

    def read(self, place: ObjectPlace) -> bytes:
        """Return the object's bytes; over 15 MB nothing is transferred. Raises `RekognitionError`."""

        def read() -> bytes:
            answer = self._client.get_object(**s3_arguments(place))
            with answer["Body"] as body:
                if answer["ContentLength"] > MAX_OBJECT_BYTES:
                    raise too_large(f"Image size is too large: {answer['ContentLength']} bytes")
                return body.read()

        return asked_of_s3(read, self._endpoint)


def s3_arguments(place: ObjectPlace) -> Any:
    """Return which object S3 is asked for."""
    version = {} if place.version is None else {"VersionId": place.version}
    return {"Bucket": place.bucket, "Key": place.key, **version}


def asked_of_s3(ask: Callable[[], _Asked], endpoint: str) -> _Asked:
    """Ask S3 at `endpoint`. Raise `RekognitionError`: whose fault it is that there is no answer."""
    try:
        return ask()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:  # noqa: PLR2004
            raise internal(f"S3 at {endpoint} failed") from error
        raise unreadable() from error
    except ParamValidationError as error:
        raise unreadable() from error
    except BotoCoreError as error:
        raise internal(f"no answer from S3 at {endpoint}") from error


def connect(endpoint: str | None, max_connections: int) -> ReadObject:
    """Read from the S3 at `endpoint` (boto3's own choice without one)."""
    client = connect_s3(endpoint, max_connections)
    return S3ObjectReader(client, named(endpoint)).read


def named(endpoint: str | None) -> str:
    return endpoint or "its default endpoint"


def connect_s3(endpoint: str | None, max_connections: int) -> "S3Client":
    """Return a client of the S3 at `endpoint`, credentials from the environment."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        max_pool_connections=max_connections,
        retries={"total_max_attempts": 2},
        s3={"addressing_style": "path"} if endpoint else {},
    )
    session = boto3.Session()
    some = None if session.get_credentials() else "test"
    return session.client(
        "s3",
        endpoint_url=endpoint,
        region_name=session.region_name or "us-east-1",
        config=config,
        aws_access_key_id=some,
        aws_secret_access_key=some,
    )
