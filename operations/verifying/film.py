"""A film of one photo: the same JPEG some times over in an AVI, which takes no encoder.

https://learn.microsoft.com/en-us/windows/win32/directshow/avi-riff-file-reference
"""

import struct

from operations.verifying.target import segments

SECONDS = 2
_HAS_INDEX, _KEY_FRAME = 0x10, 0x10
_MICROSECONDS = 1_000_000
_BITS_A_PIXEL = 24
# Start of frame: all of these but tables (C4, CC) and an extension (C8) say how large the picture is.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def film_of(photo: bytes) -> bytes:
    """Return a film that shows a JPEG, a frame a second."""
    width, height = _size_of(photo)
    stream = _list(
        b"strl",
        _chunk(
            b"strh",
            struct.pack(
                "<4s4sI2H8I4H",
                *(b"vids", b"MJPG", 0, 0, 0, 0, 1, 1, 0, SECONDS, len(photo), 0, 0),
                *(0, 0, width & 0xFFFF, height & 0xFFFF),
            ),
        ),
        _chunk(
            b"strf",
            struct.pack("<IiiHH4sI4I", 40, width, height, 1, _BITS_A_PIXEL, b"MJPG", len(photo), 0, 0, 0, 0),
        ),
    )
    header = struct.pack(
        "<14I",
        *(_MICROSECONDS, len(photo), 0, _HAS_INDEX, SECONDS, 0, 1, len(photo), width, height, 0, 0, 0, 0),
    )
    frame = _chunk(b"00dc", photo)
    index = b"".join(
        struct.pack("<4s3I", b"00dc", _KEY_FRAME, len(b"movi") + number * len(frame), len(photo))
        for number in range(SECONDS)
    )
    parts = (_list(b"hdrl", _chunk(b"avih", header), stream), _list(b"movi", frame * SECONDS))
    return _chunk(b"RIFF", b"AVI " + b"".join(parts) + _chunk(b"idx1", index))


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _list(name: bytes, *parts: bytes) -> bytes:
    return _chunk(b"LIST", name + b"".join(parts))


def _size_of(photo: bytes) -> tuple[int, int]:
    """Return width and height of a JPEG."""
    at = next(at for at in segments(photo) if photo[at + 1] in _FRAMES)
    height, width = struct.unpack_from(">2H", photo, at + 5)
    return width, height
