"""Faces are cut out upright, whatever their size, turn and place."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from local.rekognition.detect_faces import Face, Point
from local.rekognition.faces import descriptors
from local.rekognition.faces.descriptors import CHIP_PIXELS, describe, face_chip, steady_points
from local.rekognition.models.sessions import Floats
from local.rekognition.pictures import Picture

SIDE = 800
IN_A_CHIP = {
    "left eye": (47.6, 46.5),
    "right eye": (100.5, 46.5),
    "left": (50.4, 103.0),
    "right": (97.6, 103.0),
}
"""Where dlib's network was trained to see eyes and corners of the mouth."""


def points(size: float, turn: float, x: float = 400, y: float = 400) -> tuple[Point, ...]:
    """Return the five points of a face whose chip is `size` pixels wide, in parts of the picture."""
    angle = math.radians(turn)
    placed = []
    for px, py in [*list(IN_A_CHIP.values())[:2], (75.0, 75.0), *list(IN_A_CHIP.values())[2:]]:
        right, down = (px - 75) / 150 * size, (py - 75) / 150 * size
        placed.append(
            (
                (x + right * math.cos(angle) - down * math.sin(angle)) / SIDE,
                (y + right * math.sin(angle) + down * math.cos(angle)) / SIDE,
            )
        )
    return tuple(placed)


def drawn(five: tuple[Point, ...], size: float) -> Picture:
    """Return a picture with a white dot at each of the points but the nose."""
    picture = Image.new("RGB", (SIDE, SIDE))
    draw = ImageDraw.Draw(picture)
    dot = size / 30
    for x, y in (*five[:2], *five[3:]):
        draw.ellipse((x * SIDE - dot, y * SIDE - dot, x * SIDE + dot, y * SIDE + dot), fill="white")
    return picture


@pytest.mark.parametrize("turn", [0, 30, -75, 180])
@pytest.mark.parametrize("size", [60, 150, 310, 620])
def test_eyes_and_mouth_stand_where_they_belong(size: float, turn: float) -> None:
    five = points(size, turn)

    chip = np.asarray(face_chip(five, drawn(five, size)).convert("L"), dtype=np.float32)

    within = max(1.2, CHIP_PIXELS / size)  # a pixel of the picture, at least
    assert chip.shape == (CHIP_PIXELS, CHIP_PIXELS)
    for x, y in IN_A_CHIP.values():
        near = chip[int(y) - 7 : int(y) + 8, int(x) - 7 : int(x) + 8]
        rows, columns = np.indices(near.shape)
        assert near.max() > 120
        assert (columns * near).sum() / near.sum() + int(x) - 7 == pytest.approx(x, abs=within)
        assert (rows * near).sum() / near.sum() + int(y) - 7 == pytest.approx(y, abs=within)


def test_a_face_at_the_edge_is_cut_out_with_black_beyond() -> None:
    chip = np.asarray(face_chip(points(400, 0, x=60), Image.new("RGB", (SIDE, SIDE), "white")))

    assert chip[75, 2].tolist() == [0, 0, 0]
    assert chip[75, 140].tolist() == [255, 255, 255]


@dataclass
class Batches:
    """A network that answers the mean colour of what it is shown."""

    sizes: list[int] = field(default_factory=list)

    def run(self, values: Floats) -> dict[str, Any]:
        self.sizes.append(len(values))
        return {"descriptors": values.mean(axis=(2, 3))}


def test_a_crowd_is_described_in_batches_each_face_once() -> None:
    five: Any = points(150, 0)
    network: Any = Batches()

    described = describe(network, [five] * 40, Image.new("RGB", (SIDE, SIDE), (123, 117, 104)))

    assert network.sizes == [16, 16, 8]
    assert len(described) == 40
    assert described[0] == pytest.approx((0.218 / 255, -0.001 / 255, -0.298 / 255), abs=1e-5)
    assert describe(network, [], Image.new("RGB", (90, 90))) == []


ABOUT = Face(0.9, (0.4, 0.35, 0.6, 0.65), points(150, 0))  # type: ignore[arg-type]
"""A face of 160 by 240 pixels in the middle; what is looked at again is a square of 480."""


def in_view(shift: float, left: float = 1 / 3) -> Face:
    """Return that face as the view shows it, its points off by a part of the view, its box from `left` on."""
    placed = [((x * SIDE - 160) / 480 + shift, (y * SIDE - 160) / 480) for x, y in ABOUT.points]
    return Face(0.9, (left, 0.25, left + 1 / 3, 0.75), tuple(placed))  # type: ignore[arg-type]


def looked(monkeypatch: pytest.MonkeyPatch, views: dict[int, list[Face]]) -> tuple[Point, ...]:
    monkeypatch.setattr(descriptors, "detect_faces", lambda _network, _view, pixels: views[pixels])
    network: Any = None
    return steady_points(network, ABOUT, Image.new("RGB", (SIDE, SIDE)))


def test_points_are_the_mean_of_three_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    found = looked(monkeypatch, {128: [in_view(-0.02)], 160: [in_view(0.0)], 224: [in_view(0.05)]})

    for (x, y), (was_x, was_y) in zip(found, ABOUT.points, strict=True):
        assert (x, y) == pytest.approx((was_x + 0.01 * 480 / SIDE, was_y))


def test_neighbours_in_the_view_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    neighbour = in_view(0.3, left=0.66)
    found = looked(monkeypatch, {128: [neighbour], 160: [neighbour, in_view(0.0)], 224: []})

    assert np.array(found) == pytest.approx(np.array(ABOUT.points))


def test_points_stay_where_no_look_shows_the_face(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked(monkeypatch, {128: [], 160: [], 224: [in_view(0.3, left=0.66)]}) == ABOUT.points
