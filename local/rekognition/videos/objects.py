"""Reading videos from S3: how large one is before a job starts, and all of it into a file for the job."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from local.rekognition.request import ObjectPlace, asked_of_s3, s3_arguments

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_PIECE = 1024 * 1024


class S3VideoObjects:
    """Videos behind an S3 endpoint.

    Raises `RekognitionError`: InvalidS3ObjectException where there is nothing to be read.
    """

    def __init__(self, client: "S3Client", endpoint: str) -> None:
        self._client = client
        self._endpoint = endpoint

    def size(self, place: ObjectPlace) -> int:
        answer = asked_of_s3(lambda: self._client.head_object(**s3_arguments(place)), self._endpoint)
        return int(answer["ContentLength"])

    def download(self, place: ObjectPlace, path: Path) -> None:
        def read() -> None:
            body = self._client.get_object(**s3_arguments(place))["Body"]
            with closing(body), path.open("wb") as file:
                for piece in body.iter_chunks(_PIECE):
                    file.write(piece)

        asked_of_s3(read, self._endpoint)
