"""What each object of a listing would take: calls, or none."""

import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import PurePosixPath

from contract.cameras import Cameras, read_cameras
from contract.detectors import MAX_S3_IMAGE_BYTES
from contract.face_search import FACES_ANSWERED
from contract.meaning import MEANING_SEEN, OF_MEANING, OF_OUR_OWN
from contract.photos import MAX_FILM_BYTES, MAX_PHOTO_BYTES, PICTURE
from contract.records import ImageVersion, Status
from contract.results import ResultName
from contract.scenes import unmarked
from operations.adapters.account import DeployedProcessor
from operations.adapters.dynamodb import ASSESSED, ASSESSED_WITH_PHOTO, OperatedTable
from operations.film_hours import FilmLength, films_are_taken, is_film_by_name
from operations.inventory import Listed, RecordSummary
from operations.people.faces_to_search import FACES, NO_FACES, FaceCount, FacesToSearch
from operations.temporary_database import SeenContents
from operations.terminal import OperatorError

# A name without an ending says nothing; any other ending says that it is likely something else.
PHOTO_ENDINGS = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ""})
# What is converted first, where photos are read as files.
CONVERTED_ENDINGS = frozenset({".heic", ".heif", ".hif", ".avif", ".webp", ".gif", ".bmp", ".tif", ".tiff"})


# Between a content and the detectors that are asked about it.
_WITH = "\n"


