"""What messages say: what S3 tells, by itself or through EventBridge; our request to look at an object again;
and what is announced on SNS when an image has ended.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from contract.errors import PermanentError
from contract.event_bridge import as_record, is_event
from contract.quotas import KEYS_A_MESSAGE
from contract.records import ImageRecord, ImageVersion, key_digest

if TYPE_CHECKING:
    from contract.policy import Policy

LOOK_AGAIN = "imagepipe:LookAgain"


class ObjectChange(StrEnum):
    """What happened to an object, as far as the message can tell."""

    CREATED = "created"
    REMOVED = "removed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ImageEvent:
    """One thing that happened to one key.

    `version` is the version that a CREATED event names, and None otherwise: for UNKNOWN, the bucket has to be
    asked what is there now. `sequencer` is in canonical form; the empty string where the message has none.
    `name` is what S3 calls it, without the `s3:` in front. `stands_for` are the ids of events of the same key
    that are dealt with together with this one; `wants_a_look` where one of them has no place in S3's order:
    then the bucket is to be asked, however old the others are.
    """

    key: str
    change: ObjectChange
    sequencer: str
    occurred_at: str
    name: str
    version: ImageVersion | None = None
    stands_for: frozenset[str] = frozenset()
    wants_a_look: bool = False

    @property
    def id(self) -> str:
        """Tells this event of a key from any other: the same however often it is delivered."""
        return self.sequencer or f"{self.name} {self.occurred_at}"


def parse(body: str, bucket_name: str) -> tuple[ImageEvent, ...]:
    """Read the body of one queue message.

    S3's test event has no events in it. Keys of S3's come form-encoded and are decoded here, once.
    Raises PermanentError `UnreadableMessage` for anything that is not a message of ours.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    try:
        message = json.loads(body)
        if message.get("Event") == "s3:TestEvent":
            return ()
        records = [as_record(message)] if is_event(message) else message["Records"]
        events = tuple(_event(record, bucket_name) for record in records)
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise PermanentError(
            "UnreadableMessage",
            f"not an event of S3's ({fault!r}): {body[:200]!r}; remove it from the queue",
        ) from fault
    return events


def look_again(bucket_name: str, keys: Sequence[str], occurred_at: str) -> str:
    """Write the body of a message that asks for these keys to be brought into line with the bucket."""
    records = [
        {
            "eventName": LOOK_AGAIN,
            "eventTime": occurred_at,
            "s3": {"bucket": {"name": bucket_name}, "object": {"key": key}},
        }
        for key in keys
    ]
    return json.dumps({"Records": records})  # ASCII: SQS refuses some characters


def look_again_parts(
    bucket_name: str, keys: Sequence[str], occurred_at: str
) -> list[tuple[Sequence[str], str]]:
    """Write the bodies of messages that ask for keys, as many as one may name; return each with its keys."""
    parts = [keys[start : start + KEYS_A_MESSAGE] for start in range(0, len(keys), KEYS_A_MESSAGE)]
    return [(part, look_again(bucket_name, part, occurred_at)) for part in parts]


def canonical_sequencer(sequencer: str) -> str:
    """Return the form of an S3 `sequencer` in which plain text comparison is S3's order.

    S3 says: pad the shorter of the two on the right with zeros, then compare as text. Stripping the zeros
    at the right end of both gives the same order and needs no common length, so a stored sequencer can be
    compared inside a DynamoDB condition. The empty string comes before every event. Only the events of one
    key can be compared.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    return sequencer.upper().rstrip("0")


def _event(record: Mapping[str, object], bucket_name: str) -> ImageEvent:
    name = str(record["eventName"]).removeprefix("s3:")
    s3 = _mapping(record["s3"])
    event_bucket = _mapping(s3["bucket"])["name"]
    if event_bucket != bucket_name:
        raise ValueError(f"it is about bucket {event_bucket!r}, this pipeline is about {bucket_name!r}")
    described = _mapping(s3["object"])
    occurred_at = str(record["eventTime"])
    if name == LOOK_AGAIN:
        key = str(described["key"])
        return ImageEvent(key, ObjectChange.UNKNOWN, "", occurred_at, name, wants_a_look=True)
    key = unquote_plus(str(described["key"]))
    # Only events of puts and deletes have one: https://docs.aws.amazon.com/AmazonS3/latest/userguide/
    # notification-content-structure.html. Without it, nobody can say what came after what.
    order = canonical_sequencer(str(described.get("sequencer", "")))
    if name.startswith("ObjectCreated:") and order:
        version = ImageVersion(
            key=key,
            etag=str(described["eTag"]),
            size_bytes=int(str(described["size"])),
            version_id=_version_id(described),
            uploaded_at=occurred_at,
        )
        return ImageEvent(key, ObjectChange.CREATED, order, occurred_at, name, version)
    # A delete marker hides whatever there is. Any other removal (of one version, of a marker, of the version
    # named "null", by a person or by a lifecycle rule) says nothing of what is there now.
    hidden = order and name.endswith(":DeleteMarkerCreated")
    change = ObjectChange.REMOVED if hidden else ObjectChange.UNKNOWN
    return ImageEvent(key, change, order, occurred_at, name, wants_a_look=not order)


def _version_id(described: Mapping[str, object]) -> str | None:
    value = described.get("versionId")
    return str(value) if value and value != "null" else None


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError(f"expected an object, got {value!r}")
    return value


SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Completion:
    """One announcement. The same completion always has the same `id`: drop ids seen before."""

    id: str
    body: dict[str, object]
    attributes: dict[str, str | list[str]]


def completion(bucket_name: str, record: ImageRecord, policy: "Policy | None" = None) -> Completion:
    """Write the announcement of a record. docs/completions.md is its documentation."""
    found = record.findings if policy is None else policy.applied(record.findings)
    identifier = f"{key_digest(record.key)}-{record.revision}"
    body: dict[str, object] = {
        "schema_version": SCHEMA_VERSION,
        "id": identifier,
        "status": str(record.status),
        "bucket": bucket_name,
        "key": record.key,
        "version_id": record.version.version_id,
        "etag": record.version.etag,
        "size_bytes": record.version.size_bytes,
        "uploaded_at": record.version.uploaded_at,
        "decided_at": record.decided_at,
        "detectors": sorted(record.detectors),
        "labels": [{"name": name, "confidence": value} for name, value in found.labels.items()],
        "faces": found.faces,
        "rejection": None if record.rejection is None else asdict(record.rejection),
    }
    if record.corrections:
        body |= {"corrections": record.corrections, "decision": record.decision}
    attributes: dict[str, str | list[str]] = {"status": str(record.status)}
    if found.look is not None:
        body["look"] = found.look.showing(found.labels).to_json()
        attributes["camera"] = found.look.camera
    if record.detectors:  # SNS takes no empty array
        attributes["detectors"] = sorted(record.detectors)
    if policy is not None:
        action = policy.action_of(record)
        body |= {
            "moderation": [{"name": name, "confidence": value} for name, value in found.moderation.items()],
            "moderation_action": action,
            "policy": policy.version,
        }
        if action is not None:
            attributes["moderation_action"] = str(action)
    return Completion(identifier, body, attributes)
