"""Raw files as cameras lay them out: directories below directories, made of a motif by hand.

What they hold and where is taken from what exiftool shows of such files (https://exiftool.org/TagNames/EXIF.html,
https://exiftool.org/canon_raw.html); sensor data and maker's notes are noise, which nobody here reads.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from tests.processors.pictures.photos import encoded, motif

_ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED = 2, 3, 4, 5, 7

KIND, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
MAKE, MODEL, ORIENTATION, STRIP, STRIP_BYTES, SUB_IFDS = 271, 272, 274, 273, 279, 330
JPEG, JPEG_BYTES, EXIF, DNG_VERSION, EXPOSURE, TAKEN = 513, 514, 34665, 50706, 33434, 36867
COLOR_FILTERS, JPEG_COMPRESSED, OLD_JPEG = 32803, 7, 6


@dataclass(frozen=True)
class Short:
    value: int


@dataclass(frozen=True)
class Ratio:
    above: int
    below: int


@dataclass(frozen=True)
class Data:
    """Bytes that a tag points at."""

    content: bytes


Value = int | str | bytes | Short | Ratio | Data | Sequence["Tags"]
Tags = Mapping[int, Any]


@dataclass
class RawFile:
    """Writes directories one behind another, each with what it points at after it."""

    order: str = "<"
    head: bytes = b""
    content: bytearray = field(default_factory=bytearray)

    def written(self, chain: Sequence[Tags]) -> bytes:
        mark = b"II*\0" if self.order == "<" else b"MM\0*"
        self.content = bytearray(mark + bytes(4) + self.head)
        self._point(4, self._chain(chain))
        return bytes(self.content)

    def _chain(self, chain: Sequence[Tags]) -> int:
        first, before = 0, None
        for tags in chain:
            place, end = self._directory(tags)
            first = first or place
            if before is not None:
                self._point(before, place)
            before = end
        return first

    def _directory(self, tags: Tags) -> tuple[int, int]:
        """Write one directory; return where it is, and where the place of the next one belongs."""
        self._align()
        place = len(self.content)
        self.content += bytes(2 + 12 * len(tags) + 4)
        struct.pack_into(self.order + "H", self.content, place, len(tags))
        for number, (tag, value) in enumerate(sorted(tags.items())):
            kind, count, written = self._value(value)
            if len(written) > 4:
                self._align()
                written, place_of = struct.pack(self.order + "I", len(self.content)), written
                self.content += place_of
            at = place + 2 + 12 * number
            struct.pack_into(self.order + "HHI", self.content, at, tag, kind, count)
            self.content[at + 8 : at + 12] = written.ljust(4, b"\0")
        return place, place + 2 + 12 * len(tags)

    def _value(self, value: Value) -> tuple[int, int, bytes]:
        match value:
            case int():
                return _LONG, 1, struct.pack(self.order + "I", value)
            case Short():
                return _SHORT, 1, struct.pack(self.order + "H", value.value)
            case Ratio():
                return _RATIONAL, 1, struct.pack(self.order + "II", value.above, value.below)
            case str() | bytes():
                text = value.encode() + b"\0" if isinstance(value, str) else value
                return _ASCII if isinstance(value, str) else _UNDEFINED, len(text), text
            case Data():
                self._align()
                place = len(self.content)
                self.content += value.content
                return _LONG, 1, struct.pack(self.order + "I", place)
            case _:
                places = [self._directory(tags)[0] for tags in value]
                return _LONG, len(places), struct.pack(f"{self.order}{len(places)}I", *places)

    def _point(self, at: int, place: int) -> None:
        struct.pack_into(self.order + "I", self.content, at, place)

    def _align(self) -> None:
        self.content += bytes(len(self.content) % 2)


_NOISE = bytes(range(256)) * 64
SENSOR: Tags = {
    **{KIND: 0, WIDTH: 6000, HEIGHT: 4000, PHOTOMETRIC: Short(COLOR_FILTERS)},
    **{COMPRESSION: Short(34713), STRIP: Data(_NOISE), STRIP_BYTES: len(_NOISE)},
}
SHOT: Tags = {
    EXPOSURE: Ratio(1, 250),
    TAKEN: "2026:05:17 18:30:05",
    # The maker's notes, as large as those of cameras.
    37500: _NOISE,
}


def lossless_jpeg(width: int, height: int) -> bytes:
    """Return the beginning of a JPEG as sensor data are in it, which decoders of photos do not know."""
    frame = struct.pack(">BHHB", 14, height, width, 2) + b"\1\x11\0\2\x11\0"
    return (
        b"\xff\xd8\xff\xc3"
        + struct.pack(">H", 2 + len(frame))
        + frame
        + b"\xff\xda\0\x08\1\1\0\1\0\0"
        + _NOISE
    )


def _small(image: Image.Image) -> bytes:
    return encoded(image.resize((160, 120)), "JPEG")


def nef(image: Image.Image, orientation: int = 1) -> bytes:
    """Nikon: big-endian; a small picture of plain pixels first, and three directories below it."""
    small, large = image.resize((160, 120)).tobytes(), encoded(image, "JPEG")
    tags: Tags = {
        **{KIND: 1, WIDTH: 160, HEIGHT: 120, BITS: Short(8), COMPRESSION: Short(1), PHOTOMETRIC: Short(2)},
        **{MAKE: "NIKON CORPORATION", MODEL: "NIKON Z 6", ORIENTATION: Short(orientation)},
        **{STRIP: Data(small), STRIP_BYTES: len(small), EXIF: [SHOT]},
        SUB_IFDS: [
            {KIND: 1, COMPRESSION: Short(OLD_JPEG), JPEG: Data(large), JPEG_BYTES: len(large)},
            SENSOR,
            {
                KIND: 1,
                COMPRESSION: Short(OLD_JPEG),
                JPEG: Data(_small(image)),
                JPEG_BYTES: len(_small(image)),
            },
        ],
    }
    return RawFile(">").written([tags])


def cr2(image: Image.Image, orientation: int = 1) -> bytes:
    """Canon: its mark behind the header, and four directories in a chain, the last with lossless JPEG."""
    large, raw = encoded(image, "JPEG"), lossless_jpeg(6000, 4000)
    camera: Tags = {MAKE: "Canon", MODEL: "Canon EOS 5D Mark IV", ORIENTATION: Short(orientation)}
    chain: list[Tags] = [
        {
            **camera,
            **{WIDTH: image.width, HEIGHT: image.height, COMPRESSION: Short(OLD_JPEG)},
            **{STRIP: Data(large), STRIP_BYTES: len(large), EXIF: [SHOT]},
        },
        {JPEG: Data(_small(image)), JPEG_BYTES: len(_small(image))},
        {COMPRESSION: Short(1), PHOTOMETRIC: Short(2), STRIP: Data(_NOISE), STRIP_BYTES: len(_NOISE)},
        {COMPRESSION: Short(OLD_JPEG), STRIP: Data(raw), STRIP_BYTES: len(raw)},
    ]
    return RawFile("<", b"CR\2\0" + bytes(4)).written(chain)


def dng(image: Image.Image, orientation: int = 1) -> bytes:
    """Adobe's: sensor data as lossless JPEG below a small picture of plain pixels, and a preview."""
    small, large, raw = image.resize((160, 120)).tobytes(), encoded(image, "JPEG"), lossless_jpeg(6000, 4000)
    tags: Tags = {
        **{KIND: 1, WIDTH: 160, HEIGHT: 120, BITS: Short(8), COMPRESSION: Short(1), PHOTOMETRIC: Short(2)},
        **{MAKE: "Google", MODEL: "Pixel 9", ORIENTATION: Short(orientation), DNG_VERSION: b"\1\4\0\0"},
        **{STRIP: Data(small), STRIP_BYTES: len(small), EXIF: [SHOT]},
        SUB_IFDS: [
            {**SENSOR, COMPRESSION: Short(JPEG_COMPRESSED), STRIP: Data(raw), STRIP_BYTES: len(raw)},
            {KIND: 1, COMPRESSION: Short(JPEG_COMPRESSED), STRIP: Data(large), STRIP_BYTES: len(large)},
        ],
    }
    return RawFile("<").written([tags])


def arw(image: Image.Image, orientation: int = 1) -> bytes:
    """Sony: the preview stands in the first directory, the sensor's data below, another small one behind."""
    large = encoded(image, "JPEG")
    tags: Tags = {
        **{KIND: 1, COMPRESSION: Short(OLD_JPEG), MAKE: "SONY", MODEL: "ILCE-7M4"},
        **{ORIENTATION: Short(orientation), JPEG: Data(large), JPEG_BYTES: len(large), EXIF: [SHOT]},
        SUB_IFDS: [{**SENSOR, COMPRESSION: Short(32767)}],
    }
    return RawFile("<").written([tags, {JPEG: Data(_small(image)), JPEG_BYTES: len(_small(image))}])


RAW_FILES: Mapping[str, Callable[..., bytes]] = {"NEF": nef, "CR2": cr2, "DNG": dng, "ARW": arw}
CAMERAS = {"NEF": "NIKON Z 6", "CR2": "Canon EOS 5D Mark IV", "DNG": "Google Pixel 9", "ARW": "SONY ILCE-7M4"}


def raw_of_the_motif(form: str, orientation: int = 1) -> bytes:
    return RAW_FILES[form](motif(), orientation)
