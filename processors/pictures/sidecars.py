"""What stands beside a photo in the bucket and tells of it: XMP of editors, JSON of Google's Takeout.

What the photo says itself goes first; they fill in what it does not say. Facts are kept by content: they are
those beside the copy of a photo that was read first.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from processors.pictures.metadata import Tags, facts_of
from processors.pictures.texts import clean_keywords
from processors.pictures.xmp import read_properties

MOST_BYTES = 512 * 1024
_TAKEN_FROM = "Takeout:photoTakenTime"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_SECOND, _LAST_SECOND = -5_364_662_400, 7_258_118_400  # the years 1800 and 2200
# What belongs together, and is taken from one of them.
_GROUPS = (("taken_at", "taken_zone", "taken_from"), ("latitude", "longitude"))
_PLACES = 6

# Returns an object of the bucket, None where there is none of so many bytes.
ReadBeside = Callable[[str, int], bytes | None]


def filled_in(facts: Mapping[str, Any], key: str, read: ReadBeside, *, keep_location: bool) -> dict[str, Any]:
    """Return the facts of a photo with what stands beside it."""
    found = dict(facts)
    for more in _beside(key, read, keep_location):
        found["keywords"] = clean_keywords([*found.get("keywords", ()), *more.pop("keywords", ())])
        for names in _GROUPS:
            told = {name: more.pop(name) for name in names if name in more}
            if told and found.get(names[0]) is None:
                found |= told
        found = {**more, **found}
    return found


def _beside(key: str, read: ReadBeside, keep_location: bool) -> Iterator[dict[str, Any]]:
    path = PurePosixPath(key)
    for name in dict.fromkeys((f"{key}.xmp", str(path.with_suffix(".xmp")) if path.name else key)):
        if name != key and (document := read(name, MOST_BYTES)):
            yield facts_of(Tags(xmp=read_properties(document)), keep_location=keep_location)
    for name in (f"{key}.supplemental-metadata.json", f"{key}.json"):
        if document := read(name, MOST_BYTES):
            yield takeout_facts(document, keep_location=keep_location)
            return


def takeout_facts(document: bytes, *, keep_location: bool) -> dict[str, Any]:
    """Read what Google Photos knew of a photo. It tells when by UTC, and not by the camera's clock."""
    try:
        told = json.loads(document)
    except (ValueError, RecursionError):
        return {}
    facts: dict[str, Any] = {}
    seconds = _number(_within(told, "photoTakenTime", "timestamp"))
    if seconds is not None and _FIRST_SECOND <= seconds < _LAST_SECOND:
        at = _EPOCH + timedelta(seconds=int(seconds))
        facts |= {
            "taken_at": f"{at:%Y-%m-%dT%H:%M:%S}.000",
            "taken_zone": "+00:00",
            "taken_from": _TAKEN_FROM,
        }
    latitude = _number(_within(told, "geoData", "latitude"))
    longitude = _number(_within(told, "geoData", "longitude"))
    if keep_location and latitude and longitude and abs(latitude) <= 90 and abs(longitude) <= 180:  # noqa: PLR2004
        facts |= {"latitude": round(latitude, _PLACES), "longitude": round(longitude, _PLACES)}
    return facts


def _within(told: object, *names: str) -> object:
    for name in names:
        told = told.get(name) if isinstance(told, dict) else None
    return told


def _number(written: object) -> float | None:
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        return None
    try:
        number = float(written)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
