"""What an event asks for, given the record that is there: how the table keeps in step with the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from contract.detectors import MAX_S3_IMAGE_BYTES
from contract.errors import PermanentError
from contract.notifications import ImageEvent, ObjectChange
from contract.records import ImageRecord, ImageVersion, Status
from contract.timing import DAY_SECONDS, TOMBSTONE_DAYS
from processors.pipeline.objects import StoredObject


class Action(Enum):
    """What to do about a key."""

    SKIP = "a newer event was taken in before: nothing to do, nothing to say"
    REPUBLISH = (
        "the record is what this very event made it: say it again, for the first time may have been lost"
    )
    MOVE_ON = "the record says it already: nothing to say, at most the order of events moves on"
    RECOGNIZE = "there is an object that the record does not describe"
    TOMBSTONE = "there is no object any more"


def unacceptable(version: ImageVersion) -> PermanentError | None:
    """Return what Rekognition is known to refuse before it is asked, in the words that it would use."""
    if version.size_bytes == 0:
        return PermanentError("InvalidImageFormatException", "the file is empty")
    if version.size_bytes > MAX_S3_IMAGE_BYTES:
        return PermanentError(
            "ImageTooLargeException",
            f"the file has {version.size_bytes:,} bytes, Rekognition takes {MAX_S3_IMAGE_BYTES:,}",
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
) -> Action:
    """Decide about one key.

    `present` is the version that the event names or what the bucket showed when asked, None where there is no
    object; `fingerprints` are those of the detectors that every image is to have.
    """
    if record is not None and is_older(event, record):
        return Action.REPUBLISH if was_made_by(event, record) else Action.SKIP
    if record is None and present is None and not event.sequencer:
        # Somebody asked to look at what never was: not even a tombstone is worth writing.
        return Action.SKIP
    if record is not None and _describes(record, event, present, fingerprints):
        return Action.REPUBLISH if was_made_by(event, record) else Action.MOVE_ON
    return Action.TOMBSTONE if present is None else Action.RECOGNIZE


def was_made_by(event: ImageEvent, record: ImageRecord) -> bool:
    """Whether the event, or one dealt with together with it, made the record what it is."""
    return record.decided_by in event.stands_for


def _is_its_maker(event: ImageEvent, record: ImageRecord) -> bool:
    """Whether this very event made the record, and nothing dealt with beside it is news or wants a look."""
    return event.change is ObjectChange.CREATED and record.decided_by == event.id


def _describes(
    record: ImageRecord, event: ImageEvent, present: StoredObject | None, fingerprints: Mapping[str, str]
) -> bool:
    if present is None:
        return record.status is Status.DELETED
    if not present.version.is_same_as(record.version):
        return False
    if record.rejection is not None:
        if record.rejection.is_about_access and present.obstacle is None:
            return _is_its_maker(event, record)
        return True
    if record.status is not Status.RECOGNIZED:
        return False
    # What was recognized before it was archived stays so: nobody could be asked anew.
    return dict(record.detectors) == dict(fingerprints) or present.obstacle is not None
