"""What of a file the decoder gets to see: the pixels and what they need, without any metadata.

A colour profile, a comment or a thumbnail says nothing about whether there is a picture. Pillow reads them,
and refuses the file when one of them is broken, or unpacks to more than it deems wise
(https://pillow.readthedocs.io/en/stable/handbook/image-file-formats.html#png-opening); libjpeg and libpng,
and so the decoders at large, pass over them. So they are left out, unread, and unpacked by nobody. Of EXIF
the orientation is wanted, and only of a JPEG: Rekognition turns no PNG
(https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectFaces.html).
"""

import re
import struct
import zlib
from typing import NamedTuple

from PIL import Image

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
