"""What each listed object would take: nothing, a look at known answers, or calls."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from contract.detectors import MAX_S3_IMAGE_BYTES
from contract.records import ImageVersion, ResultName
from operations.adapters.dynamodb_known import DynamoDBKnown
from operations.faults import OperatorError
from operations.inventory import Listed, RecordSummary
from operations.temporary_database import TemporaryDatabase

# A name without an ending says nothing; any other ending says that it is likely something else.
PHOTO_ENDINGS = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ""})
_DIGEST_BYTES = 12


@dataclass(frozen=True)
class Place:
    """A bucket and the beginning of some keys."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def sync_command(self, bucket: str) -> str:
        """Return how to copy the folder that holds these keys to another bucket, under the same keys."""
        folder = self.prefix[: self.prefix.rfind("/") + 1]
        return shlex.join(["aws", "s3", "sync", f"s3://{self.bucket}/{folder}", f"s3://{bucket}/{folder}"])

    @classmethod
    def read(cls, typed: str) -> Place:
        """Read `s3://bucket/prefix`. Raise OperatorError."""
        parts = re.fullmatch(r"s3://([^/]+)(?:/(.*))?", typed, flags=re.DOTALL)
        if parts is None:
            raise OperatorError(f"{typed!r} is not a place in S3; write it like s3://bucket/prefix")
        return cls(parts[1], parts[2] or "")


@dataclass(frozen=True)
class ObjectFilter:
    """Which objects are meant; None asks for all. `since` is seconds since 1970, suffixes are lower case."""

    since: float | None = None
    suffixes: tuple[str, ...] | None = None

    def matches(self, listed: Listed) -> bool:
        return (self.since is None or listed.modified_at >= self.since) and (
            self.suffixes is None or listed.key.lower().endswith(self.suffixes)
        )


class ObjectKind(StrEnum):
    """What an object is, as far as its listing tells."""

    PHOTO = "photo"
    OTHER_BY_NAME = "other_by_name"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    ARCHIVED = "archived"

    @classmethod
    def of(cls, listed: Listed) -> ObjectKind:
        if listed.size_bytes == 0:
            return cls.EMPTY
        if listed.size_bytes > MAX_S3_IMAGE_BYTES:
            return cls.TOO_LARGE
        if listed.is_archived:
            return cls.ARCHIVED
        ending = PurePosixPath(listed.key).suffix.lower()
        return cls.PHOTO if ending in PHOTO_ENDINGS else cls.OTHER_BY_NAME

    @property
    def can_be_asked_about(self) -> bool:
        """Whether a detector is asked about it: only the bytes of the others decide."""
        return self in (ObjectKind.PHOTO, ObjectKind.OTHER_BY_NAME)


@dataclass(frozen=True)
class Assessed:
    """One object. `calls` are the detectors that have to be asked about it, if it is the first of its bytes.

    `is_current` says that its record says all already; `is_repeated` that its bytes were listed before.
    """

    listed: Listed
    kind: ObjectKind
    is_current: bool
    is_repeated: bool = False
    calls: tuple[str, ...] = ()

    @property
    def has_to_wait(self) -> bool:
        """Whether nothing can be done about it before it is restored."""
        return self.kind is ObjectKind.ARCHIVED and not self.is_current


class SeenContents(TemporaryDatabase):
    """Which bytes a listing has shown already: ten million of them are some 400 MB on disk."""

    name = "contents"
    schema = "CREATE TABLE contents (digest BLOB PRIMARY KEY) WITHOUT ROWID;"

    def first_seen(self, content_ids: Iterable[str]) -> list[str]:
        """Take content ids in; return those that were not there before, each once and in order."""
        return [content_id for content_id in content_ids if self._is_new(content_id)]

    def _is_new(self, content_id: str) -> bool:
        digest = hashlib.blake2b(content_id.encode(), digest_size=_DIGEST_BYTES).digest()
        taken_in = self._database.execute("INSERT OR IGNORE INTO contents VALUES (?)", (digest,))
        return taken_in.rowcount == 1


@dataclass(frozen=True)
class Assessor:
    """Assesses listings. `fingerprints` are those of the deployed detectors.

    `has_records` says that the objects are those that the table's records are about, `shares_answers` that
    those of the same bytes are asked about once.
    """

    known: DynamoDBKnown
    contents: SeenContents
    fingerprints: Mapping[str, str]
    has_records: bool
    shares_answers: bool

    def assess(self, page: Sequence[Listed]) -> list[Assessed]:
        records = self.known.recorded([listed.key for listed in page]) if self.has_records else {}
        current = {
            listed.key
            for listed in page
            if listed.key in records and records[listed.key].is_current(listed, self.fingerprints)
        }
        contents = {listed.key: self._content_id(listed, records.get(listed.key)) for listed in page}
        kinds = {listed.key: ObjectKind.of(listed) for listed in page}
        askable = {
            listed.key
            for listed in page
            if listed.key not in current and kinds[listed.key].can_be_asked_about
        }
        first = self.contents.first_seen(contents[listed.key] for listed in page if listed.key in askable)
        calls = self._calls(first)
        assessed: list[Assessed] = []
        for listed in page:
            kind = kinds[listed.key]
            if listed.key not in askable:
                assessed.append(Assessed(listed, kind, listed.key in current))
            else:
                # What is taken out is taken out once: the next one with these bytes repeats them.
                needed = calls.pop(contents[listed.key], None)
                assessed.append(Assessed(listed, kind, False, needed is None, needed or ()))
        return assessed

    def _content_id(self, listed: Listed, record: RecordSummary | None) -> str:
        """Return what the results of an object are kept by: its record knows the version, no listing does."""
        version_id = record.version_id if record is not None and record.is_of(listed) else None
        version = ImageVersion(listed.key, listed.etag, listed.size_bytes, version_id, "")
        return version.kept_by(shares_answers=self.shares_answers)

    def _calls(self, contents: Sequence[str]) -> dict[str, tuple[str, ...]]:
        names = {
            content: [ResultName(content, name, mark) for name, mark in self.fingerprints.items()]
            for content in contents
        }
        answered = self.known.answered([name for of_content in names.values() for name in of_content])
        return {
            content: tuple(name.detector for name in of_content if name not in answered)
            for content, of_content in names.items()
        }
