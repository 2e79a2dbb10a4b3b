"""How large a picture is, from its first bytes: enough of JPEG and PNG to doubt a verdict by."""

from __future__ import annotations

from typing import NamedTuple

# Rekognition takes pictures whose sides both have as many pixels.
# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
LEAST_SIDE_PIXELS = 80

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
# Markers of frames (SOF), which hold the size; DHT, JPG and DAC have numbers in between.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers without a length: fill bytes, restarts, the start.
_BARE = frozenset({0x01, *range(0xD0, 0xD9), 0xFF})


class PictureSize(NamedTuple):
    """Width and height in pixels, as they are in the file."""

    width: int
    height: int

    @property
    def is_large_enough(self) -> bool:
        """Whether Rekognition takes pictures of this size."""
        return min(self) >= LEAST_SIDE_PIXELS


def picture_size(beginning: bytes) -> PictureSize | None:
    """Return the size of the picture that begins with these bytes; None where they do not tell."""
    if beginning.startswith(_PNG) and beginning[12:16] == b"IHDR" and len(beginning) >= 24:  # noqa: PLR2004
        return PictureSize(_integer(beginning[16:20]), _integer(beginning[20:24]))
    if beginning.startswith(_JPEG):
        return _jpeg_size(beginning)
    return None


def _jpeg_size(beginning: bytes) -> PictureSize | None:
    """Walk the segments up to the first frame: https://www.w3.org/Graphics/JPEG/itu-t81.pdf, B.1, B.2.2."""
    place = len(_JPEG)
    while place + 9 <= len(beginning) and beginning[place] == 0xFF:  # noqa: PLR2004
        marker = beginning[place + 1]
        if marker in _FRAMES:
            height, width = beginning[place + 5 : place + 7], beginning[place + 7 : place + 9]
            return PictureSize(_integer(width), _integer(height))
        place += 1 if marker == 0xFF else 2 if marker in _BARE else 2 + _segment_bytes(beginning, place)  # noqa: PLR2004
    return None


def _segment_bytes(beginning: bytes, place: int) -> int:
    return max(2, _integer(beginning[place + 2 : place + 4]))


def _integer(digits: bytes) -> int:
    return int.from_bytes(digits, "big")
