"""Which frames of a slice are worth asking about: the sharpest of each shot, of a long one several.

A shot ends where a perceptual hash has changed by a quarter. Two samples a second are looked at.
"""

from collections.abc import Callable
from math import ceil
from typing import NamedTuple

import cv2
from PIL import Image

from contract.photos import VIEW_PIXELS, hash_distance
from processors.films.decoding import Film, Pixels
from processors.pictures.comparing import perceptual_hash, sharpness

SAMPLE_MS = 500
# Of 64 bits.
CHANGED_BITS = 16
LONGEST_SHOT_MS = 10_000
SHORTEST_SHOT_MS = 1000
# A film may have so many; of a long one, fewer a minute.
MOST_FRAMES = 3600
QUALITY = 85
_SMALL_PIXELS = 256


class Shot(NamedTuple):
    """A span in milliseconds, and the frame that stands for it as a JPEG; `at` is that one's own time."""

    first: int
    end: int
    at: int
    jpeg: bytes


class _Sample(NamedTuple):
    at: int
    hash: str
    sharpness: float


def shortest_shot_ms(film_ms: int) -> int:
    """Return how long shots are at least, where a film's last slice may have a shorter one."""
    return max(SHORTEST_SHOT_MS, ceil(film_ms / (MOST_FRAMES - 1)))


def choose(
    film: Film, first: int, end: int | None, *, shortest_ms: int, is_late: Callable[[], bool]
) -> tuple[list[Shot], bool]:
    """Return the shots from a time up to another, or to the film's end; and whether all was looked at.

    Where it `is_late`, what is left of the slice is told by leaps of LONGEST_SHOT_MS.
    """
    shots = _Shots(first, shortest_ms)
    due, last = first, first
    is_coarse = False
    for at in film.frames(first, is_late):
        if end is not None and at >= end:
            break
        last = at
        if at < due:
            continue
        if is_late():
            is_coarse = True
            break
        if (picture := film.picture()) is not None:
            shots.look(at, picture)
        due = at + SAMPLE_MS
    if not shots.has_begun:
        return [], is_late()
    if is_coarse:
        last = _leap(film, shots, last, end)
    return shots.finished(max(last + 1, end or 0)), is_coarse


def _leap(film: Film, shots: "_Shots", after: int, end: int | None) -> int:
    """Look at one frame in a while, without what is in between; a few at most."""
    last, leaps = after, 0
    for leap in range(1, 13):
        at = after + leap * LONGEST_SHOT_MS
        if end is not None and at >= end:
            break
        found = next(film.frames(at), None)
        if found is None or (picture := film.picture()) is None:
            break
        shots.look(found, picture)
        last, leaps = found, leaps + 1
    return last


class _Shots:
    """The shots so far, and of the present one the best frame."""

    def __init__(self, first: int, shortest_ms: int) -> None:
        self._first = first
        self._shortest_ms = shortest_ms
        self._begun: _Sample | None = None
        self._best: _Sample | None = None
        self._jpeg = b""
        self._over: list[Shot] = []

    @property
    def has_begun(self) -> bool:
        return self._begun is not None

    def look(self, at: int, picture: Pixels) -> None:
        sample = _sample(at, picture)
        if self._begun is not None and self._is_over(sample):
            self._end(at)
        if self._begun is None:
            self._begun = sample
        if self._best is None or sample.sharpness > self._best.sharpness:
            self._best, self._jpeg = sample, encoded(picture, VIEW_PIXELS)

    def finished(self, end: int) -> list[Shot]:
        """Return all; what is left at the end, and too short for a shot, goes with the one before."""
        if self._over and end - self._first < self._shortest_ms:
            self._over[-1] = self._over[-1]._replace(end=end)
        elif self._begun is not None:
            self._end(end)
        return self._over

    def _is_over(self, sample: _Sample) -> bool:
        assert self._begun is not None
        lasted = sample.at - self._first
        if lasted < self._shortest_ms:
            return False
        return lasted >= LONGEST_SHOT_MS or hash_distance(self._begun.hash, sample.hash) >= CHANGED_BITS

    def _end(self, at: int) -> None:
        assert self._best is not None
        self._over.append(Shot(self._first, at, self._best.at, self._jpeg))
        self._first, self._begun, self._best, self._jpeg = at, None, None, b""


def _sample(at: int, picture: Pixels) -> _Sample:
    small = as_image(picture, _SMALL_PIXELS)
    return _Sample(at, perceptual_hash(small), sharpness(small))


def as_image(picture: Pixels, longest: int) -> Image.Image:
    """Return a picture for Pillow, no longer than that on either side."""
    return Image.fromarray(cv2.cvtColor(_no_longer(picture, longest), cv2.COLOR_BGR2RGB))


def encoded(picture: Pixels, longest: int) -> bytes:
    """Return a picture as a JPEG, no longer than that on either side."""
    _, jpeg = cv2.imencode(".jpg", _no_longer(picture, longest), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes()


def _no_longer(picture: Pixels, longest: int) -> Pixels:
    height, width = picture.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
