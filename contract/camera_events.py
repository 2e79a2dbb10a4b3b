"""Events of cameras: what was seen from when to when, made of what records say, whenever somebody asks.

Nothing of an event is kept: a picture that comes late, again or otherwise, or that is deleted, changes what
is read next, and a threshold that is changed asks nobody.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from contract.cameras import Camera
from contract.moments import to_seconds
from contract.records import ImageRecord, Status
from contract.sightings import PictureBox, Sighting


class CameraPicture(NamedTuple):
    """A picture in which something was seen anew, at a time in seconds since 1970."""

    at: float
    key: str
    sightings: tuple[Sighting, ...]

    @classmethod
    def of(cls, record: ImageRecord) -> "CameraPicture | None":
        """Return what a record says was seen, of labels that it still has: people may have corrected it."""
        look = record.findings.look
        if record.status is not Status.RECOGNIZED or look is None:
            return None
        seen = look.showing(record.findings.labels).sightings
        return cls(to_seconds(record.version.uploaded_at), record.key, seen)


class CameraEvent(NamedTuple):
    """One thing that was there from `begin` to `end`, the times of its first and its last picture.

    `best` is the picture in which it was surest, `box` where it was there, and `zones` are all that it was
    in.
    """

    camera: str
    label: str
    begin: float
    end: float
    pictures: int
    best: str
    confidence: float
    box: PictureBox
    zones: tuple[str, ...]

    @property
    def id(self) -> str:
        """Name the event by how it began."""
        told = f"{self.camera}\n{self.label.casefold()}\n{self.begin:.3f}"
        return hashlib.blake2b(told.encode(), digest_size=10).hexdigest()

    def is_over(self, camera: Camera, now: float) -> bool:
        return now - self.end > camera.gone_after_seconds


class _Seen(NamedTuple):
    at: float
    key: str
    label: str
    sighting: Sighting
    zones: tuple[str, ...]


def events_of(camera: Camera, pictures: Iterable[CameraPicture]) -> list[CameraEvent]:
    """Return the events that pictures, in any order, are of; the one that began first comes first."""
    by_label: dict[str, list[_Seen]] = {}
    for picture in sorted(set(pictures)):
        for sighting in picture.sightings:
            if (label := _is_event(camera, sighting)) is not None:
                seen = _Seen(picture.at, picture.key, label, sighting, camera.zones_of(sighting.box))
                by_label.setdefault(label, []).append(seen)
    events = [
        _event(camera, run) for seen in by_label.values() for run in _runs(seen, camera.gone_after_seconds)
    ]
    return sorted(events, key=lambda event: (event.begin, event.label))


def _is_event(camera: Camera, sighting: Sighting) -> str | None:
    """Return the label by which something that was seen makes an event; None where it makes none."""
    label = camera.watches(sighting.detected or sighting.label)
    if label is None or sighting.confidence < camera.min_confidence_percent:
        return None
    return label if not camera.zones or camera.zones_of(sighting.box) else None


def _runs(seen: Sequence[_Seen], gone_after: float) -> Iterable[list[_Seen]]:
    run: list[_Seen] = []
    for each in seen:
        if run and each.at - run[-1].at > gone_after:
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _event(camera: Camera, run: Sequence[_Seen]) -> CameraEvent:
    best = max(run, key=lambda seen: (seen.sighting.confidence, -seen.at, seen.key))
    return CameraEvent(
        camera=camera.name,
        label=best.label,
        begin=run[0].at,
        end=run[-1].at,
        pictures=len({seen.key for seen in run}),
        best=best.key,
        confidence=best.sighting.confidence,
        box=best.sighting.box,
        zones=tuple(sorted({zone for seen in run for zone in seen.zones})),
    )
