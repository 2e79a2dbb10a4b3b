"""The file of cameras: read, and refused in words, a sentence for each fault with what to write instead."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contract.alerts import clock_time, digest_time, span_seconds
from contract.cameras import Camera, Polygon, write_cameras
from contract.people import faults_of_name

# Each is an item that is read every minute.
MOST_CAMERAS = 20
# Lambda takes 4 KB for all variables of a function; so much is left beside those of the processor.
MOST_TOLD_BYTES = 1_500
MOST_LABELS, MOST_POLYGONS, MOST_POINTS = 20, 8, 12
MOST_PEOPLE = 10
# Fewer are no area.
_LEAST_POINTS = 3
MOST_LABEL_CHARACTERS, FULL_PERCENT = 100, 100
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
_MEMBERS = (
    *("prefix", "masks", "zones", "watch", "watch_people", "min_confidence", "gone_after", "cooldown"),
    *("silent_after", "digest", "quiet", "time_zone"),
)
# By member, the shortest and the longest that it may be.
_SPANS = {
    "gone_after": (5, 3_600),
    "cooldown": (1, 7 * 86_400),
    "silent_after": (120, 7 * 86_400),
}


def camera_content(path: str) -> dict[str, Any]:
    """Read what is in a file, whatever it is. Raise OSError or ValueError where that is no TOML."""
    return tomllib.loads(Path(path).read_text(encoding="utf-8"))


def cameras_in(path: str) -> tuple[Camera, ...]:
    """Return the cameras of a file without faults."""
    return tuple(_camera(name, content) for name, content in sorted(camera_content(path).items()))


def faults_of_camera_file(path: str) -> list[str]:
    """Return what is wrong with a file."""
    try:
        content = camera_content(path)
    except (OSError, UnicodeDecodeError) as error:
        return [f"cameras is {path!r}, which cannot be read: {error}"]
    except tomllib.TOMLDecodeError as error:
        return [f"{path} is no TOML: {error}"]
    return [f"{path}: {fault}" for fault in faults_of_cameras(content)]


def faults_of_cameras(content: Mapping[str, Any]) -> list[str]:
    """Return all faults of cameras."""
    if not content:
        return ['it has no camera; each is a section of its name, as [door] with prefix = "cameras/door/"']
    faults = []
    if len(content) > MOST_CAMERAS:
        faults.append(f"it has {len(content)} cameras; {MOST_CAMERAS} at most")
    for name, camera in content.items():
        if not isinstance(camera, Mapping):
            faults.append(f"{name} stands outside of a section; each camera is one, as [door]")
        elif not _NAME.fullmatch(name):
            faults.append(
                f"a camera is named {name!r}; a name is up to 30 small letters, digits and -, a letter or "
                f"digit first"
            )
        else:
            faults += [f"the camera {name} {fault}" for fault in _faults_of(camera)]
    if faults:
        return faults
    faults = list(_nested(content))
    told = write_cameras([_camera(name, camera) for name, camera in content.items()])
    if (size_bytes := len(told.encode())) > MOST_TOLD_BYTES:
        faults.append(
            f"it makes {size_bytes:,} bytes, and a function can be told {MOST_TOLD_BYTES:,}: draw masks and "
            "zones with fewer points, or name fewer labels"
        )
    return faults


def _nested(content: Mapping[str, Any]) -> Iterator[str]:
    prefixes = {camera["prefix"]: name for name, camera in sorted(content.items())}
    if len(prefixes) < len(content):
        yield "two cameras have the same prefix; each has its own folder"
    for prefix, name in prefixes.items():
        for other, other_name in prefixes.items():
            if prefix != other and prefix.startswith(other):
                yield (
                    f"the prefix of {name} is below that of {other_name}; cameras have folders beside each "
                    "other"
                )


def _faults_of(camera: Mapping[str, Any]) -> Iterator[str]:
    if strange := [member for member in camera if member not in _MEMBERS]:
        yield f"has {', '.join(strange)}; it may have {', '.join(_MEMBERS)}"
    prefix = camera.get("prefix")
    if not isinstance(prefix, str) or not re.fullmatch(r"[^*?$\s][^*?$]{0,198}/", prefix):
        yield (
            f'has prefix = {prefix!r}; it is how its keys begin, up to a slash, as "cameras/door/", '
            "without *, ? and $"
        )
    masks = camera.get("masks", [])
    if not isinstance(masks, list) or len(masks) > MOST_POLYGONS or not all(map(_is_area, masks)):
        yield f"has masks that are none; they are up to {MOST_POLYGONS}, {_AREA}"
    zones = camera.get("zones", {})
    if (
        not isinstance(zones, Mapping)
        or len(zones) > MOST_POLYGONS
        or not all(_NAME.fullmatch(name) and _is_area(zone) for name, zone in zones.items())
    ):
        yield (
            f"has zones that are none; they are up to {MOST_POLYGONS}, each with a name of small letters, "
            f"{_AREA}"
        )
    watch = camera.get("watch", ["Person"])
    if (
        not isinstance(watch, list)
        or not 0 < len(watch) <= MOST_LABELS
        or not all(isinstance(label, str) and 0 < len(label) <= MOST_LABEL_CHARACTERS for label in watch)
    ):
        yield f'has watch = {watch!r}; it is 1 to {MOST_LABELS} labels, as ["Person", "Car"]'
    yield from _wrong_people(camera.get("watch_people", ["Ann"]))
    sure = camera.get("min_confidence", 0)
    if isinstance(sure, bool) or not isinstance(sure, int | float) or not 0 <= sure <= FULL_PERCENT:
        yield f"has min_confidence = {sure!r}; it is in percent, 0 to 100"
    yield from _wrong_times(camera)


def _wrong_people(names: object) -> Iterator[str]:
    if (
        not isinstance(names, list)
        or not 0 < len(names) <= MOST_PEOPLE
        or not all(isinstance(name, str) for name in names)
    ):
        yield f'has watch_people = {names!r}; it is 1 to {MOST_PEOPLE} names of persons, as ["Ann"]'
        return
    for name in names:
        yield from (f"has watch_people: {fault}" for fault in faults_of_name(name))
    if len({name.casefold() for name in names}) < len(names):
        yield f"has watch_people = {names!r}, which names somebody twice"


def _wrong_times(camera: Mapping[str, Any]) -> Iterator[str]:
    for member, (shortest, longest) in _SPANS.items():
        if member not in camera:
            continue
        try:
            is_right = shortest <= span_seconds(camera[member]) <= longest
        except ValueError:
            is_right = False
        if not is_right:
            yield (
                f'has {member} = {camera[member]!r}; write it as "5 minutes", {shortest:,} to {longest:,} '
                f"seconds"
            )
    if "digest" in camera and not _can_be_read(digest_time, camera["digest"]):
        yield f'has digest = {camera["digest"]!r}; write it as "daily at 08:00"'
    quiet = camera.get("quiet")
    if quiet is not None and not (
        isinstance(quiet, Mapping)
        and set(quiet) == {"from", "to"}
        and all(_can_be_read(clock_time, hour) for hour in quiet.values())
        and quiet["from"] != quiet["to"]
    ):
        yield f'has quiet = {quiet!r}; write it as {{ from = "22:00", to = "06:30" }}'
    zone = camera.get("time_zone", "UTC")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        yield f'has time_zone = {zone!r}; write one of the IANA names, as "Europe/Berlin"'


_AREA = (
    f"each a box [left, top, width, height] or a polygon of {_LEAST_POINTS} to {MOST_POINTS} points [x, y], "
    "in parts of the picture, 0 to 1"
)
_BOX_NUMBERS = 4


def _is_area(area: object) -> bool:
    if not isinstance(area, list):
        return False
    if len(area) == _BOX_NUMBERS and all(map(_is_part, area)):
        left, top, width, height = area
        return bool(width > 0 and height > 0 and left + width <= 1 and top + height <= 1)
    return _LEAST_POINTS <= len(area) <= MOST_POINTS and all(map(_is_point, area))


def _is_point(point: object) -> bool:
    match point:
        case [across, down]:
            return _is_part(across) and _is_part(down)
    return False


def _is_part(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= 1


def _can_be_read(read: Callable[[object], object], value: object) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


def _camera(name: str, content: Mapping[str, Any]) -> Camera:
    """Return what a section without faults says."""
    spans = {f"{member}_seconds": span_seconds(content[member]) for member in _SPANS if member in content}
    told: dict[str, Any] = {**spans}
    for member in ("watch", "watch_people", "time_zone"):
        if member in content:
            told[member] = content[member]
    if "min_confidence" in content:
        told["min_confidence_percent"] = float(content["min_confidence"])
    if "digest" in content:
        told["digest"] = f"{digest_time(content['digest']):%H:%M}"
    if "quiet" in content:
        told["quiet"] = (content["quiet"]["from"], content["quiet"]["to"])
    zones = content.get("zones", {})
    return Camera.of(
        name,
        {
            **told,
            "prefix": content["prefix"],
            "masks": [_polygon(mask) for mask in content.get("masks", [])],
            "zones": [(zone, _polygon(area)) for zone, area in zones.items()],
        },
    )


def _polygon(area: Any) -> Polygon:
    if isinstance(area[0], list):
        return tuple((x, y) for x, y in area)
    left, top, width, height = area
    right, bottom = round(left + width, 4), round(top + height, 4)
    return ((left, top), (right, top), (right, bottom), (left, bottom))
