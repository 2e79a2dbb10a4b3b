"""What a camera usually shows, and what of a picture is new beside that.

Pictures are compared cell by cell, by brightness alone, after that of the one was put in line with the
other's: the light of the whole may change, by the hour or by the camera's own exposure. How much a cell
usually varies is learned (rain, leaves, noise), and what comes to stand somewhere becomes a part of the
scene.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from contract.cameras import CELLS, GRID_HEIGHT, GRID_WIDTH

# Brightness is from 0 to 255. What differs by less is noise, whatever a cell has shown.
LEAST_DIFFERENCE = 9.0
# So many times what a cell usually varies by, and what the picture at hand varies by, is news.
SPREADS, NOISES = 4.0, 4.5
# A cell that varies ever so much, a flag or a tree, is still changed by what differs more than this.
MOST_TOLERANCE = 60.0
# Where so many of the cells have changed, the whole has: day and night, a lamp, a camera that was moved.
SWITCH_SHARE = 0.5
# Day, and the same by night: so far apart is the middle of the brightness.
OTHER_LIGHT = 80.0
SAMPLED_ONE_IN = 3
# A change of fewer cells that touch is noise; of one alone, if it is not by so many times what is tolerated.
LEAST_CELLS, GLARING = 2, 2.0
# In so many places apart come rain, snow and leaves, and nobody: then only what differs by so many times what
# most of these places do is news.
SCATTERED_PLACES, WEATHER = 12, 2.0
# How fast the light of cells becomes usual, in parts of a picture.
LEARNING = 0.08
# Bounds of what exposure can do.
_LEAST_GAIN, _MOST_GAIN = 0.4, 2.5
_LEAST_CONTRAST = 4.0

Cells = frozenset[int]


class SceneState(NamedTuple):
    """What a camera usually shows. `version` is what was read, 0 where nothing is known yet.

    `mean` and `spread` are by cell; `last` is the picture that was asked about last, of the photo
    `last_key`, of which `last_id` names the version.
    `as_of` is the time of the newest picture that is in it, in seconds since 1970.
    """

    version: int = 0
    as_of: float = 0.0
    mean: bytes = b""
    spread: bytes = b""
    last: bytes = b""
    last_key: str = ""
    last_id: str = ""
    last_at: float = 0.0

    def to_item(self) -> dict[str, object]:
        """Write its attributes, under the version after its own; keys and expiry are the caller's."""
        return {
            "version": self.version + 1,
            "as_of": round(self.as_of * 1000),
            "mean": self.mean,
            "spread": self.spread,
            "last": self.last,
            "key": self.last_key,
            "last_id": self.last_id,
            "last_at": round(self.last_at * 1000),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "SceneState":
        """Read one. Raise KeyError, TypeError or ValueError for what `to_item` did not write."""
        state = cls(
            int(item["version"]),
            int(item["as_of"]) / 1000,
            bytes(item["mean"]),
            bytes(item["spread"]),
            bytes(item["last"]),
            str(item["key"]),
            str(item["last_id"]),
            int(item["last_at"]) / 1000,
        )
        if {len(state.mean), len(state.spread), len(state.last)} != {CELLS}:
            raise ValueError(f"a scene has {CELLS} cells")
        return state


class SceneChange(NamedTuple):
    """What has changed in a picture: cells, or with `is_switch` everything."""

    cells: Cells = frozenset()
    is_switch: bool = False


def first_scene(picture: bytes, at: float) -> SceneState:
    """Return what is known after one picture, of a camera that was just set up or shows all anew."""
    return SceneState(0, at, picture, bytes(CELLS), picture)


def change(state: SceneState, picture: bytes, masked: Cells) -> SceneChange:
    """Return what of a picture is not as usual."""
    return _differing(state.mean, state.spread, picture, masked)


def news(state: SceneState, picture: bytes, masked: Cells, changed: SceneChange) -> Cells:
    """Return what of a change was not there either in the picture that was asked about last."""
    since_then = _differing(state.last, state.spread, picture, masked)
    if since_then.is_switch:
        return changed.cells
    places = _places(changed.cells & since_then.cells, lambda _cell: False)
    return frozenset(cell for place in places for cell in place)


def learned(state: SceneState, picture: bytes, at: float, changed: Cells, *, is_standing: bool) -> SceneState:
    """Return the scene after one more picture in which these cells have changed.

    They become usual all at once, when what has changed them `is_standing` there for good: what only passes
    must not leave a trace that looks like news when it is gone.
    """
    mean, spread = bytearray(state.mean), bytearray(state.spread)
    for cell in range(CELLS):
        if cell in changed:
            if is_standing:
                mean[cell] = picture[cell]
            continue
        away = picture[cell] - mean[cell]
        mean[cell] += _step(away, LEARNING)
        spread[cell] += _step(min(abs(away) * 2, 255) - spread[cell], LEARNING)
    return state._replace(mean=bytes(mean), spread=bytes(spread), as_of=at)


def _step(away: int, rate: float) -> int:
    # Kept as whole numbers: by a part of a step they would never move.
    step = round(away * rate)
    return step if step or abs(away) < 2 else (1 if away > 0 else -1)  # noqa: PLR2004 - one is rounding


def _differing(usual: bytes, spread: bytes, picture: bytes, masked: Cells) -> SceneChange:
    looked_at = [cell for cell in range(CELLS) if cell not in masked] if masked else list(range(CELLS))
    # A third of the cells, all over the picture, tell of its light.
    sample = looked_at[::SAMPLED_ONE_IN]
    if not sample:
        return SceneChange()
    gain, offset = _exposure(usual, picture, sample)
    away = [abs(shown - gain * was - offset) for was, shown in zip(usual, picture, strict=True)]
    least = max(LEAST_DIFFERENCE, NOISES * _middle([away[cell] for cell in sample]))
    most = max(MOST_TOLERANCE, least)
    tolerated = [min(max(least, SPREADS * usually / 2), most) for usually in spread]
    changed = {cell for cell in looked_at if away[cell] > tolerated[cell]}
    if len(changed) > SWITCH_SHARE * len(looked_at) or _is_other_light(usual, picture, sample):
        return SceneChange(is_switch=True)
    places = _places(changed, lambda cell: away[cell] > GLARING * tolerated[cell])
    if len(places) > SCATTERED_PLACES:
        least = WEATHER * _middle([max(away[cell] for cell in place) for place in places])
        changed = {cell for place in places for cell in place if away[cell] > least}
        places = _places(changed, lambda _cell: False)
    return SceneChange(frozenset(cell for place in places for cell in place))


def _is_other_light(usual: bytes, picture: bytes, sample: list[int]) -> bool:
    """Return whether two pictures are of so different light that no exposure makes one of the other."""
    one, other = [usual[cell] for cell in sample], [picture[cell] for cell in sample]
    return abs(_middle(one) - _middle(other)) > OTHER_LIGHT


def _exposure(usual: bytes, picture: bytes, sample: list[int]) -> tuple[float, float]:
    """Return by how much a picture is brighter as a whole, as `gain * usual + offset`.

    Fitted again without the cells that the first time fits worst: those have changed.
    """
    gain, offset = _fitted(usual, picture, sample)
    for _ in range(2):
        away = {cell: abs(picture[cell] - gain * usual[cell] - offset) for cell in sample}
        bound = max(3 * _middle(list(away.values())), 2.0)
        gain, offset = _fitted(usual, picture, [cell for cell in sample if away[cell] <= bound])
    return gain, offset


def _fitted(usual: bytes, picture: bytes, cells: list[int]) -> tuple[float, float]:
    count = len(cells)
    x_mean = sum(usual[cell] for cell in cells) / count
    y_mean = sum(picture[cell] for cell in cells) / count
    variance = sum((usual[cell] - x_mean) ** 2 for cell in cells) / count
    if variance < _LEAST_CONTRAST**2:
        return 1.0, y_mean - x_mean
    together = sum((usual[cell] - x_mean) * (picture[cell] - y_mean) for cell in cells) / count
    gain = min(max(together / variance, _LEAST_GAIN), _MOST_GAIN)
    return gain, y_mean - gain * x_mean


def _middle(values: list[float] | list[int]) -> float:
    return sorted(values)[len(values) // 2]


def _places(cells: Iterable[int], is_glaring: Callable[[int], bool]) -> list[set[int]]:
    """Return the cells that belong to a change of some size, those together that touch."""
    left, places = set(cells), list[set[int]]()
    while left:
        place, edge = set[int](), [left.pop()]
        while edge:
            cell = edge.pop()
            place.add(cell)
            near = left.intersection(_around(cell))
            left -= near
            edge += near
        if len(place) >= LEAST_CELLS or any(map(is_glaring, place)):
            places.append(place)
    return places


def _around(cell: int) -> list[int]:
    row, column = divmod(cell, GRID_WIDTH)
    return [
        other_row * GRID_WIDTH + other_column
        for other_row in range(max(row - 1, 0), min(row + 2, GRID_HEIGHT))
        for other_column in range(max(column - 1, 0), min(column + 2, GRID_WIDTH))
    ]
