"""What is made of one photo: what is known of it, and its renditions. Every file there is gets an answer."""

import io
from collections.abc import Mapping
from typing import Any, NamedTuple

from PIL import Image, ImageFile

from contract.detectors import MAX_S3_IMAGE_BYTES
from contract.photos import (
    LEAST_SIDE_PIXELS,
    MAX_PHOTO_BYTES,
    MOST_SIDE_PIXELS,
    THUMBNAIL_PIXELS,
    VIEW_PIXELS,
)
from processors.pictures.comparing import perceptual_hash, sharpness
from processors.pictures.decoding import check_scans, check_size, decode, open_picture, upright
from processors.pictures.directories import directory_of_exif, first_directory
from processors.pictures.errors import INVALID_FORMAT, TOO_LARGE, TOO_SMALL, RefusedError
from processors.pictures.formats import BEGINNING_BYTES, Seekable, format_of
from processors.pictures.headers import Header, check_heif_items, jpeg_header, png_header
from processors.pictures.iptc import read_iptc
from processors.pictures.metadata import Orientation, Tags, orientation_of
from processors.pictures.range_reader import RangeReader
from processors.pictures.raw_previews import largest_preview, raw_format
from processors.pictures.xmp import read_properties

_XMP, _IPTC, _IPTC_IN_PHOTOSHOP = 0x02BC, 0x83BB, 0x0404
# What Rekognition reads itself.
_HEADERS = {"JPEG": jpeg_header, "PNG": png_header}
_LYING = frozenset({5, 6, 7, 8})
_VIEW_QUALITY, _THUMBNAIL_QUALITY = 85, 75
_MEGABYTE = 1024 * 1024


class Renditions(NamedTuple):
    """What was made of a photo, as files, and what their pixels tell."""

    thumbnail: bytes
    view: bytes | None
    hash: str
    sharpness: float


class Picture(NamedTuple):
    """A photo that was looked at. `width` and `height` are as it is displayed.

    There are no renditions of what Rekognition may be able to decode, and nobody is here.
    """

    form: str
    width: int
    height: int
    is_direct: bool
    orientation: int
    tags: Tags
    renditions: Renditions | None


def check_bytes(size_bytes: int) -> None:
    """Raise RefusedError for a file that is not even opened."""
    if size_bytes == 0:
        raise RefusedError(INVALID_FORMAT, "it is empty: upload it again")
    if size_bytes > MAX_PHOTO_BYTES:
        most = MAX_PHOTO_BYTES // _MEGABYTE
        raise RefusedError(
            TOO_LARGE, f"it has {size_bytes / _MEGABYTE:,.0f} MB, a photo up to {most}: upload it smaller"
        )


def look_at(file: RangeReader) -> Picture:
    """Read a photo, and make its renditions. Raise RefusedError where it can never be recognized."""
    form = format_of(file.read(BEGINNING_BYTES))
    if form in _HEADERS:
        return _look_at_usual(form, file)
    if form == "TIFF" and (raw := raw_format(file)):
        return _look_at_raw(raw, file)
    if form == "HEIF":
        check_heif_items(file)
    picture = open_picture(form, file.whole())
    if form == "TIFF":
        # Pillow turns these itself.
        tags = _tags_of_tiff(file)
        return _shown(form, picture, tags, Orientation(), orientation_of(tags.directory).value)
    tags = tags_of(picture.info)
    # So does what decodes HEIF, which has another way to say how a picture lies.
    orientation = Orientation() if form == "HEIF" else orientation_of(tags.directory)
    return _shown(form, picture, tags, orientation, orientation.value)


def _look_at_usual(form: str, file: RangeReader) -> Picture:
    """Look at what Rekognition reads itself, within its limits: there, what cannot be decoded is its say."""
    header = _HEADERS[form](file)
    check_size(form, header.width, header.height)
    tags = Tags()
    try:
        whole = file.whole()
        if header.is_progressive:
            check_scans(whole)
        picture = open_picture(form, whole)
        tags = tags_of(picture.info)
        orientation = orientation_of(tags.directory)
        if not _is_direct(form, file.size_bytes, header, orientation):
            return _shown(form, picture, tags, orientation, orientation.value)
        small = upright(decode(picture, THUMBNAIL_PIXELS), orientation.value)
        renditions: Renditions | None = _rendered(small, has_view=False)
    except RefusedError:
        orientation = orientation_of(tags.directory)
        if not _is_direct(form, file.size_bytes, header, orientation):
            raise
        renditions = None
    width, height = _displayed(header.width, header.height, orientation.value)
    return Picture(form, width, height, True, orientation.value, tags, renditions)


