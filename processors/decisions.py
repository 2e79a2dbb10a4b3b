"""What an event asks for, given the head that is there: how the table keeps in step with the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from contract.errors import PermanentError
from contract.identity import ImageVersion
from contract.limits import MAX_S3_IMAGE_BYTES
from contract.notifications import ImageEvent
from contract.records import Head, Status


class Verdict(Enum):
    """What to do about a key."""

    STALE = "a newer event was taken in before: nothing to do, nothing to say"
    DONE = "the head says it already: say it again, for the first time may have been lost"
    RECOGNIZE = "there is an object that the head does not describe"
    REMOVE = "there is no object any more"


def unacceptable(version: ImageVersion) -> PermanentError | None:
    """Say what Rekognition is known to refuse before it is asked, in the words that it would use."""
    if version.size_bytes == 0:
        return PermanentError("InvalidImageFormatException", "the file is empty")
    if version.size_bytes > MAX_S3_IMAGE_BYTES:
        return PermanentError(
            "ImageTooLargeException",
            f"the file has {version.size_bytes:,} bytes, Rekognition takes {MAX_S3_IMAGE_BYTES:,}",
        )
    return None


def is_stale(event: ImageEvent, head: Head | None) -> bool:
    """Tell whether a newer event of this key was taken in before."""
    return head is not None and bool(event.sequencer) and event.sequencer < head.sequencer


def needs_a_look(event: ImageEvent, head: Head | None) -> bool:
    """Tell whether the event cannot be taken at its word, and the bucket has to be asked.

    A create that was taken in before, where the head now says something else: somebody has looked at the
    bucket since, and may have seen a newer version whose own event is still to come.
    """
    if head is None or event.version is None or event.sequencer != head.sequencer:
        return False
    return not _same_object(head, event.version)


def decide(
    event: ImageEvent, present: ImageVersion | None, head: Head | None, fingerprints: Mapping[str, str]
) -> Verdict:
    """Decide about one key.

    `present` is the version that the event names or that the bucket showed when asked, None where there is no
    object; `fingerprints` are those of the detectors that every image is to have.

    A head that says the right thing but has an older sequencer is written again: otherwise an event between
    the two, still to come, would be taken for news.
    """
    if is_stale(event, head):
        return Verdict.STALE
    if head is None and present is None and not event.sequencer:
        return (
            Verdict.STALE
        )  # somebody asked to look at what never was: not even a tombstone is worth writing
    if head is not None and event.sequencer <= head.sequencer and _describes(head, present, fingerprints):
        return Verdict.DONE
    return Verdict.REMOVE if present is None else Verdict.RECOGNIZE


def _describes(head: Head, present: ImageVersion | None, fingerprints: Mapping[str, str]) -> bool:
    if present is None:
        return head.status is Status.DELETED
    if not _same_object(head, present):
        return False
    if head.status is Status.REJECTED:
        return True
    return head.status is Status.RECOGNIZED and dict(head.detectors) == dict(fingerprints)


def _same_object(head: Head, version: ImageVersion) -> bool:
    return (head.version.content_id, head.version.version_id) == (version.content_id, version.version_id)
