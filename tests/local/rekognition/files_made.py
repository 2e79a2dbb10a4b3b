"""Files put together from their parts: chunks of PNG, segments of JPEG."""

import io
import struct
import zlib
from collections.abc import Iterable

from PIL import Image, ImageOps

from tests.local.rekognition.pictures_made import picture

PNG = b"\x89PNG\r\n\x1a\n"
WIDTH, HEIGHT = 120, 100
EXIF, ORIENTATION, SHORT, LONG = b"Exif\0\0", 0x0112, 3, 4
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Where each pass begins and how far it steps: x, y, x, y."""


def halves(mode: str = "RGB", left: object = "red", right: object = "blue") -> Image.Image:
    image = Image.new(mode, (WIDTH, HEIGHT), left)  # type: ignore[arg-type]
    image.paste(right, (WIDTH // 2, 0, WIDTH, HEIGHT))  # type: ignore[arg-type]
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    image.save(file := io.BytesIO(), kind, **options)
    return file.getvalue()


def chunk(name: bytes, body: bytes, checksum: int | None = None) -> bytes:
    sum_of = zlib.crc32(name + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", sum_of)


def header(
    bits: int = 8, colours: int = 2, *, size: tuple[int, int] = (WIDTH, HEIGHT), last: bytes = b"\0\0\0"
) -> bytes:
    return struct.pack(">IIBB", *size, bits, colours) + last


def rows(left: bytes, right: bytes) -> bytes:
    """Unfiltered rows whose halves are of one pixel each (or of some packed into whole bytes)."""
    half = WIDTH // 2
    return (b"\0" + left * half + right * half) * HEIGHT


RED_BLUE = rows(b"\xff\0\0", b"\0\0\xff")


def png(
    *before: bytes, after: Iterable[bytes] = (), head: bytes | None = None, pixels: bytes = RED_BLUE
) -> bytes:
    """A PNG, with chunks before and after its pixels."""
    data = chunk(b"IDAT", zlib.compress(pixels))
    return b"".join([PNG, chunk(b"IHDR", head or header()), *before, data, *after, chunk(b"IEND", b"")])


def interlaced() -> bytes:
    """A PNG whose pixels come in the seven passes of Adam7."""
    pixels = halves().load()
    assert pixels is not None
    data = bytearray()
    for left, top, across, down in ADAM7:
        for y in range(top, HEIGHT, down):
            data += b"\0" + bytes(value for x in range(left, WIDTH, across) for value in pixels[x, y])  # type: ignore[union-attr]
    return png(head=header(last=b"\0\0\1"), pixels=bytes(data))


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def jpeg_with(*segments: bytes, data: bytes | None = None) -> bytes:
    """A JPEG with more segments behind its first two bytes."""
    base = data or picture()
    return base[:2] + b"".join(segments) + base[2:]


def split(marker: int, begin: bytes, body: bytes, *, numbered: bool = False) -> list[bytes]:
    """Segments of at most 65,000 bytes that hold a long body, each with a beginning."""
    parts = [body[place : place + 65_000] for place in range(0, len(body), 65_000)]
    return [
        segment(marker, begin + (bytes((number, len(parts))) if numbered else b"") + part)
        for number, part in enumerate(parts, 1)
    ]


def changed(data: bytes, after: bytes, offset: int, value: bytes) -> bytes:
    """The file with bytes changed, so many behind where `after` begins."""
    place = data.index(after) + offset
    return data[:place] + value + data[place + len(value) :]


def without(data: bytes, marker: int) -> bytes:
    """A JPEG without the segments of a marker before its scan."""
    kept, place = [data[:2]], 2
    while data[place + 1] != 0xDA:
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
        if data[place + 1] != marker:
            kept.append(data[place:end])
        place = end
    return b"".join([*kept, data[place:]])


def exif(orientation: int, kind: int = SHORT, order: str = ">") -> bytes:
    """EXIF with an orientation."""
    value = struct.pack(f"{order}{'I' if kind == LONG else 'H'}", orientation).ljust(4, b"\0")
    begin = (b"MM" if order == ">" else b"II") + struct.pack(f"{order}HI", 42, 8)
    return EXIF + begin + struct.pack(f"{order}HHHI", 1, ORIENTATION, kind, 1) + value + bytes(4)


def ycck() -> bytes:
    """A JPEG as Photoshop writes them for print: YCCK, inverted, and said to be so by an Adobe segment."""
    negative = ImageOps.invert(halves()).convert("YCbCr").split()
    black = Image.new("L", (WIDTH, HEIGHT), 255)
    stored = [ImageOps.invert(band) for band in (*negative, black)]
    data = saved(Image.merge("CMYK", stored), "JPEG", quality=95)
    return changed(data, b"Adobe", 11, b"\2")