def _is_direct(form: str, size_bytes: int, header: Header, orientation: Orientation) -> bool:
    """Return whether Rekognition can read the photo itself, and sees it as it is displayed.

    It turns JPEG by EXIF, and no PNG.
    https://docs.aws.amazon.com/rekognition/latest/dg/images-orientation.html
    """
    sides = header.width, header.height
    return (
        size_bytes <= MAX_S3_IMAGE_BYTES
        and min(sides) >= LEAST_SIDE_PIXELS
        and max(sides) <= MOST_SIDE_PIXELS
        and header.is_plain
        and (orientation.value == 1 or (form == "JPEG" and orientation.is_usual))
    )


def _look_at_raw(form: str, file: RangeReader) -> Picture:
    preview = largest_preview(file)
    check_size("JPEG", preview.header.width, preview.header.height)
    file.seek(preview.place)
    picture = open_picture("JPEG", io.BytesIO(file.read(preview.size_bytes)))
    tags = _tags_of_tiff(file)
    orientation = orientation_of(tags.directory)
    return _shown(form, picture, tags, orientation, orientation.value)


def _shown(
    form: str, picture: ImageFile.ImageFile, tags: Tags, turn: Orientation, orientation: int
) -> Picture:
    """Make what Rekognition and people are shown of a picture that they do not read themselves."""
    size = picture.size
    image = upright(decode(picture, _view_side(*size)), turn.value)
    width, height = _displayed(*size, turn.value)
    return Picture(form, width, height, False, orientation, tags, _rendered(image, has_view=True))


def _view_side(width: int, height: int) -> int:
    """Return how long a view is: longer than usual where else its shorter side would be too short."""
    long, short = max(width, height), min(width, height)
    needed = -(-LEAST_SIDE_PIXELS * long // short)
    if needed > MOST_SIDE_PIXELS:
        raise RefusedError(TOO_SMALL, f"it has {width:,} x {height:,} pixels, too narrow to be recognized")
    return max(VIEW_PIXELS, needed)


def _displayed(width: int, height: int, orientation: int) -> tuple[int, int]:
    return (height, width) if orientation in _LYING else (width, height)


def tags_of(info: Mapping[Any, Any]) -> Tags:
    """Gather the tags from where Pillow puts them."""
    xmp = info.get("xmp") or info.get("XML:com.adobe.xmp")
    photoshop = info.get("photoshop")
    iptc = photoshop.get(_IPTC_IN_PHOTOSHOP) if isinstance(photoshop, dict) else None
    exif = info.get("exif")
    return Tags(
        directory_of_exif(exif) if isinstance(exif, bytes) else None,
        read_properties(xmp.encode("utf-8", "replace") if isinstance(xmp, str) else xmp),
        read_iptc(iptc if isinstance(iptc, bytes) else None),
    )


def _tags_of_tiff(file: Seekable) -> Tags:
    directory = first_directory(file)
    if directory is None:
        return Tags()
    return Tags(directory, read_properties(directory.raw(_XMP)), read_iptc(directory.raw(_IPTC)))


def _rendered(image: Image.Image, *, has_view: bool) -> Renditions:
    view = _encoded(image, "JPEG", _VIEW_QUALITY) if has_view else None
    small = image.copy()
    small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), Image.Resampling.LANCZOS)
    thumbnail = _encoded(small, "WEBP", _THUMBNAIL_QUALITY)
    return Renditions(thumbnail, view, perceptual_hash(small), sharpness(small))


def _encoded(image: Image.Image, form: str, quality: int) -> bytes:
    file = io.BytesIO()
    # Nothing of the photo's own goes along: no EXIF with its place, no profile that was applied already.
    image.info = {}
    image.save(file, form, quality=quality)
    return file.getvalue()
