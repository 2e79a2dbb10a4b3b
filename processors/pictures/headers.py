"""What JPEG and PNG say of themselves before their pixels, read by hand and within bounds.

Rekognition reads these two itself. Whether it can is told by their headers, also where Pillow cannot decode
them; and Pillow walks through hostile ones for minutes, which a look at them beforehand prevents.
"""

import struct
from typing import NamedTuple

from processors.pictures.errors import INVALID_FORMAT, RefusedError
from processors.pictures.formats import Seekable, read_exactly

# Metadata before the pixels: depth maps and the like come in segments of 64 KB.
_MOST_SEGMENTS = 4096
_MOST_JUNK_BYTES = 4096
_MOST_CHUNKS = 4096
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Those that all decoders know; the rest are lossless, hierarchical or coded arithmetically.
_SEQUENTIAL, _PROGRESSIVE = frozenset({0xC0, 0xC1}), 0xC2
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_END, _SCAN = 0xD9, 0xDA
_PLAIN_DEPTH = 8
_GRAY, _COLOUR = 1, 3


class Header(NamedTuple):
    """The size of a picture as it is in the file, and whether it is of a kind that every decoder knows."""

    width: int
    height: int
    is_plain: bool
    is_progressive: bool = False


def jpeg_header(file: Seekable) -> Header:
    """Read a JPEG up to its first scan (https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B)."""
    found: Header | None = None
    place, junk = 2, 0
    try:
        for _ in range(_MOST_SEGMENTS):
            mark, marker = read_exactly(file, place, 2)
            if mark != 0xFF or marker in {0x00, 0xFF}:  # noqa: PLR2004
                junk += 1
                place += 1
                if junk > _MOST_JUNK_BYTES:
                    break
                continue
            if marker == _SCAN and found:
                return found
            if marker in {_SCAN, _END}:
                break
            if marker in _BARE:
                place += 2
                continue
            (size,) = struct.unpack(">H", read_exactly(file, place + 2, 2))
            if marker in _FRAMES and found is None:
                found = _frame(marker, read_exactly(file, place + 4, 6))
            place += 2 + max(2, size)
    except EOFError as error:
        raise RefusedError(INVALID_FORMAT, "it is a JPEG that ends before its picture begins") from error
    raise RefusedError(INVALID_FORMAT, "it is a JPEG without a picture in it: it may be damaged")


def _frame(marker: int, frame: bytes) -> Header:
    depth, height, width, components = struct.unpack(">BHHB", frame)
    return Header(
        width=width,
        height=height,
        is_plain=marker in _SEQUENTIAL | {_PROGRESSIVE}
        and depth == _PLAIN_DEPTH
        and components in {_GRAY, _COLOUR},
        is_progressive=marker == _PROGRESSIVE,
    )


def png_header(file: Seekable) -> Header:
    """Read a PNG up to its pixels (https://www.w3.org/TR/png-3/)."""
    try:
        size, name = struct.unpack(">I4s", read_exactly(file, 8, 8))
        if name != b"IHDR" or size != 13:  # noqa: PLR2004
            raise RefusedError(INVALID_FORMAT, "it is a PNG without a header: it may be damaged")
        width, height, depth, colour = struct.unpack(">IIBB", read_exactly(file, 16, 10))
        place = 8 + 12 + size
        for _ in range(_MOST_CHUNKS):
            size, name = struct.unpack(">I4s", read_exactly(file, place, 8))
            if name == b"IDAT":
                # Gray, true colour and both with alpha. A palette may be of any kind.
                return Header(width, height, is_plain=depth == _PLAIN_DEPTH and colour in {0, 2, 4, 6})
            place += 12 + size
    except EOFError as error:
        raise RefusedError(INVALID_FORMAT, "it is a PNG that ends before its picture begins") from error
    raise RefusedError(INVALID_FORMAT, "it is a PNG without a picture in it: it may be damaged")


_MOST_BOXES = 64
_MOST_META_BYTES = 16 * 1024 * 1024
# Where an item's type ends its numbers, by the version of its box: ISO/IEC 14496-12, 8.11.6.
_ITEM_TYPE = {2: 8, 3: 10}


def check_heif_items(file: Seekable) -> None:
    """Raise RefusedError where an item's type or name is no text: pi-heif 1.4 ends the process over those."""
    meta = _meta_box(file)
    place = meta.find(b"infe")
    while place >= 4:  # noqa: PLR2004
        (size,) = struct.unpack(">I", meta[place - 4 : place])
        item = meta[place + 4 : place - 4 + size]
        start = _ITEM_TYPE.get(item[0] if item else 0)
        try:
            if start is not None:
                item[start:].decode()
        except UnicodeDecodeError as error:
            raise RefusedError(INVALID_FORMAT, "it is a HEIF whose list of items is damaged") from error
        place = meta.find(b"infe", place + 4)


def _meta_box(file: Seekable) -> bytes:
    """Return the box in which a HEIF tells what is in it; nothing where there is none."""
    place = 0
    for _ in range(_MOST_BOXES):
        file.seek(place)
        head = file.read(16)
        if len(head) < 8:  # noqa: PLR2004
            break
        size, name = struct.unpack(">I4s", head[:8])
        if size == 1 and len(head) == 16:  # noqa: PLR2004
            (size,) = struct.unpack(">Q", head[8:])
        if name == b"meta":
            file.seek(place)
            return file.read(min(size or _MOST_META_BYTES, _MOST_META_BYTES))
        if size < 8:  # noqa: PLR2004
            break
        place += size
    return b""
