"""From bytes to pixels, within Rekognition's limits.

https://docs.aws.amazon.com/rekognition/latest/dg/limits.html: JPEG or PNG, sides of 80 to 10,000
pixels. The codes are those seen from AWS: a side over 10,000 is an ImageTooLargeException ("Input image
dimensions 12000 x 100 exceed maximum dimension size of 10000 pixels"), one under 80 an
InvalidParameterException (https://github.com/boto/botocore/issues/1366). What cannot be decoded nearly whole
is not a picture: an InvalidImageFormatException.

A picture of 100 megapixels takes up to 400 MB while it is decoded, a progressive JPEG up to 800 (its
coefficients, of four colours), so only one of that kind is decoded at a time, and it is made smaller piece by
piece.
"""

import hashlib
import io
import threading
from collections import OrderedDict

import numpy as np
from PIL import Image

from local.rekognition.containers import BROKEN, bare, ended, is_jpeg, is_nearly_whole
from local.rekognition.validation import RekognitionError, invalid_format, invalid_parameter, too_large

MIN_SIDE_PIXELS = 80
MAX_SIDE_PIXELS = 10_000
ENOUGH_PIXELS = 640
"""No network but those of text looks at more; a JPEG whose sides are all twice this is halved while
decoding."""
_MOST_PIXELS = 2048
_HUGE_PIXELS = 16_000_000
_PIECE_PIXELS = 256
"""The height of a piece, before it is made smaller."""

_one_huge_picture_at_a_time = threading.Lock()

Picture = Image.Image
"""An RGB picture, upright (EXIF orientation applied), perhaps smaller than its file says."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets a picture upright, by its orientation in EXIF."""


def decode(data: bytes) -> Picture:
    """Decode a picture. Raises `RekognitionError` for what Rekognition would not take."""
    file = bare(data)
    width, height = _size(file.data)
    if max(width, height) > MAX_SIDE_PIXELS:
        raise _too_many_pixels(f" {width} x {height}")
    if min(width, height) < MIN_SIDE_PIXELS:
        raise invalid_parameter()
    if width * height > _HUGE_PIXELS:
        with _one_huge_picture_at_a_time:
            picture = _decode(file.data)
    else:
        picture = _decode(file.data)
    return picture.transpose(_TURNS[file.orientation]) if file.orientation in _TURNS else picture


def _size(data: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            return image.size
    except Image.DecompressionBombError:  # of more pixels than two sides within the limit can have
        raise _too_many_pixels("") from None
    except BROKEN:
        raise invalid_format() from None


def _too_many_pixels(dimensions: str) -> RekognitionError:
    return too_large(
        f"Input image dimensions{dimensions} exceed maximum dimension size of {MAX_SIDE_PIXELS} pixels"
    )


def _decode(data: bytes) -> Picture:
    try:
        return _smaller(_load(data))
    except BROKEN:
        if not is_jpeg(data):
            raise invalid_format() from None
    try:
        image = _load(ended(data))
        if is_nearly_whole(image, data):
            return _smaller(image)
    except BROKEN:
        pass
    raise invalid_format()


def _load(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    image.draft("RGB", (ENOUGH_PIXELS, ENOUGH_PIXELS))
    if image.mode == "P" and image.palette is None:
        raise SyntaxError("a palette is missing, for which Pillow would take shades of grey")
    image.load()
    return image


def _smaller(image: Image.Image) -> Picture:
    """Return the picture in RGB, of at most 2048 pixels a side; what is transparent is white."""
    factor = max(image.size) // _MOST_PIXELS
    if factor > 1:
        width, height = image.size
        picture = Image.new("RGB", (-(-width // factor), -(-height // factor)))
        step = _PIECE_PIXELS // factor * factor
        for top in range(0, height, step):
            piece = image.crop((0, top, width, min(top + step, height)))
            picture.paste(_on_white(_of_eight_bits(piece).reduce(factor)), (0, top // factor))
    else:
        picture = _on_white(_of_eight_bits(image))
    picture.thumbnail((_MOST_PIXELS, _MOST_PIXELS), Image.Resampling.BILINEAR)
    return picture


def _of_eight_bits(image: Image.Image) -> Image.Image:
    """Return the image in a mode whose neighbouring pixels can be averaged: L, RGB or RGBA."""
    if image.mode.startswith("I"):  # 16 bits a pixel, which Pillow would cut off at 255
        shades = np.asarray(image)
        grey = (shades >> 8).astype(np.uint8)
        if "transparency" in image.info:
            grey[shades == image.info["transparency"]] = 255
        return Image.fromarray(grey)
    if "transparency" in image.info or image.mode in {"RGBA", "LA", "PA"}:
        return image.convert("RGBA")
    return image.convert("RGB")


def _on_white(image: Image.Image) -> Picture:
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


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
        """Return the picture in `data`, whose `digest` is `digest_of(data)`."""
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
    """Return the SHA-256 of the bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
