"""Cameras that stand still: which photos are theirs, what of them is looked at, and what makes an event.

A file says so where a deployment wants it (`cameras.toml`, named by the setting `cameras`; docs/cameras.md),
and functions are told it as JSON in the variable CAMERAS. contract/camera_faults.py says what is wrong with
one. Places in a picture are in parts of its width and height, from the upper left corner.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import Any, NamedTuple

from contract.items import ItemKey
from contract.sightings import PictureBox

# A picture is compared by the brightness of so many cells.
GRID_WIDTH, GRID_HEIGHT = 40, 30
CELLS = GRID_WIDTH * GRID_HEIGHT
# Stands in the pictures function's answer, in base64, beside what is known of the photo.
SIGNATURE = "signature"
# What tells of somebody or something that came, where a camera has no list of its own.
DEFAULT_WATCH = ("Person", "Car", "Truck", "Bus", "Motorcycle", "Bicycle", "Dog", "Cat")
DEFAULT_CONFIDENCE_PERCENT = 60.0
DEFAULT_GONE_SECONDS = 120
CAMERA_PREFIX = "camera#"
SCENE, STANDING, TOLD, ASKED = "scene", "standing", "told", "asked"

Point = tuple[float, float]
Polygon = tuple[Point, ...]


class Camera(NamedTuple):
    """One camera; its photos' keys begin with `prefix`.

    What changes within `masks` is nothing. A label of `watch`, in any case, makes events, from
    `min_confidence_percent` on and, where there are `zones`, only in one of them; so do the persons of
    `watch_people`, by name. An event is over when nothing of it was seen for `gone_after_seconds`. Of one
    label or person, no second begin is told within `cooldown_seconds` of the last. `silent_after_seconds`
    without a picture is told of; 0 is never. `digest` is an hour of the day, as `08:00`, and `quiet` two,
    both by the clock of `time_zone`; empty where there is none.
    """

    name: str
    prefix: str
    masks: tuple[Polygon, ...] = ()
    zones: tuple[tuple[str, Polygon], ...] = ()
    watch: tuple[str, ...] = DEFAULT_WATCH
    min_confidence_percent: float = DEFAULT_CONFIDENCE_PERCENT
    gone_after_seconds: int = DEFAULT_GONE_SECONDS
    cooldown_seconds: int = 0
    silent_after_seconds: int = 0
    digest: str = ""
    quiet: tuple[str, ...] = ()
    time_zone: str = "UTC"
    watch_people: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, content: Mapping[str, Any]) -> "Camera":
        """Read what `as_told` wrote."""
        defaults = cls._field_defaults
        plain = {field: content.get(field, default) for field, default in defaults.items()}
        return cls(
            name,
            content["prefix"],
            **{
                **plain,
                "masks": tuple(map(_polygon, plain["masks"])),
                "zones": tuple((zone, _polygon(points)) for zone, points in plain["zones"]),
                "watch": tuple(plain["watch"]),
                "quiet": tuple(plain["quiet"]),
                "watch_people": tuple(plain["watch_people"]),
            },
        )

    def as_told(self, *, only_the_gate: bool = False) -> dict[str, Any]:
        """Write it as functions are told it, without what is as ever; or what tells change alone."""
        told = {
            name: value
            for name, value in self._asdict().items()
            if name != "name" and value != self._field_defaults.get(name)
        }
        return {name: told[name] for name in ("prefix", "masks") if name in told} if only_the_gate else told

    def zones_of(self, box: PictureBox) -> tuple[str, ...]:
        """Return the zones in which something stands: by the middle of its lower edge."""
        foot = (box.left + box.width / 2, box.top + box.height)
        return tuple(name for name, polygon in self.zones if is_inside(foot, polygon))

    def watches(self, label: str) -> str | None:
        """Return the name by which a label is watched for; None where it is not."""
        folded = label.casefold()
        return next((name for name in self.watch if name.casefold() == folded), None)


class Cameras:
    """All cameras of a deployment, found by the keys of photos."""

    def __init__(self, all_of_them: Sequence[Camera] = ()) -> None:
        self.all = tuple(all_of_them)

    @cached_property
    def by_name(self) -> Mapping[str, Camera]:
        return {camera.name: camera for camera in self.all}

    def of(self, key: str) -> Camera | None:
        """Return the camera that took a photo; None where none did. No two have prefixes in common."""
        return next((camera for camera in self.all if key.startswith(camera.prefix)), None)


def read_cameras(text: str) -> Cameras:
    """Read the variable CAMERAS, which a deployment without faults has written; empty for none."""
    told = json.loads(text) if text else {}
    return Cameras([Camera.of(name, content) for name, content in sorted(told.items())])


def write_cameras(cameras: Sequence[Camera], *, only_the_gate: bool = False) -> str:
    """Write the variable CAMERAS; nothing where there are none."""
    if not cameras:
        return ""
    told = {camera.name: camera.as_told(only_the_gate=only_the_gate) for camera in cameras}
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def scene_key(camera: str) -> ItemKey:
    """Return where it stands what a camera usually shows."""
    return ItemKey(f"{CAMERA_PREFIX}{camera}", SCENE)


def standing_key(camera: str) -> ItemKey:
    """Return where it stands what a detector sees before a camera all along."""
    return ItemKey(f"{CAMERA_PREFIX}{camera}", STANDING)


def told_key(camera: str) -> ItemKey:
    """Return where it stands what was told of a camera."""
    return ItemKey(f"{CAMERA_PREFIX}{camera}", TOLD)


def asked_key(camera: str, version_id: str) -> ItemKey:
    """Return where it stands that a version of a photo is asked about, and what had changed in it."""
    return ItemKey(f"{CAMERA_PREFIX}{camera}", f"{ASKED}#{version_id}")


def is_inside(point: Point, polygon: Polygon) -> bool:
    """Return whether a point lies in a polygon, by how often a ray from it crosses its edges."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


@cache
def masked_cells(masks: tuple[Polygon, ...]) -> frozenset[int]:
    """Return the cells of the grid whose middle is masked. Each mask takes some 5 ms, once for a camera."""
    return frozenset(
        row * GRID_WIDTH + column
        for row in range(GRID_HEIGHT)
        for column in range(GRID_WIDTH)
        if any(is_inside(((column + 0.5) / GRID_WIDTH, (row + 0.5) / GRID_HEIGHT), mask) for mask in masks)
    )


def cells_of(box: PictureBox) -> list[int]:
    """Return the cells of the grid whose middle a box covers; that at its own middle where it covers none."""
    columns = _covered(box.left, box.width, GRID_WIDTH)
    rows = _covered(box.top, box.height, GRID_HEIGHT)
    return [row * GRID_WIDTH + column for row in rows for column in columns]


def _covered(start: float, length: float, cells: int) -> list[int]:
    found = [cell for cell in range(cells) if start <= (cell + 0.5) / cells <= start + length]
    middle = min(max(int((start + length / 2) * cells), 0), cells - 1)
    return found or [middle]


def _polygon(points: Sequence[Sequence[float]]) -> Polygon:
    return tuple((float(x), float(y)) for x, y in points)
