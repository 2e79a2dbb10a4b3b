"""Looking for persons who agreed: which faces are asked about, how answers are kept, who is on a photo.

| item   | pk        | sk                                          | read by |
|--------|-----------|---------------------------------------------|---------|
| wanted | `people`  | `persons`                                   | -       |
| answer | `content#<content id>` | `people#<question>.<revision>.<face>` | content |

Each face of a photo is one question, and its answer is kept by itself: whoever is stopped half way through a
photo pays for the rest of it alone. An answer is of a revision of the collection, and is good enough as long
as that is not behind what an operator wants searched (docs/decisions/0028-people-are-enrolled.md).
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, NamedTuple

from contract.items import SORT_KEY, ItemKey
from contract.moments import to_text
from contract.people import PEOPLE, Person
from contract.records import PersonMatch
from contract.results import ResultName

WANTED_KEY = ItemKey(PEOPLE, "persons")
# What the sort keys of persons and of what is wanted begin with: one query reads who is looked for.
SCOPE_BEGINNING = "person"
# The name that answers about faces are kept by, where detectors have theirs.
FACES_ANSWERED = "people"
# From which similarity on matches are kept, in percent, and how many of a face: thresholds are applied when
# reading, and a face that is likest to somebody who has a likelier one is told to be another's.
LEAST_SIMILARITY_PERCENT = 70.0
MOST_USERS = 5
# Those of AWS's Media2Cloud, but for the size, which is the least that Rekognition finds: in pixels of a
# picture whose shorter side has 1080. https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
LEAST_FACE_PIXELS = 40
LINES = 1080
LEAST_BRIGHTNESS, LEAST_SHARPNESS = 26.0, 10.0
MOST_DEGREES = 23.0
# The revision of a photo with faces that could not be looked at, for it was archived.
UNREADABLE_NOW = -1


class FaceBox(NamedTuple):
    """A part of a picture, in ratios of its width and height."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def of(cls, face: Mapping[str, Any]) -> "FaceBox":
        box = face["BoundingBox"]
        return cls(*(float(box[name]) for name in ("Left", "Top", "Width", "Height")))

    def with_surroundings(self) -> "FaceBox":
        """Return the box and half of it on each side, as far as there is a picture."""
        left, top = max(0.0, self.left - self.width / 2), max(0.0, self.top - self.height / 2)
        right = min(1.0, self.left + 1.5 * self.width)
        bottom = min(1.0, self.top + 1.5 * self.height)
        return FaceBox(left, top, right - left, bottom - top)

    def within(self, outer: "FaceBox") -> "FaceBox":
        """Return this box in ratios of another one, which holds it."""
        return FaceBox(
            (self.left - outer.left) / outer.width,
            (self.top - outer.top) / outer.height,
            self.width / outer.width,
            self.height / outer.height,
        )

    def holds_middle_of(self, other: "FaceBox") -> bool:
        x, y = other.left + other.width / 2, other.top + other.height / 2
        return self.left <= x <= self.left + self.width and self.top <= y <= self.top + self.height


class SearchScope(NamedTuple):
    """Who is looked for, and the `revision` of their collection: the time when its faces last changed.

    `persons` are names by id.
    Answers of revisions before `wanted` are asked for anew: an operator has seen the price and said so.
    """

    revision: int = 0
    wanted: int = 0
    persons: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def of(cls, items: Iterable[Mapping[str, Any]], today: str) -> "SearchScope":
        """Read it from the items of persons, and of what is wanted. `today` is ISO 8601, UTC."""
        wanted, persons = 0, list[Person]()
        for item in items:
            if item[SORT_KEY] == WANTED_KEY.sk:
                wanted = int(item["revision"])
            else:
                persons.append(Person.from_item(item))
        known = [person for person in persons if person.is_looked_for(today)]
        # Never before what is wanted: who was added last may be forgotten.
        revision = max((revision_at(person.faces_at) for person in known), default=0)
        return cls(max(revision, wanted), wanted, {person.id: person.name for person in known})


def revision_at(time: str) -> int:
    """Return a time (ISO 8601, UTC, milliseconds) as the revision of a collection that changed then."""
    return int("".join(sign for sign in time if sign.isdecimal()) or 0)


def time_after(revision: int) -> str:
    """Return the first time, as text, whose revision comes after this one."""
    at = datetime.strptime(f"{revision:017}", "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
    return to_text(at + timedelta(milliseconds=1))


def question_parameters(collection: str) -> dict[str, Any]:
    """Return what is asked about each face, beside its picture."""
    return {
        "CollectionId": collection,
        "UserMatchThreshold": LEAST_SIMILARITY_PERCENT,
        "MaxUsers": MOST_USERS,
        "QualityFilter": "NONE",
    }


def is_searchable(face: Mapping[str, Any], width: int, height: int) -> bool:
    """Return whether a face of DetectFaces is good enough to be asked about.

    Roll is no reason: a face that lies is found all the same.
    """
    box, pose, quality = FaceBox.of(face), face["Pose"], face["Quality"]
    scale = LINES / min(width, height)
    return (
        min(box.width * width, box.height * height) * scale >= LEAST_FACE_PIXELS
        and quality["Brightness"] >= LEAST_BRIGHTNESS
        and quality["Sharpness"] >= LEAST_SHARPNESS
        and abs(pose["Yaw"]) <= MOST_DEGREES
        and abs(pose["Pitch"]) <= MOST_DEGREES
    )


def face_name(box: FaceBox, frame: str = "") -> str:
    """Name a face by where it is: answers about it stay its own, whatever other faces are found.

    Of a film, it is on a frame of this name.
    """
    place = [*box, frame] if frame else box
    return blake2b(json.dumps(place).encode(), digest_size=6).hexdigest()


class FaceAnswerName(NamedTuple):
    """What an answer about a face is kept by, beside the content: question, revision, face."""

    question: str
    revision: int
    face: str

    def of(self, content_id: str) -> ResultName:
        return ResultName(content_id, FACES_ANSWERED, f"{self.question}.{self.revision}.{self.face}")

    @classmethod
    def read(cls, name: ResultName) -> "FaceAnswerName | None":
        """Read it back; None for what was not written so."""
        question, _, rest = name.fingerprint.partition(".")
        revision, _, face = rest.partition(".")
        return cls(question, int(revision), face) if revision.isdecimal() and face else None


def matches_in(answer: Mapping[str, Any], persons: Collection[str]) -> dict[str, float]:
    """Return those of these persons whom an answer about a face names, with their similarity in percent."""
    return {
        match["User"]["UserId"]: float(match["Similarity"])
        for match in answer["UserMatches"]
        if match["User"]["UserId"] in persons
    }


def assigned(faces: Mapping[int, Mapping[str, float]]) -> dict[str, PersonMatch]:
    """Return who is on a photo: the likest pairs first, each person and each face once.

    So a threshold that is applied later leaves what the pairs from it on alone would have come to. `faces`
    are similarities by person, by the number of the face.
    """
    pairs = sorted(
        (-similarity, face, person) for face, alike in faces.items() for person, similarity in alike.items()
    )
    found: dict[str, PersonMatch] = {}
    taken: set[int] = set()
    for unlikeness, face, person in pairs:
        if person not in found and face not in taken:
            found[person] = PersonMatch(round(-unlikeness, 2), face)
            taken.add(face)
    return found
