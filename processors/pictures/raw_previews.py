"""The JPEG that a camera puts into its raw file, where that is a TIFF inside: DNG, CR2, NEF, ARW, PEF.

The sensor's data are not developed here: that takes libraries larger than all others, and the camera's own
picture is what its owner has seen. https://helpx.adobe.com/camera-raw/digital-negative.html
"""

import io
from collections.abc import Iterator
from typing import NamedTuple

from processors.pictures.directories import Directory, first_directory, following
from processors.pictures.errors import RefusedError
from processors.pictures.formats import Seekable, read_exactly, refused
from processors.pictures.headers import Header, jpeg_header

_KIND_OF_PICTURE, _COMPRESSION, _PHOTOMETRIC = 0x00FE, 0x0103, 0x0106
_STRIPS, _STRIP_BYTES, _DIRECTORIES_BELOW = 0x0111, 0x0117, 0x014A
_JPEG, _JPEG_BYTES, _DNG_VERSION = 0x0201, 0x0202, 0xC612
_MAKE, _REDUCED = 0x010F, 1
_BY_MAKER = {"nikon": "NEF", "sony": "ARW", "pentax": "PEF", "ricoh": "PEF", "samsung": "SRW"}
_COLOUR_FILTERS, _LINEAR_RAW = 32803, 34892
# Of Nikon, Sony, Pentax, Samsung and Kodak.
_RAW_COMPRESSIONS = frozenset({32767, 32769, 32770, 34713, 65000, 65535})
_MOST_DIRECTORIES = 32
_HEADER_BYTES = 256 * 1024
_MOST_DEPTH = 2


class Preview(NamedTuple):
    """Where a JPEG is in a file, and what it says of itself."""

    place: int
    size_bytes: int
    header: Header


def raw_format(file: Seekable) -> str | None:
    """Return how a camera's raw file is called; None for a TIFF that is none.

    The first picture of one is a small one, or the sensor's data.
    """
    first = first_directory(file)
    if first is None:
        return None
    file.seek(8)
    if file.read(2) == b"CR":
        return "CR2"
    if _DNG_VERSION in first:
        return "DNG"
    kinds = {first.whole_number(_PHOTOMETRIC), first.whole_number(_COMPRESSION)}
    is_reduced = bool((first.whole_number(_KIND_OF_PICTURE) or 0) & _REDUCED)
    if (
        kinds & ({_COLOUR_FILTERS, _LINEAR_RAW} | _RAW_COMPRESSIONS)
        or (is_reduced and _DIRECTORIES_BELOW in first)
        or (_JPEG in first and _STRIPS not in first)
    ):
        maker = (first.text(_MAKE) or "").casefold()
        return next((name for start, name in _BY_MAKER.items() if maker.startswith(start)), "RAW")
    return None


def largest_preview(file: Seekable) -> Preview:
    """Return the largest JPEG in a raw file that every decoder knows. Raise RefusedError if there is none."""
    found = [preview for directory in _directories(file) for preview in _previews(file, directory)]
    if not found:
        raise refused("it is a camera's raw file without a picture in it that is read here")
    return max(found, key=lambda preview: preview.header.width * preview.header.height)


def _directories(file: Seekable) -> Iterator[Directory]:
    """Yield the directories of a file, in no particular order, each once and not too many."""
    first = first_directory(file)
    waiting = [(first, 0)] if first else []
    count = 0
    while waiting and count < _MOST_DIRECTORIES:
        directory, depth = waiting.pop(0)
        count += 1
        yield directory
        if depth < _MOST_DEPTH:
            waiting += [(below, depth + 1) for below in directory.all_below(_DIRECTORIES_BELOW)]
            after = following(directory) if depth == 0 else None
            waiting += [(after, 0)] if after else []


def _previews(file: Seekable, directory: Directory) -> Iterator[Preview]:
    for place_tag, size_tag in ((_JPEG, _JPEG_BYTES), (_STRIPS, _STRIP_BYTES)):
        places, sizes = directory.numbers(place_tag), directory.numbers(size_tag)
        if len(places) == len(sizes) == 1:
            place, size = int(places[0]), int(sizes[0])
            try:
                if size > 0 and read_exactly(file, place, 3) == b"\xff\xd8\xff":
                    header = jpeg_header(io.BytesIO(_beginning(file, place, size)))
                    if header.is_plain and header.width and header.height:
                        yield Preview(place, size, header)
            except (EOFError, RefusedError):
                continue


def _beginning(file: Seekable, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(min(size, _HEADER_BYTES))
