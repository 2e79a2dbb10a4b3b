"""Every format that people's photos are in, and what is made of it."""

import io
import struct

import pytest
from PIL import Image, ImageCms

from contract.detectors import MAX_S3_IMAGE_BYTES
from processors.pictures import pictures
from processors.pictures.directories import LONG
from processors.pictures.errors import RefusedError
from processors.pictures.formats import format_of
from processors.pictures.pictures import Picture
from tests.processors.pictures.photos import (
    FORMATS,
    HEIC,
    HEIGHT,
    QUARTERS,
    WIDTH,
    encoded,
    is_near,
    looked_at,
    motif,
    quarters,
    with_orientation,
)

DIRECT = {"JPEG", "JPEG progressive", "JPEG gray", "PNG", "PNG alpha"}
TURNED = ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"]


def image_of(picture: Picture) -> Image.Image:
    """Return what people are shown."""
    assert picture.renditions
    return Image.open(io.BytesIO(picture.renditions.view or picture.renditions.thumbnail))


def assert_shows_the_motif(picture: Picture, *, is_gray: bool = False) -> None:
    assert picture.renditions
    shown = [picture.renditions.thumbnail, *filter(None, [picture.renditions.view])]
    for image in map(Image.open, map(io.BytesIO, shown)):
        colors = quarters(image)
        if is_gray:
            lights = [sum(color) / 3 for color in colors]
            assert lights[3] > 200
            assert lights[3] > lights[1] > lights[0] > lights[2]
        else:
            assert all(map(is_near, colors, QUARTERS)), (image.format, colors)
        assert image.size == ((WIDTH, HEIGHT) if image.format == "JPEG" else (512, 384))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_shown_as_it_is(name: str) -> None:
    picture = looked_at(FORMATS[name](motif()))

    assert picture.form == name.split(maxsplit=1)[0]
    assert (picture.width, picture.height, picture.orientation) == (WIDTH, HEIGHT, 1)
    assert picture.is_direct == (name in DIRECT)
    is_gray = any(kind in name for kind in ("gray", "16", "floats"))
    if "black" not in name:
        assert_shows_the_motif(picture, is_gray=is_gray)


@pytest.mark.parametrize("name", HEIC)
def test_photos_of_phones_are_shown_as_they_were_taken(name: str) -> None:
    picture = looked_at(HEIC[name])

    assert (picture.form, picture.width, picture.height) == ("HEIF", WIDTH, HEIGHT)
    assert not picture.is_direct
    assert_shows_the_motif(picture)


def test_a_picture_behind_a_long_comment_is_found() -> None:
    content = encoded(motif(), "JPEG")
    comment = b"\xff\xfe" + (0xFFFF).to_bytes(2, "big") + b"\0" * (0xFFFF - 2)

    picture = looked_at(content[:2] + comment + content[2:])

    assert (picture.form, picture.width, picture.height) == ("JPEG", WIDTH, HEIGHT)
    assert_shows_the_motif(picture)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", TURNED)
def test_a_turned_photo_is_shown_upright(form: str, orientation: int) -> None:
    picture = looked_at(with_orientation(form, orientation))

    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert picture.orientation == orientation
    # Rekognition turns JPEG, and no PNG.
    assert picture.is_direct == (form == "JPEG" or (form == "PNG" and orientation == 1))
    assert_shows_the_motif(picture)


@pytest.mark.parametrize("orientation", [1, 6])
def test_an_orientation_that_browsers_do_not_read_is_not_left_to_them(orientation: int) -> None:
    picture = looked_at(with_orientation("JPEG", orientation, LONG))

    assert picture.is_direct == (orientation == 1)
    assert_shows_the_motif(picture)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_there_is_not_turns_nothing(orientation: int) -> None:
    picture = looked_at(with_orientation("JPEG", orientation))

    assert (picture.orientation, picture.is_direct) == (1, True)
    assert_shows_the_motif(picture)


def test_an_orientation_in_xmp_turns_nothing_as_in_browsers() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" tiff:Orientation="6"/>'
    picture = looked_at(encoded(motif(), "JPEG", xmp=xmp))

    assert picture.orientation == 1
    assert_shows_the_motif(picture)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF"])
