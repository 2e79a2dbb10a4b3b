"""From a file to a small upright picture in sRGB, within bounded memory.

Every decoder gets files that strangers made. What it says of them is a refusal in one sentence; what it takes
in memory is bounded by the size that the header tells, which decoders hold to.
"""

import io
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from pi_heif import HeifImageFile  # type: ignore[import-untyped]
from PIL import Image, ImageCms, ImageFile, PngImagePlugin
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from contract.photos import LEAST_SIDE_PIXELS, MOST_PIXELS
from processors.pictures.errors import INVALID_FORMAT, TOO_LARGE, TOO_SMALL, RefusedError

_DECODERS: dict[str, Callable[[IO[bytes]], ImageFile.ImageFile]] = {
    "AVIF": AvifImageFile,
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
    "HEIF": HeifImageFile,
    "JPEG": JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "TIFF": TiffImageFile,
    "WEBP": WebPImageFile,
}
# Their decoders hold a picture several times over: 8 to 16 bytes a pixel, of the function's 2 GB.
_HUNGRY = frozenset({"AVIF", "HEIF", "WEBP"})
MOST_PIXELS_OF_HUNGRY = 80_000_000
# A progressive JPEG can go through all its pixels for each of its scans. Encoders make about ten.
MOST_SCANS = 200
_START_OF_SCAN = b"\xff\xda"
_MOST_PROFILE_BYTES = 4 * 1024 * 1024
_BAND_PIXELS = 4_000_000
_DEEP = 65535

# Color profiles and comments of PNG may have as much unpacked; Pillow takes 1 MB, and refuses the photo.
PngImagePlugin.MAX_TEXT_CHUNK = 16 * 1024 * 1024

# What decoders raise for broken files: https://pillow.readthedocs.io/en/stable/handbook/security.html
_BROKEN = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError,
    OverflowError, ZeroDivisionError, AssertionError, RuntimeError, struct.error,
    Image.DecompressionBombError,
)  # fmt: skip

# EXIF's orientation as Pillow's way to turn a picture upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PROFILES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab"}


def check_size(form: str, width: int, height: int) -> None:
    """Raise RefusedError for a picture that nobody is shown."""
    if width <= 0 or height <= 0:
        raise RefusedError(INVALID_FORMAT, "its header tells no size: it may be damaged")
    size = f"{width:,} x {height:,} pixels"
    most = MOST_PIXELS_OF_HUNGRY if form in _HUNGRY else MOST_PIXELS
    if width * height > most:
        raise RefusedError(
            TOO_LARGE,
            f"it has {size}; {form} is read up to {most // 1_000_000} million: upload it smaller",
        )
    if min(width, height) < LEAST_SIDE_PIXELS:
        raise RefusedError(
            TOO_SMALL, f"it has {size}; each side needs at least {LEAST_SIDE_PIXELS}: upload it larger"
        )


def open_picture(form: str, file: IO[bytes]) -> ImageFile.ImageFile:
    """Read the header of a picture. Raise RefusedError where that fails, or tells of an impossible size."""
    with _refusing(form):
        picture = _DECODERS[form](file)
    check_size(form, *picture.size)
    if form == "PNG":
        # Its tags may come after its pixels.
        with _refusing(form):
            picture.load()
    return picture


def decode(picture: ImageFile.ImageFile, longest: int) -> Image.Image:
    """Return a picture in sRGB whose sides have at most `longest` pixels, as it lies in the file.

    Raise RefusedError where it cannot be decoded.
    """
    form = picture.format or ""
    with _refusing(form):
        if form == "JPEG":
            picture.draft(None, _fitting(picture.size, longest))
        picture.load()
        small = _on_white(_shrunk(picture, 2 * longest))
        small = small.resize(_fitting(small.size, longest), Image.Resampling.LANCZOS)
        return _in_srgb(small, picture.info.get("icc_profile"))


def upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def check_scans(file: IO[bytes]) -> None:
    """Raise RefusedError for a progressive JPEG that would take forever."""
    file.seek(0)
    scans, tail = 0, b""
    while block := file.read(1024 * 1024):
        scans += (tail + block).count(_START_OF_SCAN)
        tail = block[-1:]
    file.seek(0)
    if scans > MOST_SCANS:
        raise RefusedError(INVALID_FORMAT, f"it is a JPEG of {scans} scans, made to keep decoders busy")


@contextmanager
def _refusing(form: str) -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise RefusedError(
            TOO_LARGE, f"it is a {form} that takes more memory than there is: upload it smaller"
        ) from error
    except _BROKEN as error:
        said = f" ({error})" if str(error) else ""
        raise RefusedError(
            INVALID_FORMAT, f"it is a {form} that cannot be decoded, it may be damaged{said:.200}"
        ) from error


def _fitting(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return the size within a square, of the same shape, never larger."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrunk(image: Image.Image, most_side: int) -> Image.Image:
    """Shrink a picture by a whole number, a band at a time, so that no second one of its size is made."""
    prepare = _preparation(image)
    factor = max(image.size) // most_side
    if factor <= 1:
        return prepare(image)
    width, height = image.size
    rows = factor * max(1, _BAND_PIXELS // (width * factor))
    shrunk: Image.Image | None = None
    for top in range(0, height, rows):
        band = prepare(image.crop((0, top, width, min(top + rows, height)))).reduce(factor)
        if shrunk is None:
            shrunk = Image.new(band.mode, (-(-width // factor), -(-height // factor)))
        shrunk.paste(band, (0, top // factor))
    assert shrunk is not None
    return shrunk


def _preparation(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """Return what brings parts of a picture into one of the modes L, RGB, RGBA, CMYK and LAB."""
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        return _levelling(image)
    is_clear = "transparency" in image.info or mode in {"LA", "La", "PA", "RGBA", "RGBa"}
    target = "RGBA" if is_clear else mode if mode in _PROFILES else "L" if mode == "1" else "RGB"
    return lambda part: part if part.mode == target else part.convert(target)


def _levelling(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """Return what makes 8 bits of more: of 16 the upper ones, of others what is between their extremes."""
    low, high = 0.0, float(_DEEP)
    if not image.mode.startswith("I;16"):
        found = image.getextrema()
        least, most = float(found[0]), float(found[1])  # type: ignore[arg-type]
        if image.mode == "F" or least < 0 or most > _DEEP:
            low, high = least, most
    scale = 255 / (high - low) if high > low else 0.0

    def level(part: Image.Image) -> Image.Image:
        return part.convert("F").point(lambda value: value * scale + (0.5 - low * scale)).convert("L")

    return level


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert by the color profile that came with the picture, where it fits; else as is usual."""
    try:
        if image.mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        elif profile and len(profile) <= _MOST_PROFILE_BYTES:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        else:
            return image.convert("RGB")
        if source.profile.xcolor_space.strip() != _PROFILES[image.mode]:
            return image.convert("RGB")
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC, "RGB"
        )
        return converted if converted is not None else image.convert("RGB")
    except (ImageCms.PyCMSError, *_BROKEN):
        return image.convert("RGB")
