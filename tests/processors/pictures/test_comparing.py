"""By what near duplicates are found, on the sample photos."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance, ImageFilter

from processors.pictures.comparing import perceptual_hash, sharpness
from processors.pictures.pictures import look_at
from tests.processors.pictures.photos import encoded, looked_at, motif, reader

PHOTOS = sorted((Path(__file__).parents[3] / "images").glob("*.jpg"))
HASHES = {path.name: perceptual_hash(Image.open(path)) for path in PHOTOS}


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.mark.parametrize(
    ("change", "most"),
    [
        (lambda image: image.resize((image.width // 2, image.height // 2)), 3),
        (lambda image: image.convert("L"), 3),
        (lambda image: ImageEnhance.Brightness(image).enhance(1.2), 8),
        (lambda image: ImageEnhance.Contrast(image).enhance(1.3), 8),
        (lambda image: image.rotate(1), 10),
    ],
)
def test_what_was_changed_a_little_is_near(change: Callable[[Image.Image], Image.Image], most: int) -> None:
    for path in PHOTOS[::3]:
        changed = perceptual_hash(change(Image.open(path).convert("RGB")))
        assert distance(changed, HASHES[path.name]) <= most, path.name


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "AVIF"])
def test_the_same_in_another_format_is_near(form: str) -> None:
    for path in PHOTOS[:5]:
        with reader(path.read_bytes()) as file:
            first = look_at(file).renditions
        second = looked_at(encoded(Image.open(path), form, quality=50)).renditions
        assert first
        assert second
        assert distance(first.hash, second.hash) <= 3, path.name


def test_what_is_another_picture_is_far() -> None:
    assert min(distance(one, other) for one, other in combinations(HASHES.values(), 2)) > 15


def test_a_hash_is_sixteen_digits_of_brighter_and_darker() -> None:
    slope = Image.linear_gradient("L").rotate(90)

    assert perceptual_hash(slope) == "f" * 16
    assert perceptual_hash(slope.rotate(180)) == perceptual_hash(motif().crop((0, 0, 9, 9))) == "0" * 16


def test_the_sharpest_of_a_burst_is_told() -> None:
    for path in PHOTOS[:5]:
        image = Image.open(path)
        by_blur = [sharpness(image.filter(ImageFilter.GaussianBlur(blur))) for blur in (0, 2, 5)]
        assert by_blur == sorted(by_blur, reverse=True)
        assert by_blur[0] > 2 * by_blur[2]
    assert sharpness(Image.new("RGB", (300, 200), "gray")) == sharpness(Image.new("L", (300, 2))) == 0
