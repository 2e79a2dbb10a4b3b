"""Files as people have them, and as they get broken, with the verdict on each; made when asked for.

A file that is answered shows red at the left and blue at the right, unless it says what else.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple

from tests.local.rekognition.files_made import (
    EXIF,
    HEIGHT,
    PNG,
    RED_BLUE,
    WIDTH,
    changed,
    chunk,
    exif,
    halves,
    header,
    interlaced,
    jpeg_with,
    png,
    rows,
    saved,
    segment,
    split,
    without,
    ycck,
)
from tests.local.rekognition.pictures_made import picture, turned

FORMAT, LARGE, PARAMETER = (
    "InvalidImageFormatException",
    "ImageTooLargeException",
    "InvalidParameterException",
)
Colour = tuple[int, int, int]
RED, BLUE, WHITE, BLACK, GREY = (255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (128, 128, 128)


class Odd(NamedTuple):
    """A file and the code with which it is refused, or what is seen at its left and its right."""

    make: Callable[[], bytes]
    refused: str | None = None
    seen: tuple[Colour, Colour] = (RED, BLUE)


def answered(make: Callable[[], bytes], left: Colour = RED, right: Colour = BLUE) -> Odd:
    return Odd(make, None, (left, right))


def refused(make: Callable[[], bytes], code: str = FORMAT) -> Odd:
    return Odd(make, code)


def _zipped() -> bytes:
    with zipfile.ZipFile(file := io.BytesIO(), "w") as archive:
        archive.writestr("photo.jpg", picture())
    return file.getvalue()


def _animated() -> bytes:
    return saved(halves(), "PNG", save_all=True, append_images=[halves("RGB", "green", "black")])


def _palette(bits: int, left: bytes, right: bytes, *before: bytes) -> bytes:
    colours = chunk(b"PLTE", bytes((*RED, *BLUE)))
    return png(colours, *before, head=header(bits, 3), pixels=rows(left, right))


def _packed(left: int, right: int) -> bytes:
    """Rows of one bit a pixel."""
    half = WIDTH // 2
    row = int(f"{left}" * half + f"{right}" * half, 2).to_bytes(WIDTH // 8)
    return (b"\0" + row) * HEIGHT


def _pixels_cut(share: float) -> bytes:
    data = zlib.compress(RED_BLUE, 0)
    return (
        PNG + chunk(b"IHDR", header()) + chunk(b"IDAT", data[: int(len(data) * share)]) + chunk(b"IEND", b"")
    )


PROFILE = bytes(range(256)) * 12_000
BOMB = zlib.compress(bytes(20_000_000))
THUMBNAIL = exif(1) + picture()
VIDEO = struct.pack(">I", 24) + b"ftypmp42\0\0\0\0mp42isom" + bytes(50_000)
SIXTEEN = b"\xff\xff\0\0\0\0", b"\0\0\0\0\xff\xff"

JPEG = {
    "baseline": answered(picture),
    "progressive": answered(lambda: picture(progressive=True)),
    "of another quality": answered(lambda: picture(quality=5), (246, 0, 0), (0, 0, 253)),
    "4:4:4": answered(lambda: picture(subsampling=0)),
    "4:2:2": answered(lambda: picture(subsampling=1)),
    "with restart markers": answered(lambda: picture(restart_marker_rows=1)),
    "grey": answered(lambda: saved(halves("L", 255, 0), "JPEG"), WHITE, BLACK),
    "CMYK": answered(lambda: saved(halves().convert("CMYK"), "JPEG")),
    "YCCK": answered(ycck),
    "RGB, with an Adobe segment": answered(lambda: picture(keep_rgb=True)),
    "without JFIF": answered(lambda: without(picture(), 0xE0)),
    "without Huffman tables, as video cameras leave them out": answered(lambda: without(picture(), 0xC4)),
    "without quantization tables": refused(lambda: without(picture(), 0xDB)),
    "of 12 bits": refused(lambda: changed(picture(), b"\xff\xc0", 4, b"\x0c")),
    "of a kind that nobody uses": refused(lambda: changed(picture(), b"\xff\xc0", 1, b"\xc5")),
    "without height": refused(lambda: changed(picture(), b"\xff\xc0", 5, b"\0\0")),
    "of two components": refused(lambda: changed(picture(), b"\xff\xc0", 9, b"\2")),
    "that says to be huge": refused(lambda: changed(picture(), b"\xff\xc0", 5, b"\xff\xff\xff\xff"), LARGE),
    "1 pixel high": refused(lambda: picture(120, 1), PARAMETER),
    "79 pixels wide": refused(lambda: picture(79, 80), PARAMETER),
    "80 pixels wide": answered(lambda: picture(80, 80)),
    "of two pictures (MPO)": answered(
        lambda: saved(halves(), "MPO", save_all=True, append_images=[halves("RGB", "green", "black")])
    ),
    "motion photo": answered(lambda: picture() + VIDEO),
    "with zeros behind it": answered(lambda: picture() + bytes(5000)),
    "with another behind it": answered(lambda: picture() + picture(200, 200)),
    "with an archive behind it": answered(lambda: picture() + _zipped()),
    "padded between its segments": answered(lambda: jpeg_with(b"\xff" * 1_000_000)),
    "with junk between its segments": answered(
        lambda: picture()[:20] + b"\0\1\2\xff\0junk" * 50_000 + picture()[20:]
    ),
    "begun twice": answered(lambda: b"\xff\xd8" + picture()),
    "with a comment": answered(lambda: jpeg_with(segment(0xFE, b"\xff\xd9\x80" * 20_000))),
    "with a thumbnail": answered(lambda: jpeg_with(segment(0xE1, THUMBNAIL))),
    "with a profile of 3 MB": answered(
        lambda: jpeg_with(*split(0xE2, b"ICC_PROFILE\0", PROFILE, numbered=True))
    ),
    "with a profile that lacks parts": answered(lambda: jpeg_with(segment(0xE2, b"ICC_PROFILE\0\2\7abc"))),
    "with a profile cut off": answered(lambda: jpeg_with(segment(0xE2, b"ICC_PROFILE\0"))),
    "with JFIF cut off": answered(lambda: jpeg_with(segment(0xE0, b"JFIF\0\1"))),
    "with Adobe cut off": answered(lambda: jpeg_with(segment(0xEE, b"Adobe"))),
    "with Photoshop's resources cut off": answered(
        lambda: jpeg_with(segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04"))
    ),
    "with MPF cut off": answered(lambda: jpeg_with(segment(0xE2, b"MPF\0II*\0"))),
    "with XMP of 3.5 MB": answered(
        lambda: jpeg_with(*split(0xE1, b"http://ns.adobe.com/xmp/extension/\0", bytes(3_500_000)))
    ),
    "with EXIF of 3 MB": answered(lambda: jpeg_with(*split(0xE1, EXIF, exif(1)[6:] + bytes(3_000_000)))),
    "with EXIF cut off": answered(lambda: jpeg_with(segment(0xE1, exif(6)[:12]))),
    "with an empty EXIF": answered(lambda: jpeg_with(segment(0xE1, EXIF))),
    "with EXIF whose directory is behind its end": answered(
        lambda: jpeg_with(segment(0xE1, exif(6)[:10] + b"\x7f\xff\xff\xff" + exif(6)[14:]))
    ),
    "with EXIF whose values are behind its end": answered(
        lambda: jpeg_with(segment(0xE1, changed(exif(6), b"\x01\x12", 4, b"\0\0\xff\xff\x7f\xff\xff\xff")))
    ),
    "with EXIF of an unknown type": answered(lambda: jpeg_with(segment(0xE1, exif(6, kind=99)))),
    "with EXIF that is text": answered(lambda: jpeg_with(segment(0xE1, EXIF + b"see the other file"))),
    "with orientation 0": answered(lambda: turned(0)),
    "with orientation 9": answered(lambda: turned(9)),
    "without its end marker": answered(lambda: picture()[:-2]),
    "with half of its end marker": answered(lambda: picture()[:-1]),
    "progressive, without its end marker": answered(lambda: picture(progressive=True)[:-2]),
    "without its end marker, but with zeros": answered(lambda: picture()[:-2] + bytes(100)),
    "cut in its header": refused(lambda: picture()[:200]),
    "of a beginning only": refused(lambda: picture()[:3]),
    "behind an empty line": refused(lambda: b"\n" + picture()),
    "with every line end converted": refused(lambda: picture().replace(b"\xff", b"?")),
    "in base64": refused(lambda: b"data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ"),
}

PNGS = {
    "8 bits": answered(png),
    "with alpha": answered(lambda: saved(halves("RGBA"), "PNG")),
    "transparent": answered(
        lambda: saved(halves("RGBA", (255, 0, 0, 0), (0, 0, 0, 255)), "PNG"), WHITE, BLACK
    ),
    "grey": answered(lambda: saved(halves("L", 255, 0), "PNG"), WHITE, BLACK),
    "grey with alpha": answered(lambda: saved(halves("LA", (128, 255), (0, 0)), "PNG"), GREY, WHITE),
    "grey of 16 bits": answered(
        lambda: png(head=header(16, 0), pixels=rows(b"\x80\xff", b"\0\x80")), GREY, BLACK
    ),
    "grey of 16 bits, of which one is transparent": answered(
        lambda: png(chunk(b"tRNS", b"\0\x80"), head=header(16, 0), pixels=rows(b"\x80\xff", b"\0\x80")),
        GREY,
        WHITE,
    ),
    "grey with alpha of 16 bits": answered(
        lambda: png(head=header(16, 4), pixels=rows(b"\x80\0\xff\xff", b"\0\0\0\0")), GREY, WHITE
    ),
    "16 bits": answered(lambda: png(head=header(16), pixels=rows(*SIXTEEN))),
    "16 bits, of which one colour is transparent": answered(
        lambda: png(chunk(b"tRNS", SIXTEEN[1]), head=header(16), pixels=rows(*SIXTEEN)), RED, WHITE
    ),
    "16 bits with alpha": answered(
        lambda: png(head=header(16, 6), pixels=rows(SIXTEEN[0] + b"\xff\xff", SIXTEEN[1] + b"\xff\xff"))
    ),
    "1 bit": answered(lambda: png(head=header(1, 0), pixels=_packed(1, 0)), WHITE, BLACK),
    "1 bit of a palette": answered(
        lambda: png(chunk(b"PLTE", bytes((*RED, *BLUE))), head=header(1, 3), pixels=_packed(0, 1))
    ),
    "palette": answered(lambda: _palette(8, b"\0", b"\1")),
    "palette with a transparent colour": answered(
        lambda: _palette(8, b"\0", b"\1", chunk(b"tRNS", b"\xff\0")), RED, WHITE
    ),
    "palette with colours half transparent": answered(
        lambda: _palette(8, b"\0", b"\1", chunk(b"tRNS", b"\x80\xff")), (255, 127, 127), BLUE
    ),
    "palette too short for its pixels": answered(lambda: _palette(8, b"\0", b"\7"), RED, BLACK),
    "without its palette": refused(lambda: png(head=header(8, 3), pixels=rows(b"\0", b"\1"))),
    "with a transparent colour": answered(lambda: png(chunk(b"tRNS", bytes(5) + b"\xff")), RED, WHITE),
    "with a transparent colour cut off": answered(lambda: png(chunk(b"tRNS", b"\0"))),
    "with a transparent colour and alpha": answered(
        lambda: png(
            chunk(b"tRNS", bytes(6)), head=header(8, 6), pixels=rows(b"\xff\0\0\xff", b"\0\0\xff\xff")
        )
    ),
    "with a transparent colour of a wrong checksum": answered(
        lambda: png(chunk(b"tRNS", bytes(5) + b"\xff", 1))
    ),
    "interlaced": answered(interlaced),
    "animated": answered(_animated),
    "animated, its frames out of order": answered(lambda: changed(_animated(), b"fcTL", 7, b"\7")),
    "animated, its frames outside": answered(lambda: changed(_animated(), b"fcTL", 8, b"\x7f")),
    "with a gamma": answered(lambda: png(chunk(b"gAMA", struct.pack(">I", 45_455)))),
    "with a gamma of 0": answered(lambda: png(chunk(b"gAMA", bytes(4)))),
    "with a gamma cut off": answered(lambda: png(chunk(b"gAMA", b"\0"))),
    "with sRGB, cHRM and pHYs cut off": answered(
        lambda: png(chunk(b"sRGB", b""), chunk(b"cHRM", b"\0"), chunk(b"pHYs", b"\0"))
    ),
    "with a profile of 3 MB": answered(lambda: png(chunk(b"iCCP", b"profile\0\0" + zlib.compress(PROFILE)))),
    "with a profile that is a bomb": answered(lambda: png(chunk(b"iCCP", b"profile\0\0" + BOMB))),
    "with a profile that does not unpack": answered(lambda: png(chunk(b"iCCP", b"profile\0\0junk"))),
    "with a profile packed in an unknown way": answered(lambda: png(chunk(b"iCCP", b"profile\0\7junk"))),
    "with a profile without a name": answered(lambda: png(chunk(b"iCCP", b""))),
    "with text that is a bomb": answered(lambda: png(chunk(b"zTXt", b"Comment\0\0" + BOMB))),
    "with international text that is a bomb": answered(
        lambda: png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB))
    ),
    "with text that is a bomb behind its pixels": answered(
        lambda: png(after=[chunk(b"zTXt", b"Comment\0\0" + BOMB)])
    ),
    "with much text": answered(lambda: png(*[chunk(b"zTXt", b"Comment\0\0" + BOMB[:900] + b"junk")] * 70)),
    "with 2 MB of text": answered(lambda: png(chunk(b"tEXt", b"Comment\0" + b"x" * 2_000_000))),
    "with EXIF that makes no sense": answered(lambda: png(chunk(b"eXIf", b"II*_junk"))),
    "turned by EXIF, which Rekognition does not heed in a PNG": answered(
        lambda: png(chunk(b"eXIf", exif(3)[6:]))
    ),
    "with a wrong checksum of a comment": answered(lambda: png(chunk(b"tEXt", b"Comment\0cat", 1))),
    "with a wrong checksum of its pixels": answered(
        lambda: png().replace(zlib.crc32(b"IDAT" + zlib.compress(RED_BLUE)).to_bytes(4), b"\0\0\0\1")
    ),
    "with a wrong checksum of its header": refused(lambda: changed(png(), b"IHDR", 17, b"\0\0\0\0")),
    "with a wrong checksum of its palette": refused(
        lambda: png(chunk(b"PLTE", bytes(6), 1), head=header(8, 3), pixels=rows(b"\0", b"\1"))
    ),
    "with damaged pixels": refused(lambda: changed(png(), b"IDAT", 20, b"\xff" * 8)),
    "without its end": answered(lambda: png()[:-12]),
    "without its end and its last checksum": answered(lambda: png()[:-16]),
    "with junk behind its end": answered(lambda: png() + b"junk" * 1000),
    "with junk for its end": answered(lambda: png()[:-12] + b"junk" * 10),
    "with an unknown chunk": answered(lambda: png(chunk(b"prVt", b"anything"))),
    "with a chunk longer than the file": refused(lambda: PNG + b"\x7f\xff\xff\xffIHDR" + header()),
    "with its pixels in pieces": answered(
        lambda: (
            PNG
            + chunk(b"IHDR", header())
            + b"".join(chunk(b"IDAT", bytes((byte,))) for byte in zlib.compress(RED_BLUE))
            + chunk(b"IEND", b"")
        )
    ),
    "with more pixels than it says": answered(lambda: png(pixels=RED_BLUE * 3)),
    "with half of its pixels": refused(lambda: _pixels_cut(0.5)),
    "without pixels": refused(lambda: PNG + chunk(b"IHDR", header()) + chunk(b"IEND", b"")),
    "with pixels of iOS": refused(
        lambda: png(chunk(b"CgBI", b"P\0 \2"), pixels=RED_BLUE).replace(b"\x78", b"\0")
    ),
    "of a header only": refused(lambda: PNG + chunk(b"IHDR", header())),
    "of a beginning only": refused(lambda: PNG),
    "cut in its transparent colour": refused(lambda: PNG + b"\0\0\0\0tRNS"),
    "without a header": refused(lambda: PNG + chunk(b"IDAT", zlib.compress(RED_BLUE)) + chunk(b"IEND", b"")),
    "of 3 bits": refused(lambda: png(head=header(3))),
    "of an unknown kind of colours": refused(lambda: png(head=header(8, 5))),
    "with an unknown filter": refused(lambda: png(head=header(last=b"\0\1\0"))),
    "with a header cut off": refused(lambda: png(head=header()[:9])),
    "of no size": refused(lambda: png(head=header(size=(0, 0)))),
    "79 pixels high": refused(lambda: png(head=header(size=(120, 79))), PARAMETER),
    "that says to be huge": refused(lambda: png(head=header(size=(60_000, 60_000))), LARGE),
    "20,000 pixels wide": refused(lambda: png(head=header(size=(20_000, 100))), LARGE),
    "that says to be 100 megapixels, and is not": refused(lambda: png(head=header(size=(10_000, 10_000)))),
    "with every line end converted": refused(lambda: png().replace(b"\r\n", b"\n")),
}

OTHERS: dict[str, bytes | Callable[[], bytes]] = {
    "empty": b"",
    "one byte": b"\xff",
    "zeros": bytes(1000),
    "text": b"not a picture",
    "text of 16 bits": "not a picture".encode("utf-16"),
    "HTML": b"<!doctype html><title>404</title>",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "PDF": b"%PDF-1.7\n",
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "archive": _zipped,
    "video": VIDEO,
    "GIF": lambda: picture(kind="GIF"),
    "WebP": lambda: picture(kind="WEBP"),
    "BMP": lambda: picture(kind="BMP"),
    "TIFF": lambda: picture(kind="TIFF"),
    "JPEG 2000": lambda: picture(kind="JPEG2000"),
    "AVIF": lambda: picture(kind="AVIF"),
    "ICO": lambda: picture(kind="ICO"),
    "PPM": lambda: picture(kind="PPM"),
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500),
    "JPEG XL": b"\xff\x0a" + bytes(500),
    "Photoshop": b"8BPS\0\1" + bytes(500),
    "MNG": b"\x8aMNG\r\n\x1a\n" + bytes(500),
}


def _made(file: bytes | Callable[[], bytes]) -> Callable[[], bytes]:
    return (lambda: file) if isinstance(file, bytes) else file


ODD = (
    {f"JPEG {name}": odd for name, odd in JPEG.items()}
    | {f"PNG {name}": odd for name, odd in PNGS.items()}
    | {f"{name} under the name of a JPEG": refused(_made(file)) for name, file in OTHERS.items()}
)
