"""When, with what and where a photo was taken, from its EXIF, XMP and IPTC; hostile values are left out."""

import math
from collections.abc import Iterator
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NamedTuple

from contract.photos import MOST_LATITUDE, MOST_LONGITUDE, ORIENTATIONS
from processors.pictures.directories import SHORT, Directory
from processors.pictures.iptc import IptcTags
from processors.pictures.texts import clean_keywords, clean_text, parse_moment, parse_zone, positive
from processors.pictures.xmp import Properties

ORIENTATION = 0x0112
_MAKE, _MODEL, _DATE_TIME, _RATING, _EXIF, _GPS = 0x010F, 0x0110, 0x0132, 0x4746, 0x8769, 0x8825
# Names, tags and those of their fractions of a second and time zones: CIPA DC-008 (Exif 2.32), 4.6.5.
_TIMES = {
    "DateTimeOriginal": (0x9003, 0x9291, 0x9011),
    "DateTimeDigitized": (0x9004, 0x9292, 0x9012),
}
_SUBSECONDS, _ZONE = 0x9290, 0x9010
_XMP_TIMES = ("exif:DateTimeOriginal", "photoshop:DateCreated", "exif:DateTimeDigitized", "xmp:CreateDate")
_EXPOSURE, _F_NUMBER, _ISO, _FOCAL_LENGTH, _LENS = 0x829A, 0x829D, 0x8827, 0x920A, 0xA434
_RECOMMENDED_EXPOSURE_INDEX, _MOST_ISO = 0x8832, 65535
_RATINGS = range(-1, 6)
_LATITUDE_SIDE, _LATITUDE, _LONGITUDE_SIDE, _LONGITUDE = 1, 2, 3, 4
_MAX_ISO = 10_000_000
_PLACES = 6


class Tags(NamedTuple):
    """All that a file says of itself. `directory` is the first of its EXIF."""

    directory: Directory | None = None
    xmp: Properties = MappingProxyType({})
    iptc: IptcTags = IptcTags()


class Orientation(NamedTuple):
    """EXIF's orientation, 1 to 8, and whether it is written as everybody reads it."""

    value: int = 1
    is_usual: bool = True


def orientation_of(directory: Directory | None) -> Orientation:
    if directory is None or ORIENTATION not in directory:
        return Orientation()
    value = directory.whole_number(ORIENTATION)
    if value is None or value not in ORIENTATIONS:
        return Orientation()
    entry = directory.entries[ORIENTATION]
    return Orientation(value, is_usual=entry.kind == SHORT and entry.many == 1)


def facts_of(tags: Tags, *, keep_location: bool) -> dict[str, Any]:
    """Return what is known, by the names of PhotoFacts' fields."""
    exif = tags.directory.below(_EXIF) if tags.directory else None
    facts: dict[str, Any] = {
        **_taken(tags, exif),
        "camera": _camera(tags),
        "lens": clean_text(exif.text(_LENS) if exif else None) or clean_text(_first(tags.xmp, "aux:Lens")),
        "rating": _rating(tags),
        "keywords": clean_keywords([*tags.xmp.get("dc:subject", []), *tags.iptc.keywords]),
    }
    if exif:
        facts |= {
            "exposure_seconds": positive(exif.number(_EXPOSURE)),
            "f_number": positive(exif.number(_F_NUMBER)),
            "iso": _iso(exif),
            "focal_length_mm": positive(exif.number(_FOCAL_LENGTH)),
        }
    if keep_location:
        facts |= _location(tags)
    return {name: value for name, value in facts.items() if value is not None}


def _taken(tags: Tags, exif: Directory | None) -> dict[str, Any]:
    """Return the best of all times: of the picture, then of its file."""
    for name, text, fraction, zone in _times(tags, exif):
        if found := parse_moment(text, fraction):
            return {"taken_at": found[0], "taken_zone": found[1] or parse_zone(zone), "taken_from": name}
    return {}


