"""Where a request's picture comes from: its bytes, or an object in S3."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from local.rekognition.validation import RekognitionError, internal, invalid_parameter, too_large

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

MAX_OBJECT_BYTES = 15 * 1024 * 1024
"""https://docs.aws.amazon.com/rekognition/latest/dg/limits.html"""


def unreadable() -> RekognitionError:
    """Return the error for no such bucket, key or version, or no right: AWS does not say which."""
    return RekognitionError(
        "InvalidS3ObjectException",
        "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
    )


_CONNECT_SECONDS, _READ_SECONDS = 2.0, 10.0


@dataclass(frozen=True)
class ObjectPlace:
    """An object in S3; without `version` its current one."""

    bucket: str
    key: str
    version: str | None = None


ReadObject = Callable[[ObjectPlace], bytes]
"""Reads an object. Raises `RekognitionError`."""


def image_of(request: Mapping[str, Any]) -> bytes | ObjectPlace:
    """Return the picture that a validated request names: exactly one of `Bytes` and `S3Object`.

    Bytes over 5 MB never get here: their limit is in the service model, so that AWS (and we)
    answer ValidationException, "Value ... at 'image.bytes' failed to satisfy constraint".
    """
    image = request["Image"]
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
        arguments: dict[str, Any] = {"Bucket": place.bucket, "Key": place.key}
        if place.version is not None:
            arguments["VersionId"] = place.version
        try:
            answer = self._client.get_object(**arguments)
            with answer["Body"] as body:
                if answer["ContentLength"] > MAX_OBJECT_BYTES:
                    raise too_large(f"Image size is too large: {answer['ContentLength']} bytes")
                return body.read()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:  # noqa: PLR2004
                raise internal(f"S3 at {self._endpoint} failed") from error
            raise unreadable() from error
        except ParamValidationError as error:
            raise unreadable() from error
        except BotoCoreError as error:
            raise internal(f"no answer from S3 at {self._endpoint}") from error


def connect(endpoint: str | None, max_connections: int) -> ReadObject:
    """Read from the S3 at `endpoint` (boto3's own choice without one), credentials from the environment."""
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
    client = session.client(
        "s3",
        endpoint_url=endpoint,
        region_name=session.region_name or "us-east-1",
        config=config,
        aws_access_key_id=some,
        aws_secret_access_key=some,
    )
    return S3ObjectReader(client, endpoint or "its default endpoint").read
