"""JPEGs that lack their end."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops

from local.rekognition.pictures import decode
from local.rekognition.request import RekognitionError
from tests.local.rekognition.files_made import saved

GREY = (128, 128, 128)
"""What libjpeg makes of pixels that are missing."""


def noise(**options: Any) -> bytes:
    """A JPEG whose bytes are spread evenly over its rows."""
    pixels = np.random.default_rng(0).integers(0, 255, (320, 400, 3), dtype=np.uint8)
    return saved(Image.fromarray(pixels), "JPEG", quality=90, **options)


@pytest.mark.parametrize("behind", [b"", bytes(100_000), b"\xff", b"junk"])
@pytest.mark.parametrize(
    ("options", "share", "taken"),
    [
        ({}, 0.999, True),
        ({}, 0.99, True),
        ({}, 0.95, True),
        ({}, 0.85, False),
        ({}, 0.5, False),
        ({}, 0.05, False),
        ({"restart_marker_rows": 1}, 0.99, True),
        ({"restart_marker_rows": 1}, 0.5, False),
        ({"progressive": True}, 0.99, True),
        ({"progressive": True}, 0.5, True),  # all of it, less sharp
        ({"progressive": True}, 0.05, False),
    ],
)
def test_a_jpeg_without_its_end_is_taken_if_it_is_nearly_whole(
    options: dict[str, Any], share: float, taken: bool, behind: bytes
) -> None:
    whole = noise(**options)
    cut = whole[: int(len(whole) * share)] + behind

    if not taken:
        with pytest.raises(RekognitionError) as refused:
            decode(cut)
        assert refused.value.code == "InvalidImageFormatException"
        return
    difference = ImageChops.difference(decode(cut), decode(whole)).crop((0, 0, 400, 280))
    assert np.asarray(difference).mean() < 25


def test_the_bottom_of_a_jpeg_that_lacks_only_its_end_marker_is_as_it_was() -> None:
    whole = noise()

    assert decode(whole[:-2]).tobytes() == decode(whole).tobytes()


def test_a_grey_bottom_is_missed_by_nobody_where_the_end_is_there() -> None:
    image = Image.new("RGB", (200, 200), GREY)
    image.paste("red", (0, 0, 200, 50))

    assert decode(saved(image, "JPEG")).getpixel((100, 190)) == GREY


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_what_is_missing_is_known_in_any_colours(mode: str) -> None:
    whole = saved(Image.open(io.BytesIO(noise())).convert(mode), "JPEG", quality=90)

    assert decode(whole[:-2]).size == (400, 320)
    with pytest.raises(RekognitionError):
        decode(whole[: len(whole) // 2])