def _times(tags: Tags, exif: Directory | None) -> Iterator[tuple[str, str | None, str | None, str | None]]:
    if exif:
        for name, (time, fraction, zone) in _TIMES.items():
            yield name, exif.text(time), exif.text(fraction), exif.text(zone)
    for name in _XMP_TIMES:
        yield name, _first(tags.xmp, name), None, None
    if tags.iptc.date:
        yield "IPTC:DateCreated", f"{tags.iptc.date.strip()} {(tags.iptc.time or '').strip()}", None, None
    if tags.directory:
        text = tags.directory.text(_DATE_TIME)
        yield "DateTime", text, *((exif.text(_SUBSECONDS), exif.text(_ZONE)) if exif else (None, None))


def _camera(tags: Tags) -> str | None:
    """Return maker and model, without the maker's name twice."""
    directory = tags.directory
    make = clean_text(directory.text(_MAKE) if directory else None) or clean_text(
        _first(tags.xmp, "tiff:Make")
    )
    model = clean_text(directory.text(_MODEL) if directory else None) or clean_text(
        _first(tags.xmp, "tiff:Model")
    )
    if make is None or model is None:
        return make or model
    if model.casefold().startswith(make.split()[0].casefold()):
        return model
    return clean_text(f"{make} {model}")


def _iso(exif: Directory) -> int | None:
    iso = exif.whole_number(_ISO)
    if iso == _MOST_ISO:
        iso = exif.whole_number(_RECOMMENDED_EXPOSURE_INDEX) or iso
    return iso if iso is not None and 0 < iso <= _MAX_ISO else None


def _rating(tags: Tags) -> int | None:
    """Return the stars, 0 to 5; -1 is what photographers throw away."""
    written = tags.directory.number(_RATING) if tags.directory else None
    if text := _first(tags.xmp, "xmp:Rating"):
        with suppress(ValueError):
            written = float(text)
    return int(written) if written is not None and math.isfinite(written) and written in _RATINGS else None


def _location(tags: Tags) -> dict[str, Any]:
    """Return where it was taken; not what is exactly at 0, 0, as cameras write that do not know."""
    gps = tags.directory.below(_GPS) if tags.directory else None
    if gps:
        latitude = _degrees(gps.numbers(_LATITUDE), gps.text(_LATITUDE_SIDE), "NS", MOST_LATITUDE)
        longitude = _degrees(gps.numbers(_LONGITUDE), gps.text(_LONGITUDE_SIDE), "EW", MOST_LONGITUDE)
    else:
        latitude = _written_degrees(_first(tags.xmp, "exif:GPSLatitude"), "NS", MOST_LATITUDE)
        longitude = _written_degrees(_first(tags.xmp, "exif:GPSLongitude"), "EW", MOST_LONGITUDE)
    if latitude is None or longitude is None or latitude == longitude == 0:
        return {}
    return {"latitude": latitude, "longitude": longitude}


def _written_degrees(text: str | None, sides: str, most: int) -> float | None:
    """Read degrees as XMP writes them: `52,31.2005N`."""
    if not text:
        return None
    try:
        parts = tuple(float(part) for part in text[:-1].split(",")[:3])
    except ValueError:
        return None
    return _degrees(parts, text[-1], sides, most)


def _degrees(parts: tuple[float, ...], side: str | None, sides: str, most: int) -> float | None:
    """Return degrees, minutes and seconds as degrees, negative in the south and west."""
    side = (side or "").strip().upper()
    if not 1 <= len(parts) <= 3 or side not in tuple(sides) or not all(map(math.isfinite, parts)):  # noqa: PLR2004
        return None
    degrees = sum(float(part) / 60.0**power for power, part in enumerate(parts))
    if min(parts) < 0 or degrees > most:
        return None
    return round(degrees if side == sides[0] else -degrees, _PLACES)


def _first(properties: Properties, name: str) -> str | None:
    return next(iter(properties.get(name, ())), None)
