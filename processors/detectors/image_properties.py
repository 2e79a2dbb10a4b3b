"""Colours and sharpness of the picture, by DetectLabels with IMAGE_PROPERTIES."""

from collections.abc import Mapping
from typing import Any

from contract.records import Findings

# Of the picture's pixels, colours of one simplified name taken together.
MIN_SHARE_PERCENT = 10.0


def read(response: Mapping[str, Any]) -> Findings:
    """Take the simplified names of the colours that cover at least a tenth of the picture, most first.

    Shades are added up: a sky is blue, be it of five blues of which each is a little.
    """
    shares: dict[str, float] = {}
    for color in response["ImageProperties"].get("DominantColors", []):
        name = color["SimplifiedColor"].lower()
        shares[name] = shares.get(name, 0.0) + color["PixelPercent"]
    wide = {name: share for name, share in shares.items() if share >= MIN_SHARE_PERCENT}
    return Findings(colors=tuple(sorted(wide, key=lambda name: (-wide[name], name))))
