"""A camera that stands still in the fault run: its pictures, what is to be asked about, and its events.

In each wave some pictures show the yard as ever, and two the same dog in the same place. Pictures come in any
order, so which of both is asked about is up to that.
"""

import io
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from PIL import Image

from contract.camera_events import CameraPicture, events_of
from contract.cameras import Camera
from contract.moments import to_seconds
from contract.records import ImageRecord, Status
from loadtest import ROOT

YARD = Camera("yard", "cameras/yard/", watch=("Dog",), gone_after_seconds=3600)
# What shows the yard as ever before any fault, so that there is something to compare with.
FIRST = f"{YARD.prefix}0-0.jpg"
_EMPTY, _WITH_A_DOG = 3, 2
_PLACE = re.compile(r"(\d+)-(\d+)(-dog)?\.jpg")
_SIZE, _DOG_SIZE = (800, 600), (240, 240)


def keys_of_wave(wave: int) -> list[str]:
    """Return the keys of what the camera sends in a wave; the first is 1."""
    empty = [f"{YARD.prefix}{wave}-{number}.jpg" for number in range(_EMPTY)]
    return [*empty, *(f"{YARD.prefix}{wave}-{_EMPTY + number}-dog.jpg" for number in range(_WITH_A_DOG))]


def camera_picture(key: str) -> bytes:
    """Draw what the camera sends under a key: the dog stands further right in each wave."""
    found = _PLACE.fullmatch(key.removeprefix(YARD.prefix))
    assert found is not None, key
    wave, number, has_dog = int(found[1]), int(found[2]), found[3] is not None
    picture = _sample("greatWallofChina.jpg", _SIZE).point(lambda light: light * 98 // 100)
    if has_dog:
        picture.paste(_sample("dog.jpg", _DOG_SIZE), (90 * wave - 40, 300))
    # No two pictures of a camera are the same to the bit.
    picture.putpixel((0, 0), (8 * wave, 30 * number, 0))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()


@cache
def _sample(name: str, size: tuple[int, int]) -> Image.Image:
    with Image.open(ROOT / "images" / name) as picture:
        return picture.convert("RGB").resize(size)


def is_unchanged(record: ImageRecord) -> bool:
    """Return whether a picture was not asked about, for it shows nothing new."""
    look = record.findings.look
    return look is not None and not look.is_asked


def wrong_events(records: Mapping[str, ImageRecord], told: Collection[Mapping[str, Any]]) -> dict[str, str]:
    """Return what is wrong with what was asked about, with events, and with what was `told` of them."""
    pictures = {
        key: record
        for key, record in records.items()
        if key.startswith(YARD.prefix) and record.status is Status.RECOGNIZED
    }
    found = {
        key: "it shows nothing new, and was asked about"
        for key, record in pictures.items()
        if "-dog" not in key and key != FIRST and not is_unchanged(record)
    }
    by_wave: dict[str, list[ImageRecord]] = defaultdict(list)
    for key, record in pictures.items():
        if "-dog" in key:
            by_wave[key.removeprefix(YARD.prefix).partition("-")[0]].append(record)
    for wave, of_wave in by_wave.items():
        if all(map(is_unchanged, of_wave)):
            found[f"the dog of wave {wave}"] = "neither picture of it was asked about"
    seen = [picture for record in pictures.values() if (picture := CameraPicture.of(record)) is not None]
    return found | _wrong(by_wave, seen, told)


def _wrong(
    by_wave: Mapping[str, Sequence[ImageRecord]],
    seen: Sequence[CameraPicture],
    told: Collection[Mapping[str, Any]],
) -> dict[str, str]:
    """One dog was there all the time, from one of its first pictures to one of its last."""
    events = events_of(YARD, seen)
    if len(events) != 1:
        return {"events": f"{len(events)} are listed, and one there was"}
    times = {
        wave: {to_seconds(record.version.uploaded_at) for record in of_wave}
        for wave, of_wave in by_wave.items()
    }
    found: dict[str, str] = {}
    if events[0].begin not in times[min(times)] or events[0].end not in times[max(times)]:
        found["the event"] = "it is not from the first pictures of the dog to the last"
    begins = {str(message["id"]) for message in told if message["event"] == "begin"}
    if len(begins) != 1:
        found["messages"] = f"{len(begins)} begins were told, and one there was"
    if others := {str(message["event"]) for message in told} - {"begin"}:
        found["other messages"] = f"{', '.join(sorted(others))} were told, which was not so"
    return found