@dataclass(frozen=True)
class Place:
    """A bucket and the beginning of some keys."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def sync_command(self, bucket: str) -> str:
        """Return how to copy the folder that holds these keys to another bucket, under the same keys."""
        folder = self.prefix[: self.prefix.rfind("/") + 1]
        return shlex.join(["aws", "s3", "sync", f"s3://{self.bucket}/{folder}", f"s3://{bucket}/{folder}"])

    @classmethod
    def read(cls, typed: str) -> "Place":
        """Read `s3://bucket/prefix`. Raise OperatorError."""
        parts = re.fullmatch(r"s3://([^/]+)(?:/(.*))?", typed, flags=re.DOTALL)
        if parts is None:
            raise OperatorError(f"{typed!r} is not a place in S3; write it like s3://bucket/prefix")
        return cls(parts[1], parts[2] or "")


@dataclass(frozen=True)
class ObjectFilter:
    """Which objects are meant; None asks for all. `since` is seconds since 1970, suffixes are lower case."""

    since: float | None = None
    suffixes: tuple[str, ...] | None = None

    def matches(self, listed: Listed) -> bool:
        return (self.since is None or listed.modified_at >= self.since) and (
            self.suffixes is None or listed.key.lower().endswith(self.suffixes)
        )


class ObjectKind(StrEnum):
    """What an object is, as far as its listing tells."""

    PHOTO = "photo"
    FILM = "film"
    OTHER_BY_NAME = "other_by_name"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    ARCHIVED = "archived"

    @classmethod
    def of(cls, listed: Listed, *, is_converted: bool = False, takes_films: bool = False) -> "ObjectKind":
        """Tell what an object is; `is_converted` where Rekognition is shown a view of what it cannot read.

        Where films are taken, what is too large for a photo can be nothing else.
        """
        if listed.size_bytes == 0:
            return cls.EMPTY
        if takes_films and (is_film_by_name(listed.key) or listed.size_bytes > MAX_PHOTO_BYTES):
            if listed.size_bytes > MAX_FILM_BYTES:
                return cls.TOO_LARGE
            return cls.ARCHIVED if listed.is_archived else cls.FILM
        if listed.size_bytes > (MAX_PHOTO_BYTES if is_converted else MAX_S3_IMAGE_BYTES):
            return cls.TOO_LARGE
        if listed.is_archived:
            return cls.ARCHIVED
        ending = PurePosixPath(listed.key).suffix.lower()
        is_photo = ending in PHOTO_ENDINGS or (is_converted and ending in CONVERTED_ENDINGS)
        return cls.PHOTO if is_photo else cls.OTHER_BY_NAME

    @property
    def can_be_asked_about(self) -> bool:
        """Whether a detector is asked about it: only the bytes of the others decide."""
        return self in (ObjectKind.PHOTO, ObjectKind.FILM, ObjectKind.OTHER_BY_NAME)


@dataclass(frozen=True)
class Assessed:
    """One object. `calls` are the detectors that have to be asked about it, if it is the first of its bytes.

    `is_current` says that its record says all already; `is_repeated` that its bytes were listed before.
    `is_read` says that its file has to be looked at, too, which calls no detector, `meant` are the detectors
    that are to make vectors of it, `without_vector` those of which its record has none, and
    `lacks_only_picture` says that nothing but its file is missing in its record, and all answers are kept.
    `is_of_camera` says that it is asked about only if it shows something new,
    and `faces` how many of its faces are to be searched for persons, which are none of a film. `film` is how
    long it lasts, if it is one: then persons are among its `calls`.
    """

    listed: Listed
    kind: ObjectKind
    is_current: bool
    is_repeated: bool = False
    calls: tuple[str, ...] = ()
    is_read: bool = False
    meant: tuple[str, ...] = ()
    without_vector: tuple[str, ...] = ()
    lacks_only_picture: bool = False
    is_of_camera: bool = False
    faces: FaceCount = NO_FACES
    record: RecordSummary | None = None
    film: FilmLength | None = None

    @property
    def counted_calls(self) -> Counter[str]:
        """The calls that it takes, by what their answers are kept by."""
        return Counter(self.calls) + Counter({FACES_ANSWERED: self.faces.searches})

    @property
    def is_recorded(self) -> bool:
        """Whether it was recognized before."""
        return self.record is not None and self.record.status is Status.RECOGNIZED

    @property
    def is_converted(self) -> bool:
        """Whether Rekognition is shown a view of it, as far as its name and its size tell."""
        ending = PurePosixPath(self.listed.key).suffix.lower()
        return ending in CONVERTED_ENDINGS or self.listed.size_bytes > MAX_S3_IMAGE_BYTES

    @property
    def is_looked_at(self) -> bool:
        """Whether its file is read, or anything asked about it."""
        return self.is_read or bool(self.calls)

    @property
    def has_to_wait(self) -> bool:
        """Whether nothing can be done about it before it is restored."""
        return self.kind is ObjectKind.ARCHIVED and not self.is_current


@dataclass(frozen=True)
class Assessor:
    """Assesses listings. `has_records` says that the objects are those that the table's records are about.

    `reads_facts` has what photos' files say read with the records, at no cost but time. `faces` counts what
    is to be searched, where persons are looked for.
    """

    deployed: DeployedProcessor
    table: OperatedTable
    contents: SeenContents
    has_records: bool
    reads_facts: bool = False
    faces: FacesToSearch | None = None

    def assess(self, page: Sequence[Listed]) -> list[Assessed]:
        attributes = ASSESSED_WITH_PHOTO if self.reads_facts or self._takes_films else ASSESSED
        records = (
            self.table.summaries([listed.key for listed in page], attributes) if self.has_records else {}
        )
        if self.deployed.settings.scenes == "yes":
            # What another photo of the scene was asked is as good.
            records = {
                key: replace(record, fingerprints=unmarked(record.fingerprints))
                for key, record in records.items()
            }
        seen = [self._look(listed, records.get(listed.key)) for listed in page]
        first = dict.fromkeys(self.contents.first_seen(content for _, content in seen if content is not None))
        looked_up = {content for found, content in seen if content and found.lacks_only_picture}
        needed = self._needed([*first, *(looked_up - first.keys())])
        faces = self._to_search(needed)
        assessed: list[Assessed] = []
        for found, content in seen:
            if content is None:
                assessed.append(found)
                continue
            missing = needed.get(content, ())
            calls = tuple(name for name in missing if name not in OF_OUR_OWN)
            if found.film is not None and self._is_to_search(content):
                calls = (*calls, FACES_ANSWERED)
            searched = NO_FACES if found.film else faces.get(content, NO_FACES)
            is_paid = calls or searched.searches or MEANING_SEEN in missing
            lacks_only_picture = found.lacks_only_picture and not is_paid
            # What is taken out is taken out once: the next one with these bytes repeats them.
            is_first = content in first
            first.pop(content, None)
            assessed.append(
                replace(
                    found,
                    is_repeated=not is_first,
                    calls=calls if is_first else (),
                    is_read=is_first and PICTURE in missing,
                    meant=tuple(name for name in missing if is_first and name in OF_MEANING),
                    lacks_only_picture=lacks_only_picture,
                    faces=searched if is_first else NO_FACES,
                )
            )
        return assessed

    def _is_to_search(self, asked: str) -> bool:
        """Return whether persons are to be looked for in a film, if it has faces."""
        if self.faces is None or not self.deployed.settings.people_in_films:
            return False
        content, *detectors = asked.split(_WITH)
        return FACES in (detectors or self.deployed.fingerprints) and self.faces.has_film_to_search(content)

    def _to_search(self, needed: Mapping[str, tuple[str, ...]]) -> Mapping[str, FaceCount]:
        """Return how many faces are to be searched, by content as `_needed` names it, with its detectors."""
        if self.faces is None:
            return {}
        missing = {}
        for asked, lacking in needed.items():
            content, *detectors = asked.split(_WITH)
            if FACES in (detectors or self.deployed.fingerprints):
                missing[asked] = content, lacking
        counted = self.faces.of_contents(dict(missing.values()))
        return {asked: counted[content] for asked, (content, _) in missing.items()}

    def _look(self, listed: Listed, record: RecordSummary | None) -> tuple[Assessed, str | None]:
        """Return what is known without its answers; and of what content, where those are to be looked for.

        Below prefixes with detectors of their own, these are named with the content: where the same bytes are
        below several, a detector that they have in common is counted for each, and paid for once.
        """
        fingerprints = self.deployed.fingerprints_of[listed.key]
        kind = ObjectKind.of(listed, is_converted=PICTURE in fingerprints, takes_films=self._takes_films)
        facts = record.photo if record is not None and record.is_of(listed) else None
        if facts is not None and kind.can_be_asked_about and facts.is_film:
            # Its bytes decide, and not its name.
            kind = ObjectKind.FILM
        is_of_camera = self._cameras.of(listed.key) is not None
        if is_of_camera and record is not None and record.is_unchanged:
            # Of what shows nothing new, nothing is asked: the picture is all that its record has.
            fingerprints = {name: mark for name, mark in fingerprints.items() if name == PICTURE}
        is_current = record is not None and record.is_current(
            listed, fingerprints, takes_films=self._takes_films
        )
        lacks_only_picture = record is not None and record.lacks_only_picture(listed, fingerprints)
        is_asked_about = kind.can_be_asked_about and not is_current
        is_film = kind is ObjectKind.FILM
        is_searched = is_current and not is_film
        found = Assessed(
            listed,
            kind,
            is_current,
            lacks_only_picture=lacks_only_picture and is_asked_about,
            without_vector=_without_vector(record, fingerprints),
            is_of_camera=is_of_camera,
            faces=self.faces.of_record(record) if is_searched and record and self.faces else NO_FACES,
            record=record,
            film=FilmLength.of(listed, facts) if is_film else None,
        )
        if not is_asked_about:
            return found, None
        content = self._content_id(listed, record)
        has_choices = bool(self.deployed.fingerprints_of.exceptions)
        return found, f"{content}{_WITH}{_WITH.join(fingerprints)}" if has_choices else content

    @cached_property
    def _takes_films(self) -> bool:
        return films_are_taken(self.deployed.settings)

    @cached_property
    def _cameras(self) -> Cameras:
        return read_cameras(self.deployed.settings.cameras)

    def _content_id(self, listed: Listed, record: RecordSummary | None) -> str:
        """Return what the results of an object are kept by: its record knows the version, no listing does."""
        version_id = record.version_id if record is not None and record.is_of(listed) else None
        version = ImageVersion(listed.key, listed.etag, listed.size_bytes, version_id, "")
        return version.kept_by(shares_answers=self.deployed.settings.answers_are_shared)

    def _needed(self, contents: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return by content what is missing of its answers, the picture's among them."""
        marks = self.deployed.fingerprints
        names = {}
        for asked in contents:
            content, *detectors = asked.split(_WITH)
            names[asked] = [ResultName(content, name, marks[name]) for name in detectors or marks]
        answered = self.table.answered_at([name for of_content in names.values() for name in of_content])
        return {
            content: tuple(name.detector for name in of_content if name not in answered)
            for content, of_content in names.items()
        }


def _without_vector(record: RecordSummary | None, wanted: Mapping[str, str]) -> tuple[str, ...]:
    if record is None or record.status is not Status.RECOGNIZED:
        return ()
    return tuple(name for name in wanted if name in OF_MEANING and name not in record.fingerprints)
