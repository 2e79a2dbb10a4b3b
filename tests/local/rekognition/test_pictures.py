"""The limits of pictures, and what is kept of them. What files are taken: `test_odd_files`."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageColor

from local.rekognition import pictures
from local.rekognition.pictures import PictureCache, decode, digest_of
from local.rekognition.request import RekognitionError
from tests.local.rekognition.pictures_made import picture, turned


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


def test_a_large_picture_is_not_kept_at_full_size() -> None:
    assert max(decode(picture(6000, 3000)).size) <= 2048


def test_a_picture_that_is_made_smaller_piece_by_piece_shows_what_it_showed() -> None:
    colours = ["red", "lime", "blue", "white", "black"]
    image = Image.new("P", (5000, 4100))
    image.putpalette([value for colour in colours for value in ImageColor.getrgb(colour)])
    for number in range(5):
        image.paste(number, (0, number * 820, 5000, 4100))
    image.save(file := io.BytesIO(), "PNG", compress_level=1)

    smaller = decode(file.getvalue())

    assert smaller.size == (2048, 1679)
    rows = [smaller.getpixel((1000, int(1679 * (number + 0.5) / 5))) for number in range(5)]
    assert rows == [ImageColor.getrgb(colour) for colour in colours]
    assert smaller.getpixel((2047, 1678)) == (0, 0, 0)


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


SEEDS = [turned(6), picture(kind="PNG"), picture(90, 90, progressive=True), picture(90, 90, mode="L")]


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=4))
def test_a_damaged_picture_is_taken_or_refused(data: bytes, damage: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for place, value in damage:
        damaged[place % len(data)] = value

    with contextlib.suppress(RekognitionError):
        assert decode(bytes(damaged)).mode == "RGB"
