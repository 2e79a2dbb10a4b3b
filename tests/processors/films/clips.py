"""Clips with known cuts, made of pictures that differ, and a bucket that holds one."""

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
        for _ in range(round(lasts * rate)):
            writer.write(scene(number, size))
    writer.release()
    return path.read_bytes()


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
