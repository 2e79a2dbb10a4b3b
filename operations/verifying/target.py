"""What a check works with: photos that nobody has paid for, a prefix in the bucket, table, API, inbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

from aws.calls import MAX_ENTRIES
from contract.errors import ConfigurationError
from contract.notifications import Completion, completion
from contract.records import ImageRecord, Status
from contract.results import ResultName
from contract.terminal import printable
from operations.adapters.sqs import Subscriptions
from operations.terminal import OperatorError, Steps, first_of
from operations.wiring import DeployedPipeline

# A look at the queue waits this long for a completion, and is the pause between two looks at the table.
LOOK_SECONDS = 1
# What may have been lost on its way to a new subscription is done once more after this long.
AGAIN_SECONDS = 15
# A long key would fill the terminal.
MOST_CHARACTERS = 80

CLOSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

SAMPLES = Path(__file__).resolve().parents[2] / "images"
ENDINGS = frozenset({".jpg", ".jpeg"})
# Small ones are uploaded and recognized faster.
MOST_BYTES = 5 * 1024 * 1024
MOST_PHOTOS = 5

_START_OF_IMAGE = b"\xff\xd8"
_COMMENT = 0xFE
_START_OF_SCAN = 0xDA
_APPLICATION = range(0xE0, 0xF0)
_LENGTH_BYTES = 2


class CheckFailedError(Exception):
    """Something does not hold. The message says what was seen instead."""


class CheckLeftOutError(Exception):
    """A check cannot be made on this deployment. The message says why."""


@dataclass
class Inbox:
    """The queue of a subscription to the completions, and what was heard of keys that begin so, by id."""

    subscriptions: Subscriptions
    prefix: str
    queue_url: str = ""
    heard: dict[str, dict[str, Any]] = field(default_factory=dict)

    def subscribe(self, name: str) -> None:
        self.queue_url = self.subscriptions.make_queue(name)
        self.subscriptions.subscribe(name)

    def listen(self, wait_seconds: int) -> None:
        """Take in all that waits; wait for the first."""
        bodies = self.subscriptions.receive(self.queue_url, wait_seconds)
        while bodies:
            for said in map(json.loads, bodies):
                if str(said.get("key", "")).startswith(self.prefix):
                    self.heard[said["id"]] = said
            is_full = len(bodies) == MAX_ENTRIES
            bodies = self.subscriptions.receive(self.queue_url, 0) if is_full else []

    def has_heard_of(self, key: str) -> bool:
        return any(said["key"] == key for said in self.heard.values())


@dataclass
class TargetPipeline:
    """A deployed pipeline, as a check sees it.

    `expected` is what each key that was written has to be known as in the end: the ETag of its object, None
    where it was deleted. `seen` are all records that were met in the table, `contents` all bytes that were
    uploaded, `fingerprints` those of the deployed detectors, `shares_answers` whether the same bytes are
    asked about once, `policy` what answers and completions are by.
    """

    pipeline: DeployedPipeline
    prefix: str
    photos: MarkedPhotos
    patience_seconds: float
    clock: Callable[[], float]
    expected: dict[str, str | None] = field(default_factory=dict)
    seen: dict[str, ImageRecord] = field(default_factory=dict)
    contents: set[str] = field(default_factory=set)
    known_photo: bytes = b""

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.pipeline.subscriptions, self.prefix)
        # Made now: without credentials it cannot be, and then nothing is to be uploaded.
        self.api = self.pipeline.api
        self.fingerprints = self.pipeline.deployed.fingerprints_of[self.prefix]
        self.shares_answers = self.pipeline.deployed.settings.answers_are_shared
        self.policy = self.pipeline.deployed.policy

    def key(self, name: str) -> str:
        """Return a key of that name; with another ending, where only some are meant."""
        keys, key = self.pipeline.names.keys, f"{self.prefix}{name}"
        return key if keys.accepts(key) else f"{key}{keys.suffixes[0]}"

    def named(self, key: str) -> str:
        """Return a key for a person, without the prefix that all have."""
        return named(key.removeprefix(self.prefix))

    def upload(self, key: str, body: bytes) -> None:
        # Written down before it is tried: an answer that got lost on its way is an object all the same.
        self.expected.setdefault(key, None)
        etag = self.expected[key] = self.pipeline.bucket.put(key, body)
        self.contents.add(f"{etag}-{len(body)}")

    def upload_new(self, key: str) -> None:
        """Put a photo that nobody has paid for. The last one of these is the known photo from then on."""
        self.known_photo = self.photos.new()
        self.upload(key, self.known_photo)

    def copy(self, source: str, target: str) -> None:
        self.expected.setdefault(target, None)
        self.expected[target] = self.pipeline.bucket.copy(source, target)

    def delete(self, key: str) -> None:
        self.pipeline.bucket.delete(key)
        self.expected[key] = None

    def records(self, keys: Iterable[str]) -> Mapping[str, ImageRecord]:
        """Read records, as they are now."""
        found = self.pipeline.table.records(list(keys))
        self.seen |= {self.announcement(record).id: record for record in found.values()}
        return found

    def announcement(self, record: ImageRecord) -> Completion:
        return completion(self.pipeline.names.bucket, record, self.policy)

    def shown(self, record: ImageRecord) -> ImageRecord:
        """Return a record as the deployment's policy shows it."""
        if self.policy is None:
            return record
        return replace(record, findings=self.policy.applied(record.findings))

    def called_at(self, record: ImageRecord) -> Mapping[str, str]:
        """Return when each detector was asked about the bytes of a record."""
        names = [ResultName(record.content_id, *named) for named in record.detectors.items()]
        return {name.detector: at for name, at in self.pipeline.table.answered_at(names).items()}

    def recognized(self, *keys: str) -> Steps[Mapping[str, ImageRecord]]:
        """Wait until the objects of these keys are recognized by all detectors, and return their records.

        Raise CheckFailedError if one of them is rejected.
        """

        def missing(record: ImageRecord) -> str | None:
            if record.status is Status.REJECTED and record.rejection is not None:
                reason = f"{record.rejection.code}: {record.rejection.message}"
                raise CheckFailedError(f"{self.named(record.key)} was rejected, {reason}")
            is_whole = dict(record.detectors) == dict(self.fingerprints)
            return None if is_whole else f"what the detectors say of {self.named(record.key)}"

        return (yield from self._until_recorded(keys, missing))

    def rejected(self, *keys: str) -> Steps[Mapping[str, ImageRecord]]:
        """Wait until these keys are rejected, and return their records. Raise CheckFailedError if not."""

        def missing(record: ImageRecord) -> None:
            if record.status is not Status.REJECTED:
                raise CheckFailedError(f"{self.named(record.key)} is {record.status}, and should be rejected")

        return (yield from self._until_recorded(keys, missing))

    def deleted(self, *keys: str) -> Steps[None]:
        def missing() -> Iterator[str]:
            found = self.records(keys)
            for key in keys:
                if key not in found or found[key].status is not Status.DELETED:
                    yield f"that {self.named(key)} is known as deleted"

        yield from self.until(missing)

    def _until_recorded(
        self, keys: Sequence[str], missing: Callable[[ImageRecord], str | None]
    ) -> Steps[Mapping[str, ImageRecord]]:
        def missing_of_all() -> Iterator[str]:
            found = self.records(keys)
            for key in keys:
                record = found.get(key)
                if record is None or record.version.etag != self.expected[key]:
                    yield f"the record of {self.named(key)}"
                elif (what := missing(record)) is not None:
                    yield what

        yield from self.until(missing_of_all)
        return self.records(keys)

    def until(
        self, missing: Callable[[], Iterable[str]], again: Callable[[], None] = lambda: None
    ) -> Steps[None]:
        """Wait until nothing is missing, following the completions meanwhile.

        `again` is called now and then. Raise CheckFailedError with what is missing when patience ends.
        """
        began = done_again = self.clock()
        while still := list(missing()):
            now = self.clock()
            if now - began >= self.patience_seconds:
                raise CheckFailedError(f"after {now - began:.0f} s there is still missing: {first_of(still)}")
            if now - done_again >= AGAIN_SECONDS:
                done_again = now
                again()
            yield f"waiting for {first_of(still)}"
            self.inbox.listen(LOOK_SECONDS)

    def ask(self, path: str, **parameters: object) -> tuple[int, Any]:
        """Ask the API. Raise CheckLeftOutError where it is closed to whoever runs this."""
        status, answer = self.api.get(path, **parameters)
        if status in CLOSED:
            raise CheckLeftOutError(
                f"the API answers {status} to these credentials; it needs execute-api:Invoke "
                "(api_access=iam), or a token in IMAGEPIPE_API_TOKEN (api_access=jwt)"
            )
        return status, answer

    def require(self, holds: bool, key: str, otherwise: str) -> None:
        """Raise CheckFailedError, which says what is otherwise of a key, unless something holds."""
        if not holds:
            raise CheckFailedError(f"{self.named(key)} {otherwise}")

    def is_taken_by_s3(self, key: str, body: bytes) -> bool:
        """Put an object under a key that S3 may refuse; return whether it did not."""
        try:
            self.upload(key, body)
        except ConfigurationError:
            del self.expected[key]
            return False
        return True


