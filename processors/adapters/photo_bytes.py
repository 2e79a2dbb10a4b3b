"""What is sent to other regions: the bytes of photos and views, fetched from S3 once for all detectors."""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from contract.records import ImageVersion
from contract.regions import MAX_SENT_BYTES
from processors.adapters.calls import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# So much is kept for the next detector; a batch of ten of the largest photos fits.
MOST_KEPT_BYTES = 64 * 1024 * 1024


class PhotoPlace(NamedTuple):
    """Where bytes stand: one version of an object, or of one without a name, the one with this ETag."""

    bucket_name: str
    key: str
    version_id: str | None = None
    etag: str | None = None


@dataclass
class PhotoBytes:
    """Fetches what Rekognition abroad is to be shown, and keeps the last of it.

    Safe to use from several threads: of two that want one photo, the second waits for the first.
    """

    client: "S3Client"
    bucket_name: str
    renditions_bucket: str
    new_lock: Callable[[], AbstractContextManager[Any]]
    most_kept_bytes: int = MOST_KEPT_BYTES
    _kept: "OrderedDict[PhotoPlace, bytes | None]" = field(default_factory=OrderedDict)
    _locks: dict[PhotoPlace, AbstractContextManager[Any]] = field(default_factory=dict)

    def of(self, version: ImageVersion, view: str | None = None) -> bytes | None:
        """Return the bytes of a version, or of the view of it; None where they are too many to be sent.

        Raises a word for failure where they cannot be read, as when the object is another by now.
        """
        place = PhotoPlace(self.bucket_name, version.key, version.version_id, version.etag)
        if view is not None:
            place = PhotoPlace(self.renditions_bucket, view)
        elif version.size_bytes > MAX_SENT_BYTES:
            return None
        with self._locks.setdefault(place, self.new_lock()):
            if place in self._kept:
                self._kept.move_to_end(place)
                return self._kept[place]
            body = self._kept[place] = self._fetch(place)
        self._forget_the_oldest()
        return body

    def _fetch(self, place: PhotoPlace) -> bytes | None:
        which: dict[str, Any] = {}
        if place.version_id is not None:
            which["VersionId"] = place.version_id
        elif place.etag is not None:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html
            which["IfMatch"] = f'"{place.etag}"'
        with translated(f"GetObject of s3://{place.bucket_name}/{place.key}"):
            found = self.client.get_object(Bucket=place.bucket_name, Key=place.key, **which)
            if found["ContentLength"] > MAX_SENT_BYTES:
                found["Body"].close()
                return None
            return found["Body"].read()

    def _forget_the_oldest(self) -> None:
        while sum(len(body or b"") for body in list(self._kept.values())) > self.most_kept_bytes:
            place, _ = self._kept.popitem(last=False)
            self._locks.pop(place, None)
