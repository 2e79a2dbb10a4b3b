"""From bytes to pixels, within Rekognition's limits.

https://docs.aws.amazon.com/rekognition/latest/dg/limits.html: JPEG or PNG, sides of 80 to 10,000
pixels. The codes are those seen from AWS: a side over 10,000 is an ImageTooLargeException ("Input image
dimensions 12000 x 100 exceed maximum dimension size of 10000 pixels"), one under 80 an
InvalidParameterException (https://github.com/boto/botocore/issues/1366). What cannot be decoded nearly whole
is not a picture: an InvalidImageFormatException.

A picture of 100 megapixels takes up to 400 MB while it is decoded, a progressive JPEG up to 800 (its
coefficients, of four colours), so only one of that kind is decoded at a time, and it is made smaller piece by
piece.

A colour profile, a comment or a thumbnail says nothing about whether there is a picture. Pillow reads them,
and refuses the file when one of them is broken, or unpacks to more than it deems wise
(https://pillow.readthedocs.io/en/stable/handbook/image-file-formats.html#png-opening); libjpeg and libpng,
and so the decoders at large, pass over them. So they are left out, unread, and unpacked by nobody. Of EXIF
the orientation is wanted, and only of a JPEG: Rekognition turns no PNG
(https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectFaces.html).

Of a JPEG whose end is missing, libjpeg and with it browsers and most tools show what there is; what is not
there becomes grey. What Rekognition does is written nowhere. Here it is taken if it is nearly whole: cameras
that leave out the last bytes are common, and nobody sees the difference. It is refused if a substantial part
is missing, for an upload that broke off is better told as a bad photo, and uploaded again, than found under
half of its labels for ever. A PNG whose pixels are not all there is refused, as libpng refuses it.
"""

import hashlib
import io
import re
import struct
import threading
import zlib
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from local.rekognition.request import RekognitionError, invalid_format, invalid_parameter, too_large

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


_PNG = b"\x89PNG\r\n\x1a\n"
_CHUNK_NAME = re.compile(rb"[A-Za-z]{4}")
_ANCILLARY = 0x20
"""The bit of a chunk's first letter by which decoders know what they may pass over."""
_TRANSPARENCY_BYTES = {b"\0": 2, b"\2": 6, b"\3": 1}
"""What tRNS has at least, by colour type; the others have no such chunk."""
_COLOUR_TYPE_AT = 25

_JPEG = b"\xff\xd8\xff"
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_SCAN, _END, _COMMENT = 0xDA, 0xD9, 0xFE
_ALONE = frozenset([0x01, *range(0xD0, 0xD9)])
"""Markers of JPEG that nothing belongs to."""
_APPLICATION = range(0xE0, 0xF0)
_COLOURS = {0xE0: (b"JFIF\0", 14), 0xEE: (b"Adobe", 12)}
"""The application segments by which libjpeg tells RGB from YCbCr and CMYK from YCCK, how they begin, and the
bytes that libjpeg wants them to have."""
_EXIF = 0xE1, b"Exif\0\0"
_ORIENTATION = 0x0112
BROKEN = (OSError, SyntaxError, ValueError, KeyError, IndexError, TypeError, EOFError, struct.error)
"""What Pillow raises on files and metadata that make no sense."""


class Bare(NamedTuple):
    """A file without its metadata, and the orientation (1 to 8) that these gave."""

    data: bytes
    orientation: int = 1


def bare(data: bytes) -> Bare:
    """Return a JPEG or PNG without metadata; anything else, and what has no order, as it is."""
    if data.startswith(_PNG):
        return Bare(_bare_png(data))
    return _bare_jpeg(data) if is_jpeg(data) else Bare(data)


def is_jpeg(data: bytes) -> bool:
    return data.startswith(_JPEG)


def _bare_png(data: bytes) -> bytes:
    kept, place = [_PNG], len(_PNG)
    while _CHUNK_NAME.fullmatch(name := data[place + 4 : place + 8]):
        end = place + 12 + int.from_bytes(data[place : place + 4])
        chunk = data[place:end]
        if not name[0] & _ANCILLARY or (name == b"tRNS" and _is_sound_transparency(chunk, data)):
            kept.append(chunk)
        if name == b"IEND":
            return b"".join(kept)
        place = end
    return b"".join([*kept, data[place:]])