def named(key: str) -> str:
    """Return a key for a person, in brief."""
    text = printable(key)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def find_photos(folder: Path | None) -> list[bytes]:
    """Read some JPEGs of a folder, by default of the samples in the checkout. Raise OperatorError."""
    searched = folder or SAMPLES
    files = sorted(searched.glob("*")) if searched.is_dir() else []
    small = (file for file in files if file.suffix.lower() in ENDINGS and file.stat().st_size <= MOST_BYTES)
    photos = list(islice(filter(is_jpeg, (file.read_bytes() for file in small)), MOST_PHOTOS))
    if not photos:
        raise OperatorError(
            f"there is no JPEG of at most 5 MB in {searched}; name a folder of photos with --photos"
        )
    return photos


@dataclass
class MarkedPhotos:
    """Photo after photo, no two of the same bytes. `mark` is this run's own."""

    photos: Sequence[bytes]
    mark: str
    numbers: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self._next = cycle(self.photos)

    def new(self) -> bytes:
        return marked(next(self._next), f"{self.mark} {next(self.numbers)}")

    def cut_off(self) -> bytes:
        """Return one that ends where its picture begins: every decoder refuses it, whatever it forgives."""
        photo = self.new()
        return photo[: _scan_at(photo)]


def is_jpeg(photo: bytes) -> bool:
    """Return whether these are the bytes of a JPEG, as far as its picture begins."""
    try:
        return photo.startswith(_START_OF_IMAGE) and _scan_at(photo) > 0
    except (IndexError, ValueError):
        return False


