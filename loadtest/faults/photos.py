"""Small photos, each with bytes of its own, made of the sample photos."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from PIL import Image, ImageEnhance

from loadtest.local_place import ROOT

_LONG_SIDES = (160, 200, 240, 280, 320)
# Rekognition refuses what is smaller than 80 pixels.
_LEAST_SHORT_SIDE = 100


def photos(seed: int) -> Iterator[bytes]:
    """Make JPEGs of 160 to 320 pixels (panoramas: more) without end, no two of the same bytes."""
    dice = random.Random(f"{seed} photos")
    samples = sorted((ROOT / "images").glob("*.jpg"))
    seen: set[bytes] = set()
    while True:
        photo = _variation(dice.choice(samples), dice)
        if photo not in seen:
            seen.add(photo)
            yield photo


def _variation(sample: Path, dice: random.Random) -> bytes:
    picture = _opened(sample)
    width, height = picture.size
    left, top = dice.randint(0, width // 10), dice.randint(0, height // 10)
    cut = picture.crop(
        (left, top, width - dice.randint(0, width // 10), height - dice.randint(0, height // 10))
    )
    scale = max(dice.choice(_LONG_SIDES) / max(cut.size), _LEAST_SHORT_SIDE / min(cut.size))
    small = cut.resize((round(cut.width * scale), round(cut.height * scale)))
    out = io.BytesIO()
    ImageEnhance.Brightness(small).enhance(dice.uniform(0.85, 1.15)).save(out, "JPEG", quality=85)
    return out.getvalue()


@cache
def _opened(sample: Path) -> Image.Image:
    picture = Image.open(sample).convert("RGB")
    picture.thumbnail((480, 480))
    return picture