def _is_sound_transparency(chunk: bytes, data: bytes) -> bool:
    needed = _TRANSPARENCY_BYTES.get(data[_COLOUR_TYPE_AT : _COLOUR_TYPE_AT + 1])
    body, checksum = chunk[4:-4], chunk[-4:]
    return needed is not None and len(body) >= 4 + needed and zlib.crc32(body) == int.from_bytes(checksum)


def _bare_jpeg(data: bytes) -> Bare:
    kept, exif, place, scans = [data[:2]], [b""], 2, b""
    while found := _MARKER.search(data, place):
        marker, place = found[1][0], found.end()
        if marker in {_SCAN, _END}:
            scans = data[place - 2 :]
            break
        if marker in _ALONE:
            continue
        length = max(int.from_bytes(data[place : place + 2]), 2)
        body = data[place + 2 : place + length]
        if (marker, body[:6]) == _EXIF:
            exif.append(body[6:])
        elif _is_needed(marker, body):
            kept.append(data[place - 2 : place + length])
        place += length
    # Zeros are room that a download made and did not fill; they would be read as pixels.
    return Bare(b"".join([*kept, scans.rstrip(b"\0")]), _orientation(b"".join(exif)))


def _is_needed(marker: int, body: bytes) -> bool:
    if marker in _COLOURS:
        begin, least = _COLOURS[marker]
        return body.startswith(begin) and len(body) >= least
    return marker not in _APPLICATION and marker != _COMMENT


def _orientation(exif: bytes) -> int:
    """Return the orientation; EXIF that makes no sense says nothing."""
    tags = Image.Exif()
    try:
        tags.load(exif)
        told = tags.get(_ORIENTATION)
    except BROKEN:
        return 1
    return told if isinstance(told, int) and told in range(1, 9) else 1


_END_OF_IMAGE = b"\xff\xd9"
_MAX_MISSING = 0.1
"""The share of a picture's rows that may be missing."""
_GREYS = 127, 128
"""What libjpeg makes of rows that it has no data for: the first where colours are stored inverted (CMYK)."""
_SCAN_HEADER = re.compile(rb"\xff\xda..(?:\x01(..)|\x02(.{4})|\x03(.{6})|\x04(.{8}))(.)(.)", re.DOTALL)
"""Where a scan begins: its components, each with the tables it uses, its first and its last coefficient."""
_COEFFICIENTS = 64


def ended(data: bytes) -> bytes:
    """Return a JPEG with an end, so that a decoder makes of it what it can."""
    return data + _END_OF_IMAGE


def is_nearly_whole(image: Image.Image, data: bytes) -> bool:
    """Return whether the file without an end, `data`, has nearly all that the image decoded from it needs.

    All scans must have begun that a pixel needs (a progressive JPEG sharpens the whole picture scan by scan),
    and at most a tenth of the rows be missing.
    """
    return (
        isinstance(image, JpegImageFile) and _has_scans(image, data) and _missing_rows(image) <= _MAX_MISSING
    )


def _has_scans(image: JpegImageFile, data: bytes) -> bool:
    """Return whether a scan has begun for each coefficient of each component."""
    begun = set()
    for *components, first, last in _SCAN_HEADER.findall(data):
        begun |= {(one, place) for one in b"".join(components)[::2] for place in range(first[0], last[0] + 1)}
    return begun >= {(layer[0], place) for layer in image.layer for place in range(_COEFFICIENTS)}


def _missing_rows(image: Image.Image) -> float:
    """Return the share of rows at the bottom that are of nothing but the grey of what is missing.

    Whose last rows are of just this grey, and are there, is taken for more unfinished than it is.
    """
    pixels = np.asarray(image).reshape(image.height, -1)
    rows = np.flatnonzero(((pixels < min(_GREYS)) | (pixels > max(_GREYS))).any(axis=1))
    return 1 - (int(rows[-1]) + 1) / image.height if rows.size else 1.0
