"""From bytes to pixels, within Rekognition's limits.

https://docs.aws.amazon.com/rekognition/latest/dg/limits.html: JPEG or PNG, sides of 80 to 10,000
pixels. The codes are those seen from AWS: a side over 10,000 is an ImageTooLargeException ("Input image
dimensions 12000 x 100 exceed maximum dimension size of 10000 pixels"), one under 80 an
InvalidParameterException (https://github.com/boto/botocore/issues/1366). A truncated picture is an
InvalidImageFormatException here: what cannot be decoded whole is not a picture.
"""

import hashlib
import io
import struct
import threading
from collections import OrderedDict

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from infra.local.rekognition.errors import RekognitionError, invalid_format, invalid_parameter, too_large

MIN_SIDE_PIXELS = 80
MAX_SIDE_PIXELS = 10_000
ENOUGH_PIXELS = 640
"""No network but those of text looks at more; a JPEG whose sides are all twice this is halved while
decoding."""
_MOST_PIXELS = 2048
_HUGE_PIXELS = 16_000_000

_one_huge_picture_at_a_time = threading.Lock()

Picture = Image.Image
"""An RGB picture, upright (EXIF orientation applied), perhaps smaller than its file says."""


def _upright(image: Image.Image) -> Image.Image:
    """The picture as EXIF says it was held; EXIF that makes no sense says nothing."""
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error):
        return image


def _decode(image: Image.Image) -> Picture:
    image.draft("RGB", (ENOUGH_PIXELS, ENOUGH_PIXELS))
    try:
        image.load()
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        raise invalid_format() from None
    if max(image.size) > _MOST_PIXELS:
        image.thumbnail((_MOST_PIXELS, _MOST_PIXELS), Image.Resampling.BILINEAR, reducing_gap=2.0)
    upright = _upright(image)
    if upright.mode.startswith("I"):  # 16 bits a pixel, which Pillow would cut off at 255
        return Image.fromarray((np.asarray(upright) // 256).astype(np.uint8)).convert("RGB")
    if "transparency" in upright.info or upright.mode in {"RGBA", "LA", "PA"}:
        upright = upright.convert("RGBA")
        white = Image.new("RGBA", upright.size, "white")
        return Image.alpha_composite(white, upright).convert("RGB")
    return upright.convert("RGB")


def _too_many_pixels(dimensions: str) -> RekognitionError:
    return too_large(
        f"Input image dimensions{dimensions} exceed maximum dimension size of {MAX_SIDE_PIXELS} pixels"
    )


def decode(data: bytes) -> Picture:
    """Decode a picture. Raises `RekognitionError` for what Rekognition would not take."""
    try:
        image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    except Image.DecompressionBombError:  # of more pixels than two sides within the limit can have
        raise _too_many_pixels("") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise invalid_format() from None
    width, height = image.size
    if max(width, height) > MAX_SIDE_PIXELS:
        raise _too_many_pixels(f" {width} x {height}")
    if min(width, height) < MIN_SIDE_PIXELS:
        raise invalid_parameter()
    if width * height > _HUGE_PIXELS:
        with _one_huge_picture_at_a_time:
            return _decode(image)
    return _decode(image)


class PictureCache:
    """Decodes each content once for operations that ask within a short while of each other.

    Keyed by the hash of the bytes, so that no other version's pixels can be served.
    """

    def __init__(self, size: int = 8) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._decoding: dict[str, threading.Lock] = {}
        self._pictures: OrderedDict[str, Picture] = OrderedDict()

    def get(self, digest: str, data: bytes) -> Picture:
        """The picture in `data`, whose `digest` is `digest_of(data)`."""
        with self._lock:
            turn = self._decoding.setdefault(digest, threading.Lock())
        with turn:
            with self._lock:
                if digest in self._pictures:
                    self._pictures.move_to_end(digest)
                    return self._pictures[digest]
            try:
                picture = decode(data)
            finally:
                with self._lock:
                    self._decoding.pop(digest, None)
            with self._lock:
                self._pictures[digest] = picture
                while len(self._pictures) > self._size:
                    self._pictures.popitem(last=False)
            return picture


def digest_of(data: bytes) -> str:
    """The SHA-256 of the bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
