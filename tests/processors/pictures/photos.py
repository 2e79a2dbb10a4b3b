"""Photos that tests make: one motif in every format, so that where it lies can be told by its colors."""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from processors.pictures.directories import SHORT
from processors.pictures.pictures import Picture, look_at
from processors.pictures.range_reader import BLOCK_BYTES, RangeReader

HERE = Path(__file__).parent

WIDTH, HEIGHT = 640, 480
# The quarters of the motif as they are displayed, from the upper left, by rows.
RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 30), (30, 30, 220), (245, 245, 245)
QUARTERS = (RED, GREEN, BLUE, WHITE)

# Pillow's ways to lay a picture so that an EXIF orientation turns it upright.
LAID = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def motif(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    for place, color in enumerate(QUARTERS):
        left, top = place % 2 * width // 2, place // 2 * height // 2
        draw.rectangle((left, top, left + width // 2, top + height // 2), color)
    return image


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def sixteen_bits(image: Image.Image) -> Image.Image:
    return image.convert("L").convert("I").point(lambda value: value * 257).convert("I;16")


def ycck(image: Image.Image) -> bytes:
    """Return a JPEG of four components whose first three are luma and chroma, as Photoshop writes them.

    Pillow writes CMYK alone, inverted as Adobe has it. So it is given planes of YCbCr and black, and the
    marker is told what they are: https://www.adobe.com/go/learn_jpeg_dct_technote5116, page 23.
    """
    cyan, magenta, yellow, black = image.convert("CMYK").split()
    colors = Image.merge("RGB", (cyan, magenta, yellow)).convert("YCbCr").split()
    planes = [plane.point(lambda value: 255 - value) for plane in colors]
    content = encoded(Image.merge("CMYK", (*planes, black)), "JPEG", quality=95)
    place = content.index(b"\xff\xee\x00\x0eAdobe") + 15
    assert content[place] == 0
    return content[:place] + b"\x02" + content[place + 1 :]


# Each format and kind of pixels, by a name. What encodes HEIC is no part of this: those lie in `heic`.
FORMATS: dict[str, Callable[[Image.Image], bytes]] = {
    "JPEG": lambda image: encoded(image, "JPEG", quality=90),
    "JPEG progressive": lambda image: encoded(image, "JPEG", progressive=True),
    "JPEG gray": lambda image: encoded(image.convert("L"), "JPEG"),
    "JPEG CMYK": lambda image: encoded(image.convert("CMYK"), "JPEG"),
    "JPEG YCCK": ycck,
    "PNG": lambda image: encoded(image, "PNG"),
    "PNG palette": lambda image: encoded(image.quantize(16), "PNG"),
    "PNG 16 bits": lambda image: encoded(sixteen_bits(image), "PNG"),
    "PNG alpha": lambda image: encoded(image.convert("RGBA"), "PNG"),
    "PNG black and white": lambda image: encoded(image.convert("1"), "PNG"),
    "WEBP": lambda image: encoded(image, "WEBP"),
    "WEBP lossless": lambda image: encoded(image.convert("RGBA"), "WEBP", lossless=True),
    "AVIF": lambda image: encoded(image, "AVIF"),
    "GIF": lambda image: encoded(image, "GIF"),
    "BMP": lambda image: encoded(image, "BMP"),
    "TIFF": lambda image: encoded(image, "TIFF"),
    "TIFF LZW": lambda image: encoded(image, "TIFF", compression="tiff_lzw"),
    "TIFF deflate": lambda image: encoded(image, "TIFF", compression="tiff_adobe_deflate"),
    "TIFF JPEG": lambda image: encoded(image, "TIFF", compression="jpeg"),
    "TIFF CMYK": lambda image: encoded(image.convert("CMYK"), "TIFF"),
    "TIFF 16 bits": lambda image: encoded(sixteen_bits(image), "TIFF"),
    "TIFF floats": lambda image: encoded(image.convert("F"), "TIFF"),
}


HEIC = {path.stem: path.read_bytes() for path in sorted((HERE / "heic").glob("*.heic"))}


def with_orientation(form: str, orientation: int, kind: int = SHORT) -> bytes:
    """Return the motif laid so that it has to be turned, with a tag of that type that says so."""
    image = motif()
    laid = image.transpose(LAID[orientation]) if orientation in LAID else image
    if form == "TIFF":
        return encoded(laid, form, tiffinfo={0x0112: orientation})
    value = struct.pack(
        "<HH" if kind == SHORT else "<I", *((orientation, 0) if kind == SHORT else (orientation,))
    )
    exif = b"Exif\0\0II*\0" + struct.pack("<IHHHI", 8, 1, 0x0112, kind, 1) + value + bytes(4)
    return encoded(laid, form, exif=exif)


def reader(content: bytes) -> RangeReader:
    """Return a file as the pictures function opens it: by its first block."""
    return RangeReader(lambda first, end: content[first:end], len(content), content[:BLOCK_BYTES])


def looked_at(content: bytes) -> Picture:
    with reader(content) as file:
        return look_at(file)


def quarters(image: Image.Image) -> list[tuple[int, ...]]:
    """Return the colors in the middles of a picture's quarters."""
    width, height = image.size
    colors = image.convert("RGB")
    return [
        tuple(colors.getpixel((width * x // 4, height * y // 4)))  # type: ignore[arg-type]
        for y in (1, 3)
        for x in (1, 3)
    ]


def is_near(color: tuple[int, ...], other: tuple[int, ...], by: int = 40) -> bool:
    return all(abs(one - two) <= by for one, two in zip(color, other, strict=True))
