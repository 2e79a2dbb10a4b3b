"""Events of cameras: what was seen from when to when, made of what records say, whenever somebody asks.

Nothing of an event is kept: a picture that comes late, again or otherwise, or that is deleted, changes what
is read next, and a threshold that is changed asks nobody.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from contract.cameras import Camera
from contract.moments import to_seconds
from contract.records import ImageRecord, Status
from contract.sightings import FaceSighting, PictureBox, Sighting

# What events of persons are told by where no name may stand: no label is called so.
PERSON_MARK = "person#"
# Where somebody is of whom people say no more than that.
_WHOLE = PictureBox(0.0, 0.0, 1.0, 1.0)


class SeenPerson(NamedTuple):
    """A person, by id, in a picture, with the likeness in percent; the face is None where nobody knows which.

    A person's word is 100 percent.
    """

    person: str
    similarity: float
    face: FaceSighting | None


class WatchedPersons(NamedTuple):
    """Whom a camera watches for, by id, of those who are looked for now; `least_percent` is a likeness."""

    ids: frozenset[str] = frozenset()
    least_percent: float = 0.0

    @classmethod
    def of(cls, camera: Camera, names: Mapping[str, str], least_percent: float) -> "WatchedPersons":
        """Return them of all who are looked for, whose names are by id; case is no matter."""
        watched = {name.casefold() for name in camera.watch_people}
        ids = (person for person, name in names.items() if name.casefold() in watched)
        return cls(frozenset(ids), least_percent)

    def marks(self, camera: Camera) -> frozenset[str]:
        """Return what their events are told by."""
        return frozenset(_mark(camera.name, person) for person in self.ids)

    def seen_on(self, record: ImageRecord) -> tuple[SeenPerson, ...]:
        """Return who of them a record says is there, on a face that had come, or where nobody knows."""
        found = record.findings
        faces = {face.number: face for face in found.look.faces} if found.look is not None else {}
        return tuple(
            SeenPerson(person, match.similarity, None if match.face is None else faces[match.face])
            for person, match in sorted(found.persons.items())
            if person in self.ids
            and match.similarity >= self.least_percent
            and (match.face is None or match.face in faces)
        )


NOBODY = WatchedPersons()


class CameraPicture(NamedTuple):
    """A picture in which something was seen anew, at a time in seconds since 1970."""

    at: float
    key: str
    sightings: tuple[Sighting, ...]
    persons: tuple[SeenPerson, ...] = ()

    @classmethod
    def of(cls, record: ImageRecord, watched: WatchedPersons = NOBODY) -> "CameraPicture | None":
        """Return what a record says was seen, of labels that it still has: people may have corrected it."""
        look = record.findings.look
        if record.status is not Status.RECOGNIZED or look is None:
            return None
        seen = look.showing(record.findings.labels).sightings
        at = to_seconds(record.version.uploaded_at)
        return cls(at, record.key, seen, watched.seen_on(record))


class CameraEvent(NamedTuple):
    """One thing that was there from `begin` to `end`, the times of its first and its last picture.

    `best` is the picture in which it was surest, `box` where it was there, and `zones` are all that it was
    in. Of a person there is the id, and no label.
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
    person: str = ""

    @property
    def id(self) -> str:
        """Name the event by how it began."""
        return _digest(self.camera, self.told_by.casefold(), f"{self.begin:.3f}")

    @property
    def told_by(self) -> str:
        """Return what it is told by: its label, or what says nothing of a person who was forgotten."""
        return _mark(self.camera, self.person) if self.person else self.label

    def is_over(self, camera: Camera, now: float) -> bool:
        return now - self.end > camera.gone_after_seconds


class _Seen(NamedTuple):
    at: float
    key: str
    label: str
    person: str
    confidence: float
    box: PictureBox
    zones: tuple[str, ...]


def events_of(camera: Camera, pictures: Iterable[CameraPicture]) -> list[CameraEvent]:
    """Return the events that pictures, in any order, are of; the one that began first comes first."""
    by_what: dict[tuple[str, str], list[_Seen]] = {}
    for picture in sorted(set(pictures), key=lambda each: (*each[:3], repr(each.persons))):
        for seen in (*_labels_in(camera, picture), *_persons_in(camera, picture)):
            if seen.zones or not camera.zones:
                by_what.setdefault((seen.label, seen.person), []).append(seen)
    events = [
        _event(camera, run) for seen in by_what.values() for run in _runs(seen, camera.gone_after_seconds)
    ]
    return sorted(events, key=lambda event: (event.begin, event.label, event.person))


def _labels_in(camera: Camera, picture: CameraPicture) -> Iterable[_Seen]:
    for each in picture.sightings:
        label = camera.watches(each.detected or each.label)
        if label is not None and each.confidence >= camera.min_confidence_percent:
            zones = camera.zones_of(each.box)
            yield _Seen(picture.at, picture.key, label, "", each.confidence, each.box, zones)


def _persons_in(camera: Camera, picture: CameraPicture) -> Iterable[_Seen]:
    """Of somebody whose place nobody knows, it is not known either that it is in a zone."""
    for each in picture.persons:
        box, zones = _WHOLE, tuple[str, ...]()
        if each.face is not None:
            box, zones = each.face.box, camera.zones_of(each.face.place)
        yield _Seen(picture.at, picture.key, "", each.person, each.similarity, box, zones)


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
    best = max(run, key=lambda seen: (seen.confidence, -seen.at, seen.key))
    return CameraEvent(
        camera=camera.name,
        label=best.label,
        begin=run[0].at,
        end=run[-1].at,
        pictures=len({seen.key for seen in run}),
        best=best.key,
        confidence=best.confidence,
        box=best.box,
        zones=tuple(sorted({zone for seen in run for zone in seen.zones})),
        person=best.person,
    )


def _mark(camera: str, person: str) -> str:
    return f"{PERSON_MARK}{_digest(camera, person)}"


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=10).hexdigest()
