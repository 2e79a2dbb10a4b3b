"""What of a file the decoder gets to see: no metadata, and of a JPEG whose end is missing, an end.

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
half of its labels for ever. A PNG whose pixels are not all there is refused, as libpng refuses it."""

import re
import struct
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

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
