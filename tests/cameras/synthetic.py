"""Days of cameras, drawn with known truth: who comes when, by day and night, in rain, with ghosts and
shadows.

A camera's picture is a photo of `images/`, in the light of the hour, into which pieces of other photos walk.
What a detector would say of it is known: who is there, in most looks, and what it always takes for somebody.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

IMAGES = Path(__file__).parents[2] / "images"
WIDTH, HEIGHT = 160, 120
EVERY_SECONDS = 10.0
DAY = 86_400.0
# When infrared light is switched on and off.
NIGHT_FROM, NIGHT_TO = 19.2 * 3600, 6.4 * 3600
Pixels = NDArray[np.float32]


class Visit(NamedTuple):
    """Something that comes at `begin`, moves, perhaps stands, and is gone at `end`; seconds of the day."""

    label: str
    photo: str
    begin: float
    end: float
    stands_from: float
    stands_to: float
    size: float
    foot: float
    from_left: bool

    def place(self, at: float) -> tuple[float, float] | None:
        """Return where its middle and its foot are, in parts of the picture; None where it is not there."""
        if not self.begin <= at < self.end:
            return None
        walking = (self.end - self.begin) - (self.stands_to - self.stands_from)
        walked = min(at, self.stands_from) - self.begin + max(at - self.stands_to, 0.0)
        way = 0.04 + 0.92 * walked / max(walking, 1.0)
        return (way if self.from_left else 1 - way), self.foot

    def is_moving(self, at: float) -> bool:
        return self.begin <= at < self.end and not self.stands_from <= at < self.stands_to


class Frame(NamedTuple):
    """One picture, when it was taken, and what a detector says if it is asked."""

    at: float
    cells: bytes
    answer: dict[str, Any]


@dataclass
class SyntheticCamera:
    """One day of one camera."""

    background: str
    seed: int
    visits: list[Visit] = field(default_factory=list)
    rain: tuple[float, float] = (0.0, 0.0)
    ghost: tuple[float, float, float, float] | None = None
    looks_found: float = 0.93

    def frames(self) -> Iterator[Frame]:
        drawn = random.Random(self.seed)
        noise = np.random.default_rng(self.seed)
        yard = _photo(self.background, WIDTH, HEIGHT)
        pieces = {visit: _piece(visit) for visit in self.visits}
        exposure = 1.0
        clouds = noise.random((2, 3)) * 6
        at = 0.0
        while at < DAY:
            exposure = min(max(exposure + drawn.gauss(0, 0.01), 0.85), 1.15)
            picture = yard * _light(at) * exposure
            picture *= _shadows(at, clouds)
            there: list[tuple[str, tuple[float, float, float, float]]] = []
            for visit, (pixels, mask) in pieces.items():
                if (place := visit.place(at)) is not None:
                    there.append((visit.label, _paste(picture, pixels * _light(at), mask, place)))
            if self.rain[0] <= at < self.rain[1]:
                _rain(picture, noise)
            picture += noise.normal(0, 7 if _is_night(at) else 3, picture.shape).astype(np.float32)
            yield Frame(at, _cells(picture), self._answer(there, drawn, is_night=_is_night(at)))
            at += EVERY_SECONDS

    def _answer(
        self,
        there: list[tuple[str, tuple[float, float, float, float]]],
        drawn: random.Random,
        *,
        is_night: bool,
    ) -> dict[str, Any]:
        found = [
            (label, box)
            for label, box in there
            if drawn.random() < self.looks_found - (0.1 if is_night else 0.0)
        ]
        if self.ghost is not None and drawn.random() < 0.6:
            found.append(("Person", self.ghost))
        return {
            "Labels": [
                {
                    "Name": label,
                    "Confidence": 90.0,
                    "Instances": [
                        {
                            "Confidence": 90.0,
                            "BoundingBox": dict(zip(("Left", "Top", "Width", "Height"), box, strict=True)),
                        }
                    ],
                }
                for label, box in found
            ]
        }


def some_day(background: str, seed: int) -> SyntheticCamera:
    """Return a day with some thirty visits, rain, clouds, a parked car and a ghost."""
    drawn = random.Random(seed)
    kinds = (("Person", "astronaut.jpg"), ("Dog", "dog.jpg"), ("Cat", "chelsea_cat.jpg"), ("Car", "cow.jpg"))
    visits: list[Visit] = []
    at = 600.0
    while (at := at + drawn.expovariate(1 / 2_400)) < DAY - 3_600:
        label, photo = drawn.choice(kinds)
        walks, stands = drawn.uniform(25, 120), 0.0
        if drawn.random() < 0.25:
            stands = drawn.choice((90.0, 600.0, 7_200.0))
        size = drawn.uniform(0.12, 0.35)
        halfway = at + walks / 2
        visits.append(
            Visit(
                *(label, photo, at, at + walks + stands, halfway, halfway + stands),
                *(size, drawn.uniform(max(0.5, size + 0.05), 0.97), drawn.random() < 0.5),
            )
        )
        at += walks
    start = drawn.uniform(8, 15) * 3600
    return SyntheticCamera(background, seed, visits, (start, start + 5_400), (0.05, 0.6, 0.07, 0.2))


def _is_night(at: float) -> bool:
    return at >= NIGHT_FROM or at < NIGHT_TO


def _light(at: float) -> np.float32:
    if _is_night(at):
        return np.float32(0.45)
    noon = abs(at - 12.8 * 3600) / (6.4 * 3600)
    return np.float32(1.0 - 0.35 * noon**2)


def _shadows(at: float, clouds: NDArray[np.float64]) -> Pixels:
    """Return clouds that pass slowly, by day; as factors of the light."""
    if _is_night(at):
        return np.ones((HEIGHT, WIDTH), np.float32)
    x = np.linspace(0, 3, WIDTH)[None, :] + at / 900 + clouds[0, 0]
    y = np.linspace(0, 2, HEIGHT)[:, None] + clouds[0, 1]
    shade: Pixels = (1 - 0.18 * np.clip(np.sin(x) * np.sin(y + x / 2), 0, 1)).astype(np.float32)
    return shade


def _rain(picture: Pixels, noise: np.random.Generator) -> None:
    for _ in range(60):
        x, y = int(noise.integers(WIDTH)), int(noise.integers(HEIGHT - 8))
        picture[y : y + 8, x] += 50


def _photo(name: str, width: int, height: int) -> Pixels:
    with Image.open(IMAGES / name) as photo:
        return np.asarray(photo.convert("L").resize((width, height)), np.float32)


def _piece(visit: Visit) -> tuple[Pixels, NDArray[np.bool_]]:
    height = max(round(visit.size * HEIGHT), 4)
    width = max(round(height * (0.5 if visit.label == "Person" else 1.4)), 4)
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return _photo(visit.photo, width, height), (x**2 + y**2) <= 1.05


def _paste(
    picture: Pixels, pixels: Pixels, mask: NDArray[np.bool_], place: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Put a piece into the picture; return the box of what of it is inside."""
    height, width = pixels.shape
    left, top = round(place[0] * WIDTH - width / 2), round(place[1] * HEIGHT) - height
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + width, WIDTH), min(top + height, HEIGHT)
    inside = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    picture[y0:y1, x0:x1][mask[inside]] = pixels[inside][mask[inside]]
    return x0 / WIDTH, y0 / HEIGHT, (x1 - x0) / WIDTH, (y1 - y0) / HEIGHT


def _cells(picture: Pixels) -> bytes:
    """Return the brightness of the grid, as the pictures function makes it of a thumbnail."""
    from contract.cameras import GRID_HEIGHT, GRID_WIDTH

    whole = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    return whole.resize((GRID_WIDTH, GRID_HEIGHT), Image.Resampling.BOX).tobytes()
