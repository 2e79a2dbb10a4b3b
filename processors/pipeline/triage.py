"""From messages to work: the newest event of each key, and what it asks for, given the record and the object.

So the table keeps in step with the bucket.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from contract.detector_choice import ByPrefix
from contract.detectors import MAX_S3_IMAGE_BYTES
from contract.errors import ImagepipeError, PermanentError
from contract.key_filter import EVERY_KEY, KeyFilter
from contract.notifications import ImageEvent, ObjectChange, parse
from contract.photos import FILM, PICTURE
from contract.records import ImageRecord, ImageVersion, Status
from contract.scenes import unmarked
from contract.timing import DAY_SECONDS, TOMBSTONE_DAYS
from processors.messages import Message
from processors.pipeline.objects import StoredObject

if TYPE_CHECKING:
    from contract.cameras import Cameras
    from processors.adapters.dynamodb import ImageTable
    from processors.adapters.s3 import S3Objects
    from processors.pipeline.corrections import CorrectionLayer
    from processors.pipeline.people import PersonLayer


class Intake(NamedTuple):
    """What a batch asks for.

    `events` holds one event a key, `waiting` the keys that each readable message waits for (none for a test
    event), `unreadable` the messages that cannot be work, with the reason.
    """

    events: Mapping[str, ImageEvent]
    waiting: Mapping[str, frozenset[str]]
    unreadable: Mapping[str, PermanentError]


def take_in(messages: Iterable[Message], bucket_name: str) -> Intake:
    events: dict[str, list[ImageEvent]] = {}
    waiting: dict[str, frozenset[str]] = {}
    unreadable: dict[str, PermanentError] = {}
    for message in messages:
        try:
            parsed = parse(message.body, bucket_name)
        except PermanentError as fault:
            unreadable[message.id] = fault
            continue
        waiting[message.id] = frozenset(event.key for event in parsed)
        for event in parsed:
            events.setdefault(event.key, []).append(event)
    return Intake({key: newest(of_key) for key, of_key in events.items()}, waiting, unreadable)


def newest(events: Sequence[ImageEvent]) -> ImageEvent:
    """Reduce the events of one key to the one that has to be dealt with.

    The highest sequencer wins. An event without one (a request to look again, a restore) is honoured by
    looking at the bucket on behalf of the newest event: what is there now is never older than that event.
    """
    last = max(events, key=lambda event: event.sequencer)
    last = replace(last, stands_for=frozenset(event.id for event in events))
    if any(event.wants_a_look for event in events):
        return replace(last, change=ObjectChange.UNKNOWN, version=None, wants_a_look=True)
    return last


class Action(Enum):
    """What to do about a key."""

    SKIP = "a newer event was taken in before: nothing to do, nothing to say"
    REPUBLISH = (
        "the record is what this very event made it: say it again, for the first time may have been lost"
    )
    MOVE_ON = "the record says it already: nothing to say, at most the order of events moves on"
    RECOGNIZE = "there is an object that the record does not describe"
    TOMBSTONE = "there is no object any more"


class WorkItem(NamedTuple):
    """One key to be dealt with: its event, the record and the object that were seen, and what to do."""

    event: ImageEvent
    seen: ImageRecord | None
    present: StoredObject | None
    action: Action

    @property
    def key(self) -> str:
        return self.event.key


@dataclass(frozen=True)
class Triage:
    """Finds out what the events of one batch ask for. `clock` gives seconds since 1970.

    `fingerprints` are those of the detectors that an image is to have, by its key.

    An object whose key is not among `keys` is as if it were not there: what a message still says of it, or a
    record of the time when it was meant, asks for a tombstone at most.
    """

    records: "ImageTable"
    objects: "S3Objects"
    executor: Executor
    fingerprints: ByPrefix[Mapping[str, str]]
    clock: Callable[[], float]
    scenes: bool = False
    keys: KeyFilter = EVERY_KEY
    corrections: "CorrectionLayer | None" = None
    films: bool = False
    people: "PersonLayer | None" = None
    cameras: "Cameras | None" = None

    def sort(self, events: Mapping[str, ImageEvent]) -> tuple[list[WorkItem], dict[str, ImagepipeError]]:
        """Return a work item for each event, and the keys that could not be looked at, with the reason.

        Raises a word for failure if the records cannot be read: then nothing is known of any.
        """
        if not events:
            return [], {}
        read = self.records.read_records(list(events))
        failures = {key: record for key, record in read.items() if isinstance(record, ImagepipeError)}
        seen = {key: record for key, record in read.items() if isinstance(record, ImageRecord)}
        behind = set() if self.people is None else self.people.behind(seen.values())
        corrected: set[str] = set()
        if self.corrections is not None:
            corrected, unknown = self.corrections.changed_since(seen.values())
            failures |= unknown
        readable = [event for key, event in events.items() if key not in failures]
        found = self.executor.map(lambda event: self._present(event, seen.get(event.key)), readable)
        items: list[WorkItem] = []
        for event, present in zip(readable, found, strict=True):
            if isinstance(present, ImagepipeError):
                failures[event.key] = present
                continue
            record = seen.get(event.key)
            if self.keys.accepts(event.key):
                action = decide(
                    event,
                    present,
                    record,
                    self._wanted(event.key, record),
                    scenes=self.scenes,
                    is_corrected=event.key in corrected,
                    films=self.films,
                    is_behind=event.key in behind,
                )
            else:
                action = leave_out(event, record)
            items.append(WorkItem(event, record, present, action))
        return items, failures

    def _wanted(self, key: str, record: ImageRecord | None) -> Mapping[str, str]:
        """Return the fingerprints that a record is to have.

        Of a camera's picture that showed nothing new, nothing is asked later either, as long as it is a
        camera's.
        """
        wanted, look = self.fingerprints[key], record.findings.look if record is not None else None
        if self.cameras is None or look is None or look.is_asked or self.cameras.of(key) is None:
            return wanted
        return {name: fingerprint for name, fingerprint in wanted.items() if name == PICTURE}

    def _present(self, event: ImageEvent, record: ImageRecord | None) -> StoredObject | ImagepipeError | None:
        """Return what object there is: as the event says or, where it cannot know, as the bucket shows."""
        if not self.keys.accepts(event.key):
            return None
        if not needs_a_look(event, record, self.clock()):
            return None if event.version is None else StoredObject(event.version)
        try:
            return self.objects.look(event.key)
        except ImagepipeError as failure:
            return failure


def unacceptable(version: ImageVersion, most_bytes: int = MAX_S3_IMAGE_BYTES) -> PermanentError | None:
    """Return what is known to be refused before anybody is asked, in the words that Rekognition would use."""
    if version.size_bytes == 0:
        return PermanentError("InvalidImageFormatException", "the file is empty")
    if version.size_bytes > most_bytes:
        who = "Rekognition takes" if most_bytes == MAX_S3_IMAGE_BYTES else "we convert"
        return PermanentError(
            "ImageTooLargeException",
            f"the file has {version.size_bytes:,} bytes, {who} {most_bytes:,}",
        )
    return None


def is_older(event: ImageEvent, record: ImageRecord | None) -> bool:
    """Whether a newer event of this key was taken in before: what this one says of the object is past."""
    return record is not None and not event.wants_a_look and event.sequencer < record.sequencer


def needs_a_look(event: ImageEvent, record: ImageRecord | None, now: float) -> bool:
    """Whether the event cannot be taken at its word, and the bucket has to be asked. `now` is since 1970.

    An event that is older than a tombstone gets: nobody remembers what came after it. A create that was taken
    in before, where the record now says something else: somebody has looked at the bucket since, and may have
    seen a newer version whose own event is still to come. A create of what could not be read when last tried.
    """
    if is_older(event, record):
        return False
    if event.change is ObjectChange.UNKNOWN or outlived_tombstones(event, now):
        return True
    if record is None or event.version is None:
        return False
    is_same = event.version.is_same_as(record.version)
    if is_same and record.rejection is not None and record.rejection.is_about_access:
        return not _is_its_maker(event, record)
    return event.sequencer == record.sequencer and not is_same


def outlived_tombstones(event: ImageEvent, now: float) -> bool:
    """Whether an event is so old that nobody remembers what came after it. `now` is since 1970."""
    return now - datetime.fromisoformat(event.occurred_at).timestamp() > TOMBSTONE_DAYS * DAY_SECONDS


def decide(
    event: ImageEvent,
    present: StoredObject | None,
    record: ImageRecord | None,
    fingerprints: Mapping[str, str],
    *,
    scenes: bool = False,
    is_corrected: bool = False,
    films: bool = False,
    is_behind: bool = False,
) -> Action:
    """Decide about one key.

    `present` is the version that the event names or what the bucket showed when asked, None where there is no
    object; `fingerprints` are those of the detectors that this image is to have, if need be, where `scenes`,
    from another photo of its scene. `is_corrected` says that people have changed what they say of its content
    since the record was made, `is_behind` that other persons are to be looked for on it,
    `films` that films are taken.
    """
    if record is not None and is_older(event, record):
        return Action.REPUBLISH if was_made_by(event, record) else Action.SKIP
    if record is None and present is None and not event.sequencer:
        # Somebody asked to look at what never was: not even a tombstone is worth writing.
        return Action.SKIP
    if record is not None and _describes(
        record,
        event,
        present,
        fingerprints,
        scenes=scenes,
        is_overtaken=is_corrected or is_behind,
        films=films,
    ):
        return Action.REPUBLISH if was_made_by(event, record) else Action.MOVE_ON
    return Action.TOMBSTONE if present is None else Action.RECOGNIZE


def leave_out(event: ImageEvent, record: ImageRecord | None) -> Action:
    """Decide about a key that is not meant: a record of it goes, and nothing else is to be done."""
    is_known = record is not None and record.status is not Status.DELETED
    return Action.TOMBSTONE if is_known and not is_older(event, record) else Action.SKIP


def was_made_by(event: ImageEvent, record: ImageRecord) -> bool:
    """Whether the event, or one dealt with together with it, made the record what it is."""
    return record.decided_by in event.stands_for


def _is_its_maker(event: ImageEvent, record: ImageRecord) -> bool:
    """Whether this very event made the record, and nothing dealt with beside it is news or wants a look."""
    return event.change is ObjectChange.CREATED and record.decided_by == event.id


def _describes(
    record: ImageRecord,
    event: ImageEvent,
    present: StoredObject | None,
    fingerprints: Mapping[str, str],
    *,
    scenes: bool,
    is_overtaken: bool,
    films: bool,
) -> bool:
    if present is None:
        return record.status is Status.DELETED
    if not present.version.is_same_as(record.version):
        return False
    if record.rejection is not None:
        if record.rejection.is_about_access and present.obstacle is None:
            return _is_its_maker(event, record)
        return _stays_rejected(record, fingerprints, films=films)
    if record.status is not Status.RECOGNIZED:
        return False
    # What was recognized before it was archived stays so: nobody could be asked anew.
    asked = unmarked(record.detectors) if scenes else dict(record.detectors)
    return not is_overtaken if asked == dict(fingerprints) else present.obstacle is not None


def _stays_rejected(record: ImageRecord, fingerprints: Mapping[str, str], *, films: bool) -> bool:
    """Whether nobody would find now that a file can be recognized after all.

    What was rejected before pictures were read may be of a format that is read now, and what was rejected for
    its file may be a film.
    """
    assert record.rejection is not None
    if films and record.rejection.detector in {PICTURE, None}:
        return FILM in record.detectors
    return PICTURE not in fingerprints or PICTURE in record.detectors
