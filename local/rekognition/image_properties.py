"""Image properties of DetectLabels: dominant colours, brightness, sharpness and contrast, measured on pixels.

https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectLabelsImageProperties.html. Each pixel
of a small copy counts for the nearest of CSS's colours, as the eye sees distances (CIE Lab). How AWS scales
quality to 0 to 100 is written nowhere: here it is the mean and the spread of the lightness, and how strong,
beside that spread, the edges are that a blur takes away. `Foreground` and `Background` are left out, which
nothing here can tell apart.
"""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageColor, ImageFilter

from local.rekognition.models.sessions import Floats
from local.rekognition.pictures import Picture

DEFAULT_MAX_COLORS = 10
_SIDE_PIXELS, _SHARP_SIDE_PIXELS = 96, 512
# CSS's colours by the twelve simplified names; the families are those in which
# https://en.wikipedia.org/wiki/Web_colors#Extended_colors has them, black apart from grey.
_FAMILIES: Mapping[str, str] = {
    "black": "black",
    "blue": "aliceblue blue blueviolet cornflowerblue darkblue darkslateblue deepskyblue dodgerblue "
    "lightblue lightskyblue lightsteelblue mediumblue mediumslateblue midnightblue navy powderblue royalblue "
    "skyblue slateblue steelblue",
    "brown": "bisque blanchedalmond brown burlywood chocolate cornsilk darkgoldenrod goldenrod maroon "
    "navajowhite peru rosybrown saddlebrown sandybrown sienna tan wheat",
    "cyan": "aquamarine cyan cadetblue darkcyan darkturquoise lightcyan lightseagreen mediumturquoise "
    "paleturquoise teal turquoise",
    "green": "chartreuse darkgreen darkolivegreen darkseagreen forestgreen green greenyellow lawngreen "
    "lightgreen lime limegreen mediumaquamarine mediumseagreen mediumspringgreen olive olivedrab palegreen "
    "seagreen springgreen yellowgreen",
    "grey": "darkgrey darkslategrey dimgrey gainsboro gray lightgrey lightslategrey silver slategrey",
    "orange": "coral darkorange orange orangered tomato",
    "pink": "deeppink hotpink lightpink mediumvioletred palevioletred pink",
    "purple": "darkmagenta darkorchid darkviolet indigo lavender magenta mediumorchid mediumpurple orchid "
    "plum purple rebeccapurple thistle violet",
    "red": "crimson darkred darksalmon firebrick indianred lightcoral lightsalmon red salmon",
    "white": "antiquewhite azure floralwhite ghostwhite honeydew ivory lavenderblush linen mintcream "
    "mistyrose oldlace seashell snow white whitesmoke",
    "yellow": "beige darkkhaki gold khaki lemonchiffon lightgoldenrodyellow lightyellow moccasin "
    "palegoldenrod papayawhip peachpuff yellow",
}


class NamedColor(NamedTuple):
    """A colour of CSS, of eight bits a channel, with its simplified name."""

    css: str
    simplified: str
    rgb: tuple[int, int, int]


@functools.cache
def named_colors() -> tuple[NamedColor, ...]:
    """Return the 139 colours of CSS that differ, by name."""
    found = []
    for simplified, names in _FAMILIES.items():
        for css in names.split():
            red, green, blue = ImageColor.getrgb(css)[:3]
            found.append(NamedColor(css, simplified, (red, green, blue)))
    return tuple(sorted(found))


def image_properties(picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a picture's pixels say, at most `MaxDominantColors` colours, most first."""
    most = request.get("Settings", {}).get("ImageProperties", {}).get("MaxDominantColors", DEFAULT_MAX_COLORS)
    small = picture.copy()
    small.thumbnail((_SIDE_PIXELS, _SIDE_PIXELS), Image.Resampling.BOX)
    return {"Quality": _quality(picture), "DominantColors": _dominant(small)[:most]}


def _dominant(small: Picture) -> list[dict[str, Any]]:
    colors = named_colors()
    pixels = np.asarray(small, dtype=np.uint8).reshape(-1, 3)
    shades, counts = np.unique(pixels, axis=0, return_counts=True)
    palette = _lab(np.array([color.rgb for color in colors], dtype=np.float32))
    # Squared distances by way of the product, a thousand shades at a time: all at once would be 15 MB.
    nearest = np.concatenate(
        [
            np.argmin(((part[:, None, :] - palette[None, :, :]) ** 2).sum(axis=2), axis=1)
            for part in np.array_split(_lab(shades.astype(np.float32)), max(1, len(shades) // 1000))
        ]
    )
    shares = np.bincount(nearest, weights=counts, minlength=len(colors)) * 100 / len(pixels)
    order = sorted(range(len(colors)), key=lambda place: (-shares[place], colors[place].css))
    return [_written(colors[place], float(shares[place])) for place in order if shares[place] > 0]


def _written(color: NamedColor, percent: float) -> dict[str, Any]:
    red, green, blue = color.rgb
    return {
        "Red": red,
        "Blue": blue,
        "Green": green,
        "HexCode": f"#{red:02x}{green:02x}{blue:02x}",
        "CSSColor": color.css,
        "SimplifiedColor": color.simplified,
        "PixelPercent": round(percent, 4),
    }


def _quality(picture: Picture) -> dict[str, float]:
    """Return brightness, sharpness and contrast, 0 to 100 each."""
    grey = picture.convert("L")
    grey.thumbnail((_SHARP_SIDE_PIXELS, _SHARP_SIDE_PIXELS), Image.Resampling.BILINEAR)
    shades = np.asarray(grey, dtype=np.float32)
    blurred = np.asarray(grey.filter(ImageFilter.GaussianBlur(2)), dtype=np.float32)
    # The strongest twentieth of the edges: a sharp subject before a blurred background is sharp.
    edges, spread = float(np.percentile(np.abs(shades - blurred), 95)), float(shades.std())
    return {
        "Brightness": round(float(shades.mean()) / 255 * 100, 4),
        "Sharpness": round(min(100.0, edges / spread * 100), 4) if spread else 0.0,
        # The spread of black and white in equal parts is half of all shades.
        "Contrast": round(min(100.0, spread / 127.5 * 100), 4),
    }


def _lab(rgb: Floats) -> Floats:
    """Return sRGB of eight bits, of shape (n, 3), in CIE Lab of the white D65.

    http://www.brucelindbloom.com/index.html?Equations.html
    """
    channels = rgb / 255
    is_dark = channels <= 0.04045  # noqa: PLR2004 - as in the formula
    linear = np.where(is_dark, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    # Sums of channels, and no product of matrices: see `Taxonomy.sums`.
    red, green, blue = linear[:, 0], linear[:, 1], linear[:, 2]
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    curved = [
        np.where(part > 216 / 24389, np.cbrt(part), (24389 / 27 * part + 16) / 116) for part in (x, y, z)
    ]
    lab: Floats = np.stack(
        [116 * curved[1] - 16, 500 * (curved[0] - curved[1]), 200 * (curved[1] - curved[2])], axis=1
    ).astype(np.float32)
    return lab
