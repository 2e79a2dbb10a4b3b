"""What questions need of the world outside. Adapters provide it for AWS, tests in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aws.queue_depths import QueueDepth
from contract.records import ImageRecord, ImageVersion, Result, ResultName

VALID_SECONDS = 900


class RecordReader(Protocol):
    """Reads records as they are now."""

    def records(self, keys: Sequence[str]) -> Mapping[str, ImageRecord]:
        """Read the records of up to 100 different keys, tombstones too. Keys without one are left out."""
        ...


class ResultReader(Protocol):
    """Reads raw results."""

    def results(self, names: Sequence[ResultName]) -> Mapping[ResultName, Result]:
        """Read raw results by name. Names without one are left out."""
        ...


class Health(Protocol):
    """Checks whether questions can be answered."""

    def check(self) -> None:
        """Raise ImagepipeError if they cannot."""
        ...


class LabelCounts(Protocol):
    """Reads the counts of labels."""

    def labels(self) -> Mapping[str, int]:
        """Read how many recognized images carry each label, by its name as Rekognition writes it."""
        ...


@dataclass(frozen=True)
class Backlog:
    """What waits, and for how many messages there was no hope."""

    images: QueueDepth
    bulk: QueueDepth
    dead_letters: int


class Counts(Protocol):
    """Reads what was counted."""

    def statuses_and_days(
        self, days: Sequence[str]
    ) -> tuple[Mapping[str, int], Mapping[str, Mapping[str, int]]]:
        """Read how many images there are by status, and what the processor counted on these days, by day."""
        ...


class Queues(Protocol):
    """Reads the depth of the queues."""

    def backlog(self) -> Backlog:
        """Ask SQS what waits."""
        ...


@dataclass(frozen=True)
class Content:
    """The one content that may be put under a key. `sha256` is in base64, as S3 writes it."""

    key: str
    content_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class UploadGrant:
    """A PUT of one content: where to, and the headers that have to go with it."""

    url: str
    headers: Mapping[str, str]
    expires_in_seconds: int


class Signer(Protocol):
    """Signs for objects of our bucket."""

    def photo(self, version: ImageVersion) -> str:
        """Return a URL that shows this version of an object, for up to VALID_SECONDS.

        It is not checked that the version exists.
        """
        ...

    def upload(self, content: Content, *, replace: bool) -> UploadGrant:
        """Return the PUT of exactly this content, for up to VALID_SECONDS.

        Unless `replace`, the bucket itself refuses it where the key has an object.
        """
        ...


class RequestLog(Protocol):
    """Where sentences for operators go."""

    def exception(self, msg: object) -> None:
        """Log what went wrong, with the exception being handled."""
        ...
