"""What is new beside what a camera usually shows: somebody is, and the weather is not."""

import random

from contract.cameras import CELLS, GRID_WIDTH, cells_of
from contract.sightings import PictureBox
from processors.cameras.scene import change, first_scene

YARD = bytes(60 + cell * 7 % 90 for cell in range(CELLS))
SOMEBODY = frozenset(cells_of(PictureBox(0.5, 0.5, 0.1, 0.3)))


def rained_on(picture: bytes, seed: int) -> bytes:
    """Return a picture with streaks of two cells, a little brighter, all over it."""
    wet, drawn = bytearray(picture), random.Random(seed)
    for _ in range(60):
        cell = drawn.randrange(CELLS - GRID_WIDTH)
        for each in (cell, cell + GRID_WIDTH):
            wet[each] = min(wet[each] + 13, 255)
    return bytes(wet)


def with_somebody(picture: bytes) -> bytes:
    return bytes(255 - shown // 4 if cell in SOMEBODY else shown for cell, shown in enumerate(picture))


def test_rain_is_no_news_and_who_walks_in_it_is() -> None:
    scene = first_scene(YARD, 0.0)
    for seed in range(10):
        assert len(change(scene, rained_on(YARD, seed), frozenset()).cells) < 5
        assert change(scene, with_somebody(rained_on(YARD, seed)), frozenset()).cells >= SOMEBODY


def test_what_covers_two_cells_is_news() -> None:
    darker = bytearray(YARD)
    darker[500] = darker[501] = 0
    assert change(first_scene(YARD, 0.0), bytes(darker), frozenset()).cells == {500, 501}
