"""Clips with known cuts, made of pictures that differ, and a bucket that holds one."""

import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from contract.films import Slice
from processors.adapters.photos import Piece
from processors.films.films_function import FilmsFunction
from processors.pictures.errors import VersionGoneError
from processors.pictures.range_reader import PhotoVersion

SIZE = (320, 240)
RATE = 10


def scene(number: int, size: tuple[int, int] = SIZE) -> Any:
    """Draw a picture that is unlike those of other numbers."""
    noise = np.random.default_rng(number)
    coarse = noise.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_NEAREST)


def clip(
    path: Path,
    seconds: Sequence[float],
    *,
    size: tuple[int, int] = SIZE,
    code: str = "mp4v",
    rate: int = RATE,
) -> bytes:
    """Write a film whose scenes last so many seconds each; return its bytes."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), rate, size)
    assert writer.isOpened()
    for number, lasts in enumerate(seconds):
        picture = scene(number, size)
        for _ in range(round(lasts * rate)):
            writer.write(picture)
    writer.release()
    return path.read_bytes()


class Clips:
    """Films as `clip` writes them, each written once and shared by all tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, bytes] = {}

    def __call__(self, *seconds: float, name: str = "a.mp4", **how: Any) -> bytes:
        film = f"{seconds}{sorted(how.items())}{name}"
        if film not in self._made:
            self._made[film] = clip(self._folder / name, seconds, **how)
        return self._made[film]


def at_varying_rate(mp4: bytes, lasting: Sequence[tuple[int, int]]) -> bytes:
    """Return a film of OpenCV's whose frames, so many each, last so many milliseconds.

    Its index, which is at the end, gets another table of times.
    https://developer.apple.com/documentation/quicktime-file-format/time-to-sample_atom
    """
    runs = [struct.pack(">2I", count, _ticks(mp4, milliseconds)) for count, milliseconds in lasting]
    table = struct.pack(">4sII", b"stts", 0, len(runs)) + b"".join(runs)
    begins = mp4.rindex(b"stts") - 4
    (size,) = struct.unpack_from(">I", mp4, begins)
    grown = len(table) + 4 - size
    film = bytearray(mp4)
    film[begins : begins + size] = struct.pack(">I", len(table) + 4) + table
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        place = mp4.rindex(kind) - 4
        struct.pack_into(">I", film, place, struct.unpack_from(">I", film, place)[0] + grown)
    lasts = sum(count * milliseconds for count, milliseconds in lasting)
    # How long all of it lasts, in the film's own units and in its track's.
    struct.pack_into(">I", film, mp4.rindex(b"mvhd") + 20, lasts)
    struct.pack_into(">I", film, mp4.rindex(b"tkhd") + 24, lasts)
    struct.pack_into(">I", film, mp4.rindex(b"mdhd") + 20, _ticks(mp4, lasts))
    struct.pack_into(">I", film, mp4.rindex(b"elst") + 12, lasts)
    return bytes(film)


def _ticks(mp4: bytes, milliseconds: int) -> int:
    (a_second,) = struct.unpack_from(">I", mp4, mp4.rindex(b"mdhd") + 16)
    return int(milliseconds * a_second // 1000)


class OneFilm:
    """The bucket with one film, and the renditions that are made of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.made: dict[str, bytes] = {}
        self.fetched = 0
        self.is_gone = False

    def piece(self, film: PhotoVersion, first: int, end: int) -> Piece:
        if self.is_gone:
            raise VersionGoneError(film.key)
        self.fetched += 1
        return Piece(self.content[first:end], len(self.content))

    def put(self, key: str, content: bytes, _content_type: str) -> None:
        self.made[key] = content

    def ask(self, span: Sequence[int] | None = None, clock: Any = time.monotonic) -> dict[str, Any]:
        function = FilmsFunction(self, self, clock)  # type: ignore[arg-type]
        about = {"key": "a.mp4", "etag": "e", "version_id": None, "size_bytes": len(self.content)}
        return function.answer({**about, "content_id": "c", "token": "t", "form": "MP4", "span": span})

    def slice(self, first: int, end: int, lasts: int, clock: Any = time.monotonic) -> Slice:
        return Slice.from_json(self.ask((first, end, lasts), clock)["slice"])