def test_what_is_clear_is_white(form: str) -> None:
    image = motif().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, WIDTH // 2, HEIGHT // 2))

    picture = looked_at(encoded(image, form, **({"lossless": True} if form == "WEBP" else {})))

    assert picture.renditions
    shown = Image.open(io.BytesIO(picture.renditions.thumbnail))
    assert is_near(quarters(shown)[0], (255, 255, 255))
    assert is_near(quarters(shown)[1], QUARTERS[1])


def test_a_clear_color_of_a_palette_is_white() -> None:
    image = motif().quantize(8)
    index = image.getpixel((5, 5))

    picture = looked_at(encoded(image, "GIF", transparency=index))

    assert is_near(quarters(image_of(picture))[0], (255, 255, 255))
    assert is_near(quarters(image_of(picture))[2], QUARTERS[2])


def test_of_an_animation_the_first_picture_is_shown() -> None:
    others = [Image.new("RGB", (WIDTH, HEIGHT), "black")] * 3
    for form in ("GIF", "WEBP", "PNG", "AVIF", "TIFF"):
        assert_shows_the_motif(looked_at(encoded(motif(), form, save_all=True, append_images=others)))


def test_colors_are_brought_from_their_profile_to_srgb() -> None:
    """What is written in another space looks the same afterwards."""
    lab = ImageCms.createProfile("LAB")
    swapped = ImageCms.profileToProfile(motif(), ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
    assert swapped is not None

    assert_shows_the_motif(looked_at(encoded(swapped, "TIFF")))


@pytest.mark.parametrize(
    "profile",
    [b"", b"no profile", bytes(200), ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()],
)
def test_a_profile_that_does_not_fit_is_passed_over(profile: bytes) -> None:
    assert_shows_the_motif(looked_at(encoded(motif(), "TIFF", icc_profile=profile)))


def test_nothing_of_the_file_is_in_its_renditions() -> None:
    content = encoded(motif(), "TIFF", tiffinfo={270: "secret words", 315: "somebody"})
    picture = looked_at(content)

    assert picture.renditions
    assert picture.renditions.view
    for rendition in (picture.renditions.view, picture.renditions.thumbnail):
        image = Image.open(io.BytesIO(rendition))
        assert not {"exif", "xmp", "icc_profile", "comment"} & image.info.keys()
        assert b"secret" not in rendition


@pytest.mark.parametrize(
    ("size", "code"),
    [((79, 500), "InvalidParameterException"), ((500, 79), "InvalidParameterException"), ((80, 80), None)],
)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_what_is_smaller_than_rekognition_takes_is_refused(
    form: str, size: tuple[int, int], code: str | None
) -> None:
    content = encoded(motif(*size), form)
    if code is None:
        assert looked_at(content).renditions
        return
    with pytest.raises(RefusedError, match="each side needs at least 80: upload it larger") as refusal:
        looked_at(content)
    assert refusal.value.code == code


def test_what_is_longer_than_rekognition_takes_is_shown_to_it_smaller() -> None:
    picture = looked_at(encoded(motif(10_001, 90), "PNG"))

    assert not picture.is_direct
    # No side of it is too short.
    assert image_of(picture).size == (8890, 80)
    assert looked_at(encoded(motif(10_000, 90), "PNG")).is_direct


def test_what_is_too_narrow_at_any_size_is_refused() -> None:
    with pytest.raises(RefusedError, match="too narrow to be recognized") as refusal:
        looked_at(encoded(motif(12_000, 90), "PNG"))
    assert refusal.value.code == "InvalidParameterException"


def test_what_has_more_bytes_than_rekognition_takes_is_shown_to_it_smaller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = encoded(motif(), "JPEG")
    assert MAX_S3_IMAGE_BYTES == 15 * 1024**2
    monkeypatch.setattr(pictures, "MAX_S3_IMAGE_BYTES", len(content))
    assert looked_at(content).is_direct
    monkeypatch.setattr(pictures, "MAX_S3_IMAGE_BYTES", len(content) - 1)
    assert not looked_at(content).is_direct


def tiff(*directories: dict[int, tuple[int, int, int]], head: bytes = b"II*\0", parts: bytes = b"") -> bytes:
    """Return a TIFF of directories in a chain, each tag with type, count and value, and what follows them."""
    place = 16
    content = b""
    for number, tags in enumerate(directories):
        after = place + 2 + 12 * len(tags) + 4
        content += struct.pack("<H", len(tags))
        for tag, (kind, count, value) in sorted(tags.items()):
            content += struct.pack("<HHII", tag, kind, count, value)
        content += struct.pack("<I", after if number + 1 < len(directories) else 0)
        place = after
    return (head + struct.pack("<I", 16)).ljust(16, b"\0") + content + parts


def raw_file(*, head: bytes = b"II*\0", orientation: int = 1, **first: tuple[int, int, int]) -> bytes:
    """Return what cameras write: a small picture, a large one, and the sensor's data."""
    small, large = encoded(motif(160, 120), "JPEG"), encoded(motif(), "JPEG")
    tags = {"t254": (4, 1, 1), "t274": (3, 1, orientation), "t330": (4, 1, 0), **first}
    count = 2 + 12 * (len(tags) + 2) + 4 + 2 + 12 * 3 + 4
    start = 16 + count
    below = start - (2 + 12 * 3 + 4)
    tags |= {"t513": (4, 1, start), "t514": (4, 1, len(small)), "t330": (4, 1, below)}
    return tiff(
        {int(name[1:]): value for name, value in tags.items()},
        {259: (3, 1, 7), 273: (4, 1, start + len(small)), 279: (4, 1, len(large))},
        head=head,
        parts=small + large,
    )


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (raw_file(t50706=(1, 4, 0x0401)), "DNG"),
        (raw_file(head=b"II*\0\x10\0\0\0CR\x02\0"), "CR2"),
        (raw_file(t271=(2, 4, int.from_bytes(b"SON\0", "little"))), "RAW"),
        (raw_file(t262=(3, 1, 32803)), "RAW"),
    ],
)
def test_of_a_cameras_raw_file_its_largest_picture_is_shown(content: bytes, form: str) -> None:
    picture = looked_at(content)

    assert (picture.form, picture.width, picture.height) == (form, WIDTH, HEIGHT)
    assert not picture.is_direct
    assert_shows_the_motif(picture)


