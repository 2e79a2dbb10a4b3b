"""Putting the photos of a phase in."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from contract.moments import to_text
from contract.notifications import look_again
from loadtest.errors import LoadtestError
from loadtest.photos import PhotoTracker, TrackedPhoto
from loadtest.scenario import Phase, PhaseLane
from loadtest.stack import Stack

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
        for number, batch in enumerate(_batches(self.prepared[phase.name], size)):
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


def _batches(drawn: list[PhotoUpload], size: int) -> Iterator[list[PhotoUpload]]:
    return (drawn[start : start + size] for start in range(0, len(drawn), size))
