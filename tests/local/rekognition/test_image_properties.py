"""Image properties: what is said of pictures of which every pixel is known."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageColor, ImageFilter

from infra.bundles import ROOT
from local.rekognition.image_properties import image_properties, named_colors

RGB = tuple[int, int, int]


def striped(*colors: RGB, widths: Sequence[int]) -> Image.Image:
    picture = Image.new("RGB", (96, 96))
    left = 0
    for color, width in zip(colors, widths, strict=True):
        picture.paste(color, (left, 0, left + width, 96))
        left += width
    return picture


def test_a_colour_of_css_is_told_as_itself_with_all_its_names() -> None:
    found = image_properties(striped((47, 79, 79), widths=[96]), {})

    assert found["DominantColors"] == [
        {
            "Red": 47,
            "Green": 79,
            "Blue": 79,
            "HexCode": "#2f4f4f",
            "CSSColor": "darkslategrey",
            "SimplifiedColor": "grey",
            "PixelPercent": 100.0,
        }
    ]


def test_every_colour_of_css_is_known_once_under_one_of_twelve_names() -> None:
    of_css = {ImageColor.getrgb(name)[:3] for name in ImageColor.colormap}

    assert {color.rgb for color in named_colors()} == of_css
    assert len(named_colors()) == len(of_css) == 139
    assert len({color.simplified for color in named_colors()}) == 12


def test_shares_are_those_of_the_pixels_and_the_largest_comes_first() -> None:
    found = image_properties(striped((255, 0, 0), (0, 0, 255), (255, 255, 255), widths=[24, 48, 24]), {})

    shown = [(color["CSSColor"], color["PixelPercent"]) for color in found["DominantColors"]]
    assert shown == [("blue", 50.0), ("red", 25.0), ("white", 25.0)]


def test_a_shade_counts_for_the_nearest_colour_as_the_eye_sees_it() -> None:
    (found,) = image_properties(striped((250, 3, 6), widths=[96]), {})["DominantColors"]

    assert (found["CSSColor"], found["HexCode"]) == ("red", "#ff0000")


def test_no_more_colours_come_than_are_asked_for() -> None:
    asked = {"Settings": {"ImageProperties": {"MaxDominantColors": 1}}}
    found = image_properties(striped((255, 0, 0), (0, 0, 255), widths=[24, 72]), asked)

    assert [color["CSSColor"] for color in found["DominantColors"]] == ["blue"]


@pytest.mark.parametrize(("shade", "brightness"), [(0, 0.0), (255, 100.0), (51, 20.0)])
def test_a_plain_picture_is_as_bright_as_its_pixels_and_has_no_edge(shade: int, brightness: float) -> None:
    quality = image_properties(striped((shade,) * 3, widths=[96]), {})["Quality"]

    assert quality == {"Brightness": brightness, "Sharpness": 0.0, "Contrast": 0.0}


def test_black_and_white_in_equal_parts_are_all_the_contrast_there_is() -> None:
    quality = image_properties(striped((0,) * 3, (255,) * 3, widths=[48, 48]), {})["Quality"]

    assert (quality["Brightness"], quality["Contrast"]) == (50.0, 100.0)


def test_a_blurred_photo_is_less_sharp_and_not_darker() -> None:
    with Image.open(ROOT / "images" / "horse.jpg") as file:
        photo = file.convert("RGB")
    sharp, blurred = (
        image_properties(picture, {})["Quality"]
        for picture in (photo, photo.filter(ImageFilter.GaussianBlur(photo.width / 100)))
    )

    assert blurred["Sharpness"] < sharp["Sharpness"] / 2
    assert abs(blurred["Brightness"] - sharp["Brightness"]) < 1


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_of_any_picture_all_pixels_are_shared_out(seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    asked = {"Settings": {"ImageProperties": {"MaxDominantColors": 200}}}
    found = image_properties(Image.fromarray(pixels), asked)

    percents = [color["PixelPercent"] for color in found["DominantColors"]]
    assert percents == sorted(percents, reverse=True)
    assert sum(percents) == pytest.approx(100, abs=0.01)
    assert all(0 <= value <= 100 for value in found["Quality"].values())
