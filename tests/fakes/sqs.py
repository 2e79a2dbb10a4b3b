"""Queues in memory: what was sent to each, and how long handed-back messages are to stay away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.calls import Calls, client_error

# Body and attributes together, since August 2025:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_BYTES = 1024 * 1024
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_REFUSED = re.compile("[^\\x09\\x0a\\x0d\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")

IMAGES = "https://sqs.us-east-1.amazonaws.com/123456789012/images"
DEAD_LETTERS = f"{IMAGES}-dead"


@dataclass(frozen=True)
class Sent:
    """One message as it was sent."""

    queue_url: str
    body: str
    attributes: dict[str, str]
    delay_seconds: int


@dataclass
class FakeSQS:
    """Takes what the processor sends. `unmoved` counts the visibility changes that are still to fail.

    `waiting` is how many messages may be received from each queue that was not sent to.
    """

    calls: Calls = field(default_factory=Calls)
    sent: list[Sent] = field(default_factory=list)
    delays: dict[str, int] = field(default_factory=dict)
    unmoved: int = 0
    waiting: dict[str, int] = field(default_factory=dict)

    def send_message(
        self, *, QueueUrl: str, MessageBody: str, MessageAttributes: dict[str, Any], DelaySeconds: int
    ) -> dict[str, Any]:
        """Take one message."""
        with self.calls.of("SendMessage"):
            assert 0 <= DelaySeconds <= 900
            attributes = {name: value["StringValue"] for name, value in MessageAttributes.items()}
            _check(MessageBody, attributes)
            self.sent.append(Sent(QueueUrl, MessageBody, attributes, DelaySeconds))
        return {"MessageId": str(len(self.sent))}

    def change_message_visibility_batch(
        self, *, QueueUrl: str, Entries: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Remember how long each receipt handle is to stay away."""
        with self.calls.of("ChangeMessageVisibilityBatch"):
            assert 1 <= len(Entries) <= 10
            assert all(0 <= entry["VisibilityTimeout"] <= 43_200 for entry in Entries)
            failed, done = Entries[: self.unmoved], Entries[self.unmoved :]
            self.unmoved -= len(failed)
            self.delays |= {entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in done}
        return {
            "Successful": [{"Id": entry["Id"]} for entry in done],
            "Failed": [
                {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in failed
            ],
        }

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Sequence[str]) -> dict[str, Any]:
        """Count what was sent, and what a test says is waiting."""
        with self.calls.of("GetQueueAttributes"):
            counts = dict.fromkeys(AttributeNames, "0")
            here = sum(sent.queue_url == QueueUrl for sent in self.sent) + self.waiting.get(QueueUrl, 0)
            return {"Attributes": counts | {"ApproximateNumberOfMessages": str(here)}}


def _check(body: str, attributes: dict[str, str]) -> None:
    """Refuse what SQS refuses."""
    texts = [body, *attributes.values()]
    if not all(texts):
        raise client_error("MissingParameter", "SendMessage", "a text is empty")
    if any(map(_REFUSED.search, texts)):
        raise client_error("InvalidMessageContents", "SendMessage", "a character that no message may have")
    names = sum(len(name.encode()) + len("String") for name in attributes)
    if names + sum(len(text.encode()) for text in texts) > MAX_BYTES:
        raise client_error("InvalidParameterValue", "SendMessage", f"longer than {MAX_BYTES} bytes")
