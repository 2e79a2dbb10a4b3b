"""The photos of a run: bytes that nobody has seen before, and what became of each."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from loadtest.errors import LoadtestError
from loadtest.local_place import PHOTOS


def distinct_photos(folder: Path = PHOTOS) -> Iterator[bytes]:
    """Yield the folder's photos over and over, each time as other bytes that show the same.

    A decoder stops at the end marker of a JPEG; what follows it makes the content another, so that no answer
    can be found again and each has to be worked for.
    """
    originals = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
    if not originals:
        raise LoadtestError(f"no photos in {folder}")
    return (original + uuid4().bytes for original in itertools.cycle(originals))


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
        """Return how many photos were put in, and how many of them have ended."""
        with self._lock:
            return len(self._photos), self._ended

    def is_over(self, phase: str, photos: int) -> bool:
        """Return whether that many photos of a phase were put in, and have all ended."""
        with self._lock:
            ended = [photo.ended_at is not None for photo in self._photos.values() if photo.phase == phase]
        return len(ended) >= photos and all(ended)
