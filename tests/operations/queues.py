"""Queues in memory with what operations call: receiving holds messages for a while, as SQS does."""

# ruff: noqa: N803 - boto3 spells its parameters in capitals

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.calls import Calls, client_error

DEAD = "https://sqs.us-east-1.amazonaws.com/123456789012/images-dead"
HOME = "https://sqs.us-east-1.amazonaws.com/123456789012/images"
BULK_DEAD = f"{DEAD}-bulk"
BULK = f"{HOME}-bulk"
MOST_BYTES = 256 * 1024


@dataclass
class Kept:
    """One message in a queue."""

    id: str
    body: str
    attributes: dict[str, Any]
    sent_ms: int
    visible_at: float = 0.0
    receives: int = 0

    @property
    def handle(self) -> str:
        return f"{self.id}#{self.receives}"


@dataclass
class FakeQueues:
    """Some queues on one clock.

    `refuse` counts entries of sends and deletes that are still to be reported in `Failed`; `twice` makes
    receiving hand out a message that is held already.
    """

    calls: Calls = field(default_factory=Calls)
    now: float = 1_767_225_600.0
    queues: dict[str, list[Kept]] = field(default_factory=dict)
    refuse: dict[str, int] = field(default_factory=dict)
    sender_fault: bool = False
    twice: int = 0
    _ids: Any = field(default_factory=itertools.count)

    def put(self, url: str, body: str, attributes: dict[str, str] | None = None) -> str:
        wire = {
            name: {"DataType": "String", "StringValue": text} for name, text in (attributes or {}).items()
        }
        kept = Kept(f"m{next(self._ids)}", body, wire, int(self.now * 1000))
        self.queues.setdefault(url, []).append(kept)
        return kept.id

    def bodies(self, url: str) -> list[str]:
        return [kept.body for kept in self.queues.get(url, [])]

    def visible(self, url: str) -> list[Kept]:
        return [kept for kept in self.queues.get(url, []) if kept.visible_at <= self.now]

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> Any:
        with self.calls.of("GetQueueAttributes"):
            visible = len(self.visible(QueueUrl))
            told = {
                "ApproximateNumberOfMessages": visible,
                "ApproximateNumberOfMessagesNotVisible": len(self.queues.get(QueueUrl, [])) - visible,
                "ApproximateNumberOfMessagesDelayed": 0,
                "QueueArn": f"arn:aws:sqs:us-east-1:123456789012:{QueueUrl.rsplit('/', 1)[1]}",
            }
        return {"Attributes": {name: str(told[name]) for name in AttributeNames}}

    def receive_message(
        self,
        *,
        QueueUrl: str,
        MaxNumberOfMessages: int,
        VisibilityTimeout: int,
        WaitTimeSeconds: int,
        MessageSystemAttributeNames: list[str],
        MessageAttributeNames: list[str],
    ) -> Any:
        with self.calls.of("ReceiveMessage"):
            assert 1 <= MaxNumberOfMessages <= 10
            found = self.visible(QueueUrl)[:MaxNumberOfMessages]
            if not found:
                self.now += WaitTimeSeconds
                held = self.queues.get(QueueUrl, [])[: self.twice]
                self.twice -= len(held)
                found = held
            for kept in found:
                kept.receives += 1
                kept.visible_at = self.now + VisibilityTimeout
        messages = [_message(kept, MessageAttributeNames) for kept in found]
        return {"Messages": messages} if messages else {}

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:
        with self.calls.of("ChangeMessageVisibilityBatch"):
            _check(Entries)
            handles = {entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in Entries}
            for kept in self.queues.get(QueueUrl, []):
                if kept.handle in handles:
                    kept.visible_at = self.now + handles[kept.handle]
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:
        with self.calls.of("SendMessageBatch"):
            _check(Entries)
            if sum(len(entry["MessageBody"].encode()) for entry in Entries) > MOST_BYTES:
                raise client_error("AWS.SimpleQueueService.BatchRequestTooLong", "SendMessageBatch")
            taken, failed = self._parted("send", Entries)
            for entry in taken:
                self.put(QueueUrl, entry["MessageBody"])
                self.queues[QueueUrl][-1].attributes = entry.get("MessageAttributes", {})
        return {"Successful": [{"Id": entry["Id"]} for entry in taken], "Failed": failed}

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:
        with self.calls.of("DeleteMessageBatch"):
            _check(Entries)
            taken, failed = self._parted("delete", Entries)
            handles = {entry["ReceiptHandle"] for entry in taken}
            left = [kept for kept in self.queues.get(QueueUrl, []) if kept.handle not in handles]
            self.queues[QueueUrl] = left
        return {"Successful": [{"Id": entry["Id"]} for entry in taken], "Failed": failed}

    def _parted(self, operation: str, entries: list[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
        refused = entries[: self.refuse.get(operation, 0)]
        self.refuse[operation] = self.refuse.get(operation, 0) - len(refused)
        failed = [
            {"Id": entry["Id"], "Code": "InternalError", "SenderFault": self.sender_fault, "Message": "no"}
            for entry in refused
        ]
        return entries[len(refused) :], failed


def _message(kept: Kept, names: list[str]) -> dict[str, Any]:
    attributes = {name: value for name, value in kept.attributes.items() if name in names}
    return {
        "MessageId": kept.id,
        "Body": kept.body,
        "ReceiptHandle": kept.handle,
        "Attributes": {"SentTimestamp": str(kept.sent_ms)},
        **({"MessageAttributes": attributes} if attributes else {}),
    }


def _check(entries: list[dict[str, Any]]) -> None:
    ids = [entry["Id"] for entry in entries]
    if not 1 <= len(ids) <= 10 or len(set(ids)) != len(ids):
        raise client_error("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "a batch call")
