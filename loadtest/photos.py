"""The photos of a run: bytes that nobody has seen before, how they are put in, and what became of each."""

import itertools
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from aws.calls import in_batches
from contract.moments import to_text
from contract.notifications import look_again
from loadtest import ROOT, LoadtestError
from loadtest.scenario import Phase, PhaseLane
from loadtest.stack import Stack

PHOTOS = ROOT / "images"


# What the names of photos end in. Others than these are converted before Rekognition is shown a view.
JPEG = ("jpg",)


def distinct_photos(folder: Path = PHOTOS, endings: Sequence[str] = JPEG) -> Iterator[bytes]:
    """Yield the folder's photos over and over, each time as other bytes that show the same.

    Of several endings one follows the other. No answer can be found again, and each has to be worked for.
    """
    by_ending = [[path.read_bytes() for path in sorted(folder.glob(f"*.{ending}"))] for ending in endings]
    for ending, originals in zip(endings, by_ending, strict=True):
        if not originals:
            raise LoadtestError(f"no photos ending in .{ending} in {folder}")
    in_turn = itertools.cycle([itertools.cycle(originals) for originals in by_ending])
    return (distinct(next(originals)) for originals in in_turn)


def distinct(original: bytes) -> bytes:
    """Return other bytes that show the same: decoders stop at the end of a picture, and pass what follows.

    HEIF is a row of boxes, of which those of the type `free` are there to be passed over
    (ISO/IEC 14496-12, 8.1.2).
    """
    another = uuid4().bytes
    if original[4:8] == b"ftyp":
        return original + struct.pack(">I4s", 8 + len(another), b"free") + another
    return original + another


def photos_in(folder: Path = PHOTOS) -> int:
    """Count the photos of a folder: a round of a multiple of them has the same mix each time."""
    return len(list(folder.glob("*.jpg")))


def smallest_photo(folder: Path = PHOTOS) -> Path:
    """Return the photo of the fewest bytes: where nobody looks, large ones only keep the local cloud busy."""
    photos = sorted(folder.glob("*.jpg"), key=lambda path: path.stat().st_size)
    if not photos:
        raise LoadtestError(f"no photos in {folder}")
    return photos[0]


@dataclass(frozen=True)
class TrackedPhoto:
    """One photo of a run. Times are seconds since the run began.

    `content` is the same for photos of the same bytes. `sent_at` is when S3 had taken it (for a prepared one:
    when SQS had taken the message that asks to look at it), `ended_at` when its completion came, which
    had so many `labels`.
    """

    key: str
    phase: str
    content: int
    sent_at: float
    ended_at: float | None = None
    status: str = ""
    rejection: str = ""
    labels: int = 0

    @property
    def latency_seconds(self) -> float | None:
        return None if self.ended_at is None else max(0.0, self.ended_at - self.sent_at)