def test_the_picture_in_a_raw_file_is_turned_as_the_file_says() -> None:
    picture = looked_at(raw_file(orientation=6, t50706=(1, 4, 1)))

    assert (picture.width, picture.height, picture.orientation) == (HEIGHT, WIDTH, 6)
    assert is_near(quarters(image_of(picture))[1], QUARTERS[0])


def test_a_raw_file_without_a_picture_is_refused() -> None:
    content = tiff({254: (4, 1, 0), 256: (4, 1, 4000), 257: (4, 1, 3000), 262: (3, 1, 32803)})

    with pytest.raises(RefusedError, match="a camera's raw file without a picture in it"):
        looked_at(content)


@pytest.mark.parametrize(
    ("major", "compatible", "form"),
    [
        *((brand, b"", "HEIF") for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm")),
        (b"hevs", b"", "HEIF"),
        *((brand, b"", "AVIF") for brand in (b"avif", b"avis")),
        *((brand, b"", "HEIF") for brand in (b"mif1", b"msf1", b"mif2", b"miaf")),
        (b"mif1", b"miafavif", "AVIF"),
        (b"isom", b"heic", "HEIF"),
    ],
)
def test_brands_of_media_files_tell_the_format(major: bytes, compatible: bytes, form: str) -> None:
    brands = major + b"\0\0\0\0" + compatible

    assert format_of((8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands) == form


@pytest.mark.parametrize(
    ("beginning", "what"),
    [
        (b"%PDF-1.7", "a PDF document"),
        (b"<!DOCTYPE html>", "an HTML page"),
        (b"<html>", "an HTML page"),
        (b"\0\0\0\x18ftypcrx isom", "a raw picture of a Canon camera (CR3)"),
        (b"\0\0\0\x18ftypisom\0\0\2\0mp42", "a video, or another media file, of the brand 'isom'"),
    ],
)
def test_what_is_no_photo_is_called_by_its_name(beginning: bytes, what: str) -> None:
    with pytest.raises(RefusedError) as refused:
        format_of(beginning)

    assert refused.value.message == (
        f"it is {what}; upload it as JPEG, PNG, HEIC, AVIF, WebP, TIFF, GIF or BMP"
    )
