"""A topic in memory. Nothing is subscribed to it: what was published is kept."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from loadtest.simulation.outages import client_error
from tests.fakes.calls import Calls

# Of one message and of a batch, bodies and attributes together, unless the topic says otherwise:
# https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
MAX_BYTES = 256 * 1024
MAX_ENTRIES = 10
# More of them, and SQS subscriptions with raw delivery lose the message:
# https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
MAX_ATTRIBUTES = 10
_ENTRY_ID = re.compile(r"[\w-]{1,80}", re.ASCII)

COMPLETIONS = "arn:aws:sns:us-east-1:123456789012:completions"

Wire = dict[str, Any]


@dataclass
class FakeSNS:
    """Keeps what was published, alone as `messages`; `refuse` counts entries that are still to be refused."""

    calls: Calls = field(default_factory=Calls)
    topics: set[str] = field(default_factory=lambda: {COMPLETIONS})
    published: list[Wire] = field(default_factory=list)
    messages: list[Wire] = field(default_factory=list)
    batch_sizes: list[int] = field(default_factory=list)
    refuse: int = 0

    def create_topic(self, *, Name: str) -> Wire:
        with self.calls.of("CreateTopic"):
            arn = f"{COMPLETIONS.rpartition(':')[0]}:{Name}"
            self.topics.add(arn)
        return {"TopicArn": arn}

    def publish(self, *, TopicArn: str, Subject: str, **message: Any) -> Wire:
        """Take one message. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html."""
        with self.calls.of("Publish"):
            if TopicArn not in self.topics:
                raise client_error("NotFound", "Publish", "Topic does not exist")
            if not re.fullmatch(r"[!-~][ -~]{0,99}", Subject) or not _is_publishable(message):
                raise client_error("InvalidParameter", "Publish", Subject)
            if _size_bytes(message) > MAX_BYTES:
                raise client_error("InvalidParameter", "Publish", "too long")
            self.messages.append({"Subject": Subject, **message})
        return {"MessageId": str(len(self.messages))}

    def publish_batch(self, *, TopicArn: str, PublishBatchRequestEntries: list[Wire]) -> Wire:
        """Take a batch as SNS does: 200 even if some entries are refused."""
        with self.calls.of("PublishBatch"):
            if TopicArn not in self.topics:
                raise client_error("NotFound", "PublishBatch", "Topic does not exist")
            _check(PublishBatchRequestEntries)
            self.batch_sizes.append(len(PublishBatchRequestEntries))
            failed = PublishBatchRequestEntries[: self.refuse]
            self.refuse -= len(failed)
            taken = PublishBatchRequestEntries[len(failed) :]
            self.published += [json.loads(entry["Message"]) for entry in taken]
        return {
            "Successful": [{"Id": entry["Id"]} for entry in taken],
            "Failed": [
                {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in failed
            ],
        }


def _check(entries: list[Wire]) -> None:
    """Refuse what SNS refuses as a whole."""
    ids = [entry["Id"] for entry in entries]
    if not ids:
        raise client_error("EmptyBatchRequest", "PublishBatch")
    if len(ids) > MAX_ENTRIES:
        raise client_error("TooManyEntriesInBatchRequest", "PublishBatch")
    if len(set(ids)) != len(ids):
        raise client_error("BatchEntryIdsNotDistinct", "PublishBatch")
    if not all(map(_ENTRY_ID.fullmatch, ids)):
        raise client_error("InvalidBatchEntryId", "PublishBatch")
    if not all(map(_is_publishable, entries)):
        raise client_error("InvalidParameter", "PublishBatch")
    if sum(map(_size_bytes, entries)) > MAX_BYTES:
        raise client_error("BatchRequestTooLong", "PublishBatch")


def _is_publishable(entry: Wire) -> bool:
    """Tell whether an entry has a message, and attributes that arrive. Arrays are written as JSON."""
    attributes = entry.get("MessageAttributes", {})
    return (
        bool(entry["Message"])
        and len(attributes) <= MAX_ATTRIBUTES
        and all(_is_value(**value) for value in attributes.values())
    )


def _is_value(DataType: str, StringValue: str) -> bool:
    return bool(json.loads(StringValue)) if DataType == "String.Array" else bool(StringValue)


def _size_bytes(entry: Wire) -> int:
    attributes = entry.get("MessageAttributes", {})
    return len(entry["Message"].encode()) + sum(
        len((name + value["DataType"] + value["StringValue"]).encode()) for name, value in attributes.items()
    )
