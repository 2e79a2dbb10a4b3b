"""Which pictures are taken, and how they are seen."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from infra.local.rekognition import pictures
from infra.local.rekognition.errors import RekognitionError
from infra.local.rekognition.pictures import PictureCache, decode, digest_of
from tests.local_rekognition.pictures_made import picture, turned

REFUSED = {
    "empty": (b"", "InvalidImageFormatException"),
    "text": (b"not a picture at all", "InvalidImageFormatException"),
    "gif": (picture(kind="GIF"), "InvalidImageFormatException"),
    "webp": (picture(kind="WEBP"), "InvalidImageFormatException"),
    "truncated jpeg": (picture(400, 400, quality=95)[:1500], "InvalidImageFormatException"),
    "truncated png": (picture(kind="PNG")[:-60], "InvalidImageFormatException"),
    "jpeg of a header only": (picture()[:200], "InvalidImageFormatException"),
    "40 pixels wide": (picture(40, 100), "InvalidParameterException"),
    "79 pixels high": (picture(100, 79), "InvalidParameterException"),
    "12,000 pixels wide": (picture(12_000, 100), "ImageTooLargeException"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_picture_outside_the_limits_is_refused_with_the_services_own_code(case: str) -> None:
    data, code = REFUSED[case]

    with pytest.raises(RekognitionError) as refusal:
        decode(data)

    assert refusal.value.code == code


@pytest.mark.parametrize("size", [(80, 80), (10_000, 80)])
def test_a_picture_at_a_limit_is_taken(size: tuple[int, int]) -> None:
    assert min(decode(picture(*size)).size) > 0


def test_a_picture_that_unpacks_to_more_than_memory_holds_is_refused_before_it_is_unpacked() -> None:
    bomb = bytearray(picture(kind="PNG"))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2

    with pytest.raises(RekognitionError) as refusal:
        decode(bytes(bomb))

    assert refusal.value.code in {"ImageTooLargeException", "InvalidImageFormatException"}


def test_a_picture_of_hundreds_of_megapixels_is_too_large() -> None:
    large = picture(40_000, 5_000, "PNG", mode="1")

    with pytest.raises(RekognitionError) as refusal:
        decode(large)

    assert refusal.value.code == "ImageTooLargeException"


@pytest.mark.parametrize(("orientation", "size"), [(1, (200, 100)), (3, (200, 100)), (6, (100, 200))])
def test_a_turned_picture_is_set_upright(orientation: int, size: tuple[int, int]) -> None:
    assert decode(turned(orientation)).size == size


def test_a_picture_turned_by_180_degrees_has_its_left_at_the_right() -> None:
    red, _, blue = decode(turned(3)).getpixel((10, 50))  # type: ignore[misc]

    assert blue > 200 > red


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_jpeg_without_rgb_becomes_rgb(mode: str) -> None:
    colour = 200 if mode == "L" else (0, 0, 0, 0)
    image = Image.new(mode, (100, 100), colour)
    image.save(file := io.BytesIO(), "JPEG")

    assert decode(file.getvalue()).mode == "RGB"


def test_what_is_transparent_is_seen_as_white() -> None:
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    image.save(file := io.BytesIO(), "PNG")

    assert decode(file.getvalue()).getpixel((50, 50)) == (255, 255, 255)


def test_a_large_picture_is_not_kept_at_full_size() -> None:
    assert max(decode(picture(6000, 3000)).size) <= 2048


def test_the_same_content_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bytes] = []
    real = decode

    def counting(data: bytes) -> pictures.Picture:
        decoded.append(data)
        return real(data)

    monkeypatch.setattr(pictures, "decode", counting)
    cache, data, other = PictureCache(size=1), picture(), picture(200, 200)

    first = cache.get(digest_of(data), data)
    assert cache.get(digest_of(data), data) is first
    assert cache.get(digest_of(other), other) is not first
    cache.get(digest_of(data), data)

    assert decoded == [data, other, data]


def test_a_content_that_cannot_be_decoded_is_refused_each_time() -> None:
    cache = PictureCache()

    for _ in range(2):
        with pytest.raises(RekognitionError):
            cache.get(digest_of(b"x"), b"x")


def test_sixteen_bits_a_pixel_keep_their_shades() -> None:
    image = Image.new("I;16", (100, 100), 128 * 256)
    image.save(file := io.BytesIO(), "PNG")

    assert decode(file.getvalue()).getpixel((50, 50)) == (128, 128, 128)


def test_exif_that_makes_no_sense_says_nothing() -> None:
    data = turned(6)
    broken = data.replace(b"MM\0*", b"MM_*").replace(b"II*\0", b"II*_")

    assert broken != data
    assert decode(broken).size == (200, 100)


SEEDS = [turned(6), picture(kind="PNG"), picture(90, 90, progressive=True), picture(90, 90, mode="L")]


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=4))
def test_a_damaged_picture_is_taken_or_refused(data: bytes, damage: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for place, value in damage:
        damaged[place % len(data)] = value

    with contextlib.suppress(RekognitionError):
        assert decode(bytes(damaged)).mode == "RGB"