def marked(photo: bytes, mark: str) -> bytes:
    """Return a JPEG with a comment behind its first segment, where JFIF and Exif want to be.

    https://www.w3.org/Graphics/JPEG/itu-t81.pdf, B.2.4.5
    """
    text = mark.encode()
    comment = bytes([0xFF, _COMMENT]) + (len(text) + _LENGTH_BYTES).to_bytes(_LENGTH_BYTES, "big") + text
    at = len(_START_OF_IMAGE)
    if photo[at + 1] in _APPLICATION:
        at = _next_segment(photo, at)
    return photo[:at] + comment + photo[at:]


def segments(photo: bytes) -> Iterator[int]:
    """Yield where each segment of a JPEG begins; the last is that behind which its picture begins."""
    at = len(_START_OF_IMAGE)
    while photo[at + 1] != _START_OF_SCAN:
        yield at
        at = _next_segment(photo, at)
    yield at


def _scan_at(photo: bytes) -> int:
    *_, at = segments(photo)
    return at


def _next_segment(photo: bytes, at: int) -> int:
    if photo[at] != 0xFF:  # noqa: PLR2004 - every marker begins so
        raise ValueError("no marker where a segment should begin")
    length_at = at + 2
    return length_at + int.from_bytes(photo[length_at : length_at + _LENGTH_BYTES], "big")