class PhotoTracker:
    """All photos of a run. Threads write and read it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._photos: dict[str, TrackedPhoto] = {}
        self._early: dict[str, tuple[Mapping[str, Any], float]] = {}
        self._ended = 0
        self.last_ended_at = 0.0

    def sent(self, photo: TrackedPhoto) -> None:
        """Note a photo that was put in. Its completion may have been quicker."""
        with self._lock:
            self._photos[photo.key] = photo
            if photo.key in self._early:
                self._end(photo, *self._early.pop(photo.key))

    def ended(self, body: Mapping[str, Any], at: float) -> bool:
        """Note a completion; return whether it is the first of one of our photos. Others are let pass."""
        key = str(body["key"])
        with self._lock:
            photo = self._photos.get(key)
            if photo is None:
                self._early[key] = (body, at)
                return False
            if photo.ended_at is not None:
                return False
            self._end(photo, body, at)
            return True

    def _end(self, photo: TrackedPhoto, body: Mapping[str, Any], at: float) -> None:
        rejection = body.get("rejection") or {}
        status, why = str(body.get("status", "")), str(rejection.get("code", ""))
        labels = len(body.get("labels") or ())
        self._photos[photo.key] = replace(photo, ended_at=at, status=status, rejection=why, labels=labels)
        self._ended += 1
        self.last_ended_at = max(self.last_ended_at, at)

    def photos(self) -> list[TrackedPhoto]:
        """Return all photos, in the order in which they were put in."""
        with self._lock:
            return list(self._photos.values())

    def counts(self) -> tuple[int, int]:
        with self._lock:
            return len(self._photos), self._ended

    def is_over(self, phase: str, photos: int) -> bool:
        with self._lock:
            ended = [photo.ended_at is not None for photo in self._photos.values() if photo.phase == phase]
        return len(ended) >= photos and all(ended)


UPLOADERS = 8
_MESSAGES_A_BATCH = 10


@dataclass(frozen=True)
class PhotoUpload:
    """A photo to be put in. `content` is the same for photos of the same bytes."""

    key: str
    content: int
    body: bytes


def uploads(phase: Phase, prefix: str, photos: Iterator[bytes], first_content: int) -> Iterator[PhotoUpload]:
    """Draw up the photos of a phase, the duplicates spread evenly among them, each of an earlier one."""
    kept: list[tuple[int, bytes]] = []
    owed = 0.0
    for number in range(phase.photos):
        owed += phase.duplicates
        if owed >= 1 and kept:
            owed -= 1
            content, body = kept.pop(0)
        else:
            content, body = first_content + number, next(photos)
            if phase.duplicates:
                kept.append((content, body))
        yield PhotoUpload(f"{prefix}{phase.name}/{number:06}.jpg", content, body)


@dataclass
class Uploader:
    """Puts photos in, and notes each in the tracker. `stopping` ends it early.

    Its methods raise LoadtestError for a photo, or a message, that was not taken.
    """

    stack: Stack
    tracker: PhotoTracker
    clock: Callable[[], float]
    stopping: threading.Event
    prepared: dict[str, list[PhotoUpload]] = field(default_factory=dict)

    def prepare(self, phase: Phase, drawn: list[PhotoUpload]) -> None:
        """Put the photos of a prepared phase into the bucket, whose events are set aside."""
        with ThreadPoolExecutor(UPLOADERS) as uploaders:
            list(uploaders.map(self._put, drawn))
        self.prepared[phase.name] = drawn

    def run(self, phase: Phase, drawn: Iterator[PhotoUpload]) -> None:
        """Let the photos come in, at the phase's rate or all at once."""
        if phase.prepared:
            self._ask(phase)
            return
        begun = self.clock()
        with ThreadPoolExecutor(UPLOADERS) as uploaders:
            pending = threading.BoundedSemaphore(2 * UPLOADERS)
            under_way: deque[Future[None]] = deque(maxlen=4 * UPLOADERS)
            for number, upload in enumerate(drawn):
                self._await_turn(phase, begun, number)
                pending.acquire()
                if self.stopping.is_set() or any(done.done() and done.exception() for done in under_way):
                    break
                done = uploaders.submit(self._put_and_note, phase, upload)
                done.add_done_callback(lambda _: pending.release())
                under_way.append(done)
        for done in under_way:
            done.result()

    def _await_turn(self, phase: Phase, begun: float, number: int) -> None:
        if phase.per_second is not None:
            self.stopping.wait(max(0.0, begun + number / phase.per_second - self.clock()))

    def _put(self, upload: PhotoUpload) -> None:
        try:
            self.stack.s3.put_object(
                Bucket=self.stack.bucket, Key=upload.key, Body=upload.body, ContentType="image/jpeg"
            )
        except (BotoCoreError, ClientError) as error:
            raise LoadtestError(f"S3 did not take {upload.key}: {error}") from error

    def _put_and_note(self, phase: Phase, upload: PhotoUpload) -> None:
        self._put(upload)
        self._note(phase, upload)

    def _note(self, phase: Phase, upload: PhotoUpload) -> None:
        self.tracker.sent(TrackedPhoto(upload.key, phase.name, upload.content, self.clock()))

    def _ask(self, phase: Phase) -> None:
        """Send a message for each prepared photo to the queue of its lane."""
        queue = self.stack.outputs["bulk_queue_url" if phase.lane is PhaseLane.BULK else "queue_url"]
        begun = self.clock()
        size = _MESSAGES_A_BATCH if phase.per_second is None else 1
        for number, batch in enumerate(in_batches(self.prepared[phase.name], size)):
            self._await_turn(phase, begun, number)
            if self.stopping.is_set():
                return
            now = to_text(datetime.now(UTC))
            entries: list[Any] = [
                {"Id": str(place), "MessageBody": look_again(self.stack.bucket, [upload.key], now)}
                for place, upload in enumerate(batch)
            ]
            answer = self.stack.sqs.send_message_batch(QueueUrl=queue, Entries=entries)
            if failed := answer.get("Failed"):
                raise LoadtestError(f"SQS did not take a message of {phase.name}: {failed[0]}")
            for upload in batch:
                self._note(phase, upload)
