"""What is in the bucket under a key: what keeps everybody from reading it, and how large a picture it is."""

from typing import NamedTuple

from contract.errors import PermanentError
from contract.records import ImageVersion, Unreadable


class StoredObject(NamedTuple):
    """One version of an object. `obstacle` says why nobody of ours can read it, as far as that is known.

    `kms_key` is the key that it is encrypted with, where that is not S3's own: whether it may be used shows
    only when somebody tries.
    """

    version: ImageVersion
    obstacle: PermanentError | None = None
    kms_key: str | None = None

    def why_unreadable(self) -> PermanentError | None:
        """Return what explains that reading it was refused, None where nothing does."""
        if self.obstacle is None and self.kms_key is not None:
            return encrypted(self.version.key, f"the KMS key {self.kms_key}, which the processor may not use")
        return self.obstacle


def archived(key: str) -> PermanentError:
    """Return the reason that an object has to be restored first; S3 says when that is done."""
    return PermanentError(
        Unreadable.ARCHIVED, f"{key} is archived: restore it, then it is recognized without further ado"
    )


def encrypted(key: str, by: str) -> PermanentError:
    """Return the reason that an object is under a key that is not ours."""
    return PermanentError(
        Unreadable.ENCRYPTED, f"{key} is encrypted with {by}: upload it without encryption settings"
    )


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
