"""Objects on S3 that are named one by one: which of them there are, and whole files brought and fetched."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from boto3.exceptions import Boto3Error
from botocore.exceptions import ClientError

from aws.calls import NOT_THERE, head_object
from operations.adapters.aws_errors import reliable, translated
from operations.adapters.s3 import S3Bucket
from operations.inventory import Listed
from operations.terminal import OperatorError

# Where a page of a listing shows fewer of the wanted keys than this, they are looked at one by one.
FEW = 8
LOOKED_AT_ONCE = 64
_RESTORED = 'ongoing-request="false"'


class NamedObjects(NamedTuple):
    """Finds objects of one bucket by their keys; `bucket` lists all keys, also those that are not recognized.

    Keys that stand close together are found by listing, a thousand in a request; others by a request each,
    side by side. A list costs $5 a million requests and a look $0.40:
    https://aws.amazon.com/s3/pricing/
    """

    bucket: S3Bucket
    executor: Executor

    def find(self, keys: Sequence[str]) -> Iterator[Sequence[Listed]]:
        """Yield those that there are. `keys` are in the order of their UTF-8 bytes, no two the same.

        Must not be called from a thread of the executor itself.
        """
        place = 0
        while place < len(keys):
            first = keys[place]
            page = self._listed_after(first)
            # What is not on the page and stands before its end, or after the last of all, is not there.
            after = bisect_right(keys, page[-1].key) if page else len(keys)
            wanted = set(keys[place + 1 : after])
            shown = [listed for listed in page if listed.key in wanted]
            if page and len(shown) < FEW:
                after = place + LOOKED_AT_ONCE
                yield self._looked_at(keys[place:after])
            else:
                yield [*self._looked_at([first]), *shown]
            place = after

    def _listed_after(self, key: str) -> Sequence[Listed]:
        return next(islice(self.bucket.pages("", key), 1), [])

    def _looked_at(self, keys: Sequence[str]) -> list[Listed]:
        return [found for found in self.executor.map(self.look, keys) if found is not None]

    def look(self, key: str) -> Listed | None:
        """Return an object as a listing would show it; None if there is none."""
        what = f"HeadObject of s3://{self.bucket.bucket_name}/{key}"
        call = reliable(self.bucket.retry, what, head_object)
        head = call(self.bucket.client, self.bucket.bucket_name, key)
        if head is None:
            return None
        return Listed(
            key=key,
            etag=head.etag,
            size_bytes=head.size_bytes,
            modified_at=head.modified_at.timestamp(),
            storage_class=head.answer.get("StorageClass", "STANDARD"),
            is_restored=_RESTORED in head.answer.get("Restore", ""),
        )


def download(bucket: S3Bucket, key: str, path: Path) -> None:
    """Write an object of any size to a file. Raise OperatorError if there is none."""
    uri = f"s3://{bucket.bucket_name}/{key}"

    def attempt() -> None:
        try:
            bucket.client.download_file(bucket.bucket_name, key, str(path))
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_THERE:
                raise OperatorError(f"there is no {uri}") from error
            raise

    _transferred(f"GetObject of {uri}", bucket, attempt)


def upload(bucket: S3Bucket, path: Path, key: str) -> None:
    """Put a file of any size."""
    uri = f"s3://{bucket.bucket_name}/{key}"
    _transferred(
        f"PutObject of {uri}", bucket, lambda: bucket.client.upload_file(str(path), bucket.bucket_name, key)
    )


def _transferred(what: str, bucket: S3Bucket, attempt: Callable[[], None]) -> None:
    """Transfer in parts, side by side. What the transfer itself has given up on is said in a sentence."""
    try:
        bucket.retry.around(translated(what)(attempt))()
    except Boto3Error as error:
        raise OperatorError(f"{what} failed: {error}") from error
