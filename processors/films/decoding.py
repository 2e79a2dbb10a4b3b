"""Films decoded: what one is, and its frames in order of time. OpenCV does it, by FFmpeg, upright."""

import math
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from contract.photos import LEAST_SIDE_PIXELS, MOST_FILM_SECONDS, MOST_PIXELS
from processors.films.film_reader import FilmReader
from processors.pictures.errors import INVALID_FORMAT, TOO_LARGE, TOO_SMALL, RefusedError

# OpenCV's own words on damaged films would fill the log; what it comes to is told to whoever uploaded it.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2

# What OpenCV has as a film's rate where the file does not say.
_USUAL_RATE = 25.0
_MOST_RATE = 1000.0
# How far before a frame it is looked for at first.
_SEEK_BACK_MS = 500
# A frame that is displayed for longer than from one sample to the next.
_STILL_MS = 500
Pixels = Any


class FilmSize(NamedTuple):
    """A film as it is displayed. `frames_a_second` is an average."""

    width: int
    height: int
    seconds: float
    frames_a_second: float


class Film:
    """A film that is being decoded. `close` it."""

    def __init__(self, file: FilmReader) -> None:
        """Open it. Raise RefusedError where nothing can be decoded, or what reading it has met."""
        self._file = file
        try:
            self._capture = cv2.VideoCapture(file, cv2.CAP_FFMPEG, [])  # type: ignore[call-overload]
        except cv2.error as fault:
            self._raise_fault()
            raise _undecodable() from fault
        self._raise_fault()
        if not self._capture.isOpened():
            raise _undecodable()

    def close(self) -> None:
        self._capture.release()

    def size(self) -> FilmSize:
        """Return what it says of itself, and its first frame shows. Raise RefusedError where it has none."""
        rate, count = self._number(cv2.CAP_PROP_FPS), self._number(cv2.CAP_PROP_FRAME_COUNT)
        rate = rate if 0 < rate <= _MOST_RATE else _USUAL_RATE
        first = next(self.frames(0), None)
        if first is None or (picture := self.picture()) is None:
            raise _undecodable()
        height, width = picture.shape[:2]
        seconds = count / rate if count > 0 else self._last_ms() / 1000 + 1 / rate
        return _checked(FilmSize(width, height, max(seconds, 1 / rate), rate))

    def frames(self, first_ms: int, is_late: Callable[[], bool] = lambda: False) -> Iterator[int]:
        """Go through the frames from the one on that is displayed at a time in milliseconds.

        Yield from when on each is displayed, never falling. `picture` decodes the one that was yielded last.
        Where it `is_late` before the first one is found, there is none.
        """
        at = self._go_to(first_ms, is_late) if first_ms else self._next()
        last = first_ms
        while at is not None:
            last = max(last, at)
            yield last
            at = self._next()
        self._raise_fault()

    def _go_to(self, to_ms: int, is_late: Callable[[], bool]) -> int | None:
        """Grab the frame that is displayed at a time; return its own time, None where there is none.

        OpenCV seeks by counting frames of the average rate, from the key frame before. Where the rate varies
        it may land far behind, or at the end: then it is asked for what is further ahead, until it lands
        before.
        """
        back = _SEEK_BACK_MS
        while True:
            aim = max(0, to_ms - back)
            before, at = self._walk(aim, to_ms, is_late)
            if before is not None or at == to_ms or aim == 0 or is_late():
                break
            back *= 4
        if before is not None and at is not None and at - to_ms > _STILL_MS:
            # It lasts: what is displayed is the frame before, and that is gone by now.
            _, at = self._walk(aim, before, is_late)
        return None if is_late() else at

    def _walk(self, aim_ms: int, to_ms: int, is_late: Callable[[], bool]) -> tuple[int | None, int | None]:
        """Go from some time to another; return the times of the last frame before, and of the one there."""
        self._capture.set(cv2.CAP_PROP_POS_MSEC, aim_ms)
        before, at = None, self._next()
        while at is not None and at < to_ms and not is_late():
            before, at = at, self._next()
        return before, at

    def _next(self) -> int | None:
        return round(self._number(cv2.CAP_PROP_POS_MSEC)) if self._capture.grab() else None

    def picture(self) -> Pixels | None:
        """Return the present frame's pixels, in BGR; None where it cannot be decoded."""
        is_there, picture = self._capture.retrieve()
        return picture if is_there and picture is not None and picture.size else None

    def _last_ms(self) -> int:
        """Return the time of the last frame of a film that does not say how long it is."""
        last = 0
        for at in self.frames(0):
            last = at
        return last

    def _number(self, of: int) -> float:
        found = self._capture.get(of)
        return found if math.isfinite(found) else 0.0

    def _raise_fault(self) -> None:
        if self._file.fault is not None:
            raise self._file.fault


def _checked(size: FilmSize) -> FilmSize:
    if size.seconds > MOST_FILM_SECONDS:
        raise RefusedError(
            TOO_LARGE,
            f"it lasts {size.seconds / 3600:,.1f} h, a film up to {MOST_FILM_SECONDS // 3600}: cut it",
        )
    if min(size.width, size.height) < LEAST_SIDE_PIXELS:
        raise RefusedError(
            TOO_SMALL,
            f"it has {size.width:,} x {size.height:,} pixels; both sides have to have {LEAST_SIDE_PIXELS}",
        )
    if size.width * size.height > MOST_PIXELS:
        raise RefusedError(TOO_LARGE, f"it has {size.width:,} x {size.height:,} pixels")
    return size


def _undecodable() -> RefusedError:
    return RefusedError(
        INVALID_FORMAT,
        "it has no picture that can be decoded: it is sound alone, cut off, encrypted or in a codec that is "
        "not known here, such as AV1; upload it as H.264 or HEVC in MP4",
    )
