"""The photos that are uploaded: real ones, each marked so that nobody has ever paid for its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from pathlib import Path

from operations.terminal import OperatorError

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


def _scan_at(photo: bytes) -> int:
    at = len(_START_OF_IMAGE)
    while photo[at + 1] != _START_OF_SCAN:
        at = _next_segment(photo, at)
    return at


def _next_segment(photo: bytes, at: int) -> int:
    if photo[at] != 0xFF:  # noqa: PLR2004 - every marker begins so
        raise ValueError("no marker where a segment should begin")
    length_at = at + 2
    return length_at + int.from_bytes(photo[length_at : length_at + _LENGTH_BYTES], "big")
