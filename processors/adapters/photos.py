"""The bucket of photos, read piece by piece in exactly one version; and that of what is made of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from aws.calls import NOT_THERE
from aws.errors import ErrorKind, kind_of
from aws.retries import RetryPolicy
from processors.adapters.calls import translated
from processors.pictures.errors import RefusedByBucketError, VersionGoneError
from processors.pictures.range_reader import PhotoVersion

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html
_GONE = NOT_THERE | {"412", "PreconditionFailed"}
# No permission, an archive, a key of the customer's own. S3 says the same of an object's fault and of the
# deployment's; who asked knows more about the object, and judges.
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_REFUSED = frozenset({"403", "AccessDenied", "InvalidObjectState", "400", "InvalidRequest"})
# What S3 passes on from KMS is spelled KMS.DisabledException, say.
_OF_KMS = "KMS"


class Piece(NamedTuple):
    """Some bytes of an object, and how many it has."""

    content: bytes
    total_bytes: int


@dataclass(frozen=True)
class S3Photos:
    """Reads photos; raises VersionGoneError, RefusedByBucketError and the words for failure."""

    client: "S3Client"
    bucket_name: str
    retry: RetryPolicy

    def piece(self, photo: PhotoVersion, first: int, end: int) -> Piece:
        """Return the bytes from `first` up to `end`, or to the end of the object. One has to be there."""
        which: dict[str, Any] = (
            {"IfMatch": f'"{photo.etag}"'} if photo.version_id is None else {"VersionId": photo.version_id}
        )

        def attempt() -> Piece:
            with self._reading(photo.key):
                found = self.client.get_object(
                    Bucket=self.bucket_name, Key=photo.key, Range=f"bytes={first}-{end - 1}", **which
                )
                return Piece(found["Body"].read(), int(found["ContentRange"].rpartition("/")[2]))

        return self.retry(attempt)

    def beside(self, key: str, most_bytes: int) -> bytes | None:
        """Return a small object as it is now; None where there is none, a larger one, or not ours to read."""

        def attempt() -> bytes | None:
            try:
                with self._reading(key):
                    found = self.client.get_object(
                        Bucket=self.bucket_name, Key=key, Range=f"bytes=0-{most_bytes}"
                    )
                    content = found["Body"].read()
            except (VersionGoneError, RefusedByBucketError):
                return None
            return content if len(content) <= most_bytes else None

        return self.retry(attempt)

    @contextmanager
    def _reading(self, key: str) -> Iterator[None]:
        what = f"GetObject of s3://{self.bucket_name}/{key}"
        with translated(what):
            try:
                yield
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in _GONE:
                    raise VersionGoneError(key) from error
                if code in _REFUSED or _is_refused_by_kms(code):
                    said = error.response["Error"].get("Message", "no reason given")
                    raise RefusedByBucketError(f"{code}: {said} ({what})") from error
                raise


def _is_refused_by_kms(code: str) -> bool:
    return code.upper().startswith(_OF_KMS) and kind_of(code) not in {ErrorKind.THROTTLED, ErrorKind.PASSING}
