"""Reading videos from S3: how large one is before a job starts, and all of it into a file for the job."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from local.rekognition.request import ObjectPlace, internal, unreadable

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_PIECE = 1024 * 1024
_Asked = TypeVar("_Asked")


class VideoObjects(Protocol):
    """Raises `RekognitionError`: InvalidS3ObjectException where there is nothing to be read."""

    def size(self, place: ObjectPlace) -> int: ...

    def download(self, place: ObjectPlace, path: Path) -> None: ...


class S3VideoObjects:
    """Videos behind the S3 endpoint of a client."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def size(self, place: ObjectPlace) -> int:
        answer = _asked(lambda: self._client.head_object(**_arguments(place)))
        return int(answer["ContentLength"])

    def download(self, place: ObjectPlace, path: Path) -> None:
        def read() -> None:
            body = self._client.get_object(**_arguments(place))["Body"]
            with closing(body), path.open("wb") as file:
                for piece in body.iter_chunks(_PIECE):
                    file.write(piece)

        _asked(read)


def _arguments(place: ObjectPlace) -> Any:
    version = {} if place.version is None else {"VersionId": place.version}
    return {"Bucket": place.bucket, "Key": place.key, **version}


def _asked(ask: Callable[[], _Asked]) -> _Asked:
    try:
        return ask()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:  # noqa: PLR2004
            raise internal("S3 failed") from error
        raise unreadable() from error
    except ParamValidationError as error:
        raise unreadable() from error
    except BotoCoreError as error:
        raise internal("no answer from S3") from error
