"""Standard queues in memory, on a clock that a test sets.

Where AWS leaves open what happens, what is worse for the caller happens.
"""

import itertools
import json
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from loadtest.simulation.outages import client_error
from tests.fakes.calls import Calls

# Body and attributes together, of a message and of a batch, since August 2025:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
MAX_BYTES = 1024 * 1024
MAX_ENTRIES = 10
MAX_DELAY_SECONDS = 900
MAX_WAIT_SECONDS = 20
# Counted from when a message was received, however often it is changed:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
MAX_VISIBILITY_SECONDS = 12 * 3600
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_REFUSED = re.compile("[^\\x09\\x0a\\x0d\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_ENTRY_ID = re.compile(r"[\w-]{1,80}", re.ASCII)

_HOST = "https://sqs.us-east-1.amazonaws.com/123456789012/"
IMAGES = f"{_HOST}images"
DEAD_LETTERS = f"{IMAGES}-dead"
BULK = f"{IMAGES}-bulk"
BULK_DEAD_LETTERS = f"{DEAD_LETTERS}-bulk"

Wire = dict[str, Any]


class Fault(NamedTuple):
    """Why SQS refuses a message or one entry of a batch."""

    code: str
    message: str


@dataclass(frozen=True)
class Sent:
    """One message as it was sent."""

    queue_url: str
    body: str
    attributes: dict[str, str]
    delay_seconds: int


@dataclass(eq=False)
class StoredMessage:
    """One message. `receipts` are the handles of its receives, of which the last one counts."""

    id: str
    body: str
    attributes: Wire
    sent_at: float
    visible_at: float
    receipts: list[str] = field(default_factory=list)
    received_at: float = 0.0


@dataclass
class FakeQueue:
    """One queue; `dead_letters` is where a message goes that was received `max_receives` times."""

    url: str
    visibility_seconds: int = 30
    dead_letters: str | None = None
    max_receives: int = 0
    messages: dict[str, StoredMessage] = field(default_factory=dict)


def _queues_of_the_pipeline() -> dict[str, FakeQueue]:
    return {url: FakeQueue(url) for url in (IMAGES, DEAD_LETTERS, BULK, BULK_DEAD_LETTERS)}


@dataclass
class FakeSQS:
    """Queues on one clock: those of the pipeline, and those that are created.

    `refuse` counts by `send`, `change` and `delete` how many entries are still to be reported in `Failed`;
    `twice` counts messages in flight that are still to be handed out once more, as may happen. `delays` has
    the last visibility timeout that each receipt handle was given, `sent` all that was ever sent.
    """

    calls: Calls = field(default_factory=Calls)
    now: float = 1_767_225_600.0
    queues: dict[str, FakeQueue] = field(default_factory=_queues_of_the_pipeline)
    sent: list[Sent] = field(default_factory=list)
    delays: dict[str, int] = field(default_factory=dict)
    refuse: dict[str, int] = field(default_factory=dict)
    sender_fault: bool = False
    twice: int = 0
    _by_receipt: dict[str, StoredMessage] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=itertools.count)

    def put(self, url: str, body: str, attributes: dict[str, str] | None = None) -> str:
        """Put a message into a queue, and return its id."""
        return self._store(
            url,
            body,
            {name: {"DataType": "String", "StringValue": text} for name, text in (attributes or {}).items()},
            0,
        )

    def hand_over(self, url: str, message_id: str, body: str, receipt: str) -> None:
        """Have a message in flight that an event source has received."""
        new = StoredMessage(message_id, body, {}, self.now, self.now)
        message = self.queues[url].messages.setdefault(message_id, new)
        self._receive(message, receipt, MAX_VISIBILITY_SECONDS)

    def acknowledge(self, url: str, message_id: str) -> None:
        """Have an event source delete a message that was dealt with."""
        self.queues[url].messages.pop(message_id, None)

    def bodies(self, url: str) -> list[str]:
        return [message.body for message in self.queues[url].messages.values()]

    def visible(self, url: str) -> list[StoredMessage]:
        return [message for message in self.queues[url].messages.values() if message.visible_at <= self.now]

    def take_all(self, url: str) -> list[str]:
        """Take all messages out of a queue, and return their bodies."""
        bodies = self.bodies(url)
        self.queues[url].messages.clear()
        return bodies

    def create_queue(self, *, QueueName: str, Attributes: dict[str, str]) -> Wire:
        with self.calls.of("CreateQueue"):
            queue = FakeQueue(f"{_HOST}{QueueName}", int(Attributes.get("VisibilityTimeout", 30)))
            if "RedrivePolicy" in Attributes:
                policy = json.loads(Attributes["RedrivePolicy"])
                queue.dead_letters = _HOST + policy["deadLetterTargetArn"].rsplit(":", 1)[1]
                queue.max_receives = int(policy["maxReceiveCount"])
            self.queues[queue.url] = queue
        return {"QueueUrl": queue.url}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> Wire:
        with self._call("GetQueueAttributes", QueueUrl) as queue:
            hidden = [message for message in queue.messages.values() if message.visible_at > self.now]
            in_flight = sum(bool(message.receipts) for message in hidden)
            told = {
                "ApproximateNumberOfMessages": len(queue.messages) - len(hidden),
                "ApproximateNumberOfMessagesNotVisible": in_flight,
                "ApproximateNumberOfMessagesDelayed": len(hidden) - in_flight,
                "QueueArn": f"arn:aws:sqs:us-east-1:123456789012:{QueueUrl.removeprefix(_HOST)}",
            }
        return {"Attributes": {name: str(told[name]) for name in AttributeNames}}

    def send_message(self, *, QueueUrl: str, MessageBody: str, **asked: Any) -> Wire:
        with self._call("SendMessage", QueueUrl):
            entry = {"MessageBody": MessageBody, **asked}
            if fault := _sending_fault(entry):
                raise client_error(fault.code, "SendMessage", fault.message)
            return {"MessageId": self._send(QueueUrl, entry)}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Wire]) -> Wire:
        def send(entry: Wire) -> Fault | None:
            fault = _sending_fault(entry)
            if fault is None:
                self._send(QueueUrl, entry)
            return fault

        with self._call("SendMessageBatch", QueueUrl):
            _check_entries(Entries, "SendMessageBatch")
            if sum(map(_size_bytes, Entries)) > MAX_BYTES:
                raise _refusal("BatchRequestTooLong", "SendMessageBatch")
            return self._each("send", Entries, send)

    def receive_message(
        self,
        *,
        QueueUrl: str,
        MaxNumberOfMessages: int = 1,
        VisibilityTimeout: int | None = None,
        WaitTimeSeconds: int = 0,
        MessageSystemAttributeNames: tuple[str, ...] | list[str] = (),
        MessageAttributeNames: tuple[str, ...] | list[str] = (),
    ) -> Wire:
        with self._call("ReceiveMessage", QueueUrl) as queue:
            seconds = queue.visibility_seconds if VisibilityTimeout is None else VisibilityTimeout
            _check_range(MaxNumberOfMessages, 1, MAX_ENTRIES)
            _check_range(seconds, 0, MAX_VISIBILITY_SECONDS)
            _check_range(WaitTimeSeconds, 0, MAX_WAIT_SECONDS)
            self._move_to_dead_letters(queue)
            found = self.visible(QueueUrl)[:MaxNumberOfMessages]
            if not found:
                self.now += WaitTimeSeconds
                found = list(queue.messages.values())[: self.twice]
                self.twice -= len(found)
            for message in found:
                self._receive(message, f"{message.id}#{len(message.receipts)}", seconds)
        wanted = (MessageSystemAttributeNames, MessageAttributeNames)
        return {"Messages": [_told(message, *wanted) for message in found]} if found else {}

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: list[Wire]) -> Wire:
        def change(entry: Wire) -> Fault | None:
            receipt, seconds = entry["ReceiptHandle"], entry["VisibilityTimeout"]
            message = self._by_receipt.get(receipt)
            if message is None:
                return Fault("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
            # https://github.com/aws/aws-sdk-net/issues/1927
            if message.id not in queue.messages:
                return Fault("InvalidParameterValue", "Message does not exist or is not available")
            # It "might result in an error":
            # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
            if message.receipts[-1] != receipt or message.visible_at <= self.now:
                return Fault("MessageNotInflight", "The specified message isn't in flight.")
            if not 0 <= seconds <= message.received_at + MAX_VISIBILITY_SECONDS - self.now:
                return Fault("InvalidParameterValue", "Total VisibilityTimeout is beyond the limit")
            message.visible_at = self.now + seconds
            self.delays[receipt] = seconds
            return None

        with self._call("ChangeMessageVisibilityBatch", QueueUrl) as queue:
            _check_entries(Entries, "ChangeMessageVisibilityBatch")
            return self._each("change", Entries, change)

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[Wire]) -> Wire:
        def delete(entry: Wire) -> Fault | None:
            message = self._by_receipt.get(entry["ReceiptHandle"])
            if message is None:
                return Fault("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
            # With the handle of an earlier receive it succeeds, and the message stays:
            # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
            if message.receipts[-1] == entry["ReceiptHandle"]:
                queue.messages.pop(message.id, None)
            return None

        with self._call("DeleteMessageBatch", QueueUrl) as queue:
            _check_entries(Entries, "DeleteMessageBatch")
            return self._each("delete", Entries, delete)

    @contextmanager
    def _call(self, operation: str, url: str) -> Iterator[FakeQueue]:
        with self.calls.of(operation):
            if url not in self.queues:
                raise _refusal("NonExistentQueue", operation)
            yield self.queues[url]

    def _send(self, url: str, entry: Wire) -> str:
        return self._store(
            url, entry["MessageBody"], entry.get("MessageAttributes", {}), entry.get("DelaySeconds", 0)
        )

    def _store(self, url: str, body: str, attributes: Wire, delay_seconds: int) -> str:
        self.sent.append(Sent(url, body, _texts(attributes), delay_seconds))
        stored = StoredMessage(f"m{next(self._ids)}", body, attributes, self.now, self.now + delay_seconds)
        self.queues[url].messages[stored.id] = stored
        return stored.id

    def _receive(self, message: StoredMessage, receipt: str, seconds: int) -> None:
        message.receipts.append(receipt)
        message.received_at, message.visible_at = self.now, self.now + seconds
        self._by_receipt[receipt] = message

    def _move_to_dead_letters(self, queue: FakeQueue) -> None:
        """Move what was received too often; it keeps its id, and the time when it was sent."""
        if queue.dead_letters is None:
            return
        for message in self.visible(queue.url):
            if len(message.receipts) >= queue.max_receives:
                self.queues[queue.dead_letters].messages[message.id] = queue.messages.pop(message.id)

    def _each(self, operation: str, entries: list[Wire], do: Callable[[Wire], Fault | None]) -> Wire:
        """Do one entry after the other; the answer is 200 whatever becomes of them."""
        successful: list[Wire] = []
        failed: list[Wire] = []
        for entry in entries:
            fault: Fault | None
            if self.refuse.get(operation, 0) > 0:
                self.refuse[operation] -= 1
                fault, is_senders = Fault("InternalError", "no"), self.sender_fault
            else:
                fault, is_senders = do(entry), True
            if fault is None:
                successful.append({"Id": entry["Id"]})
            else:
                failed.append(
                    {
                        "Id": entry["Id"],
                        "SenderFault": is_senders,
                        "Code": fault.code,
                        "Message": fault.message,
                    }
                )
        return {"Successful": successful, "Failed": failed}


def _told(message: StoredMessage, system_names: Collection[str], names: Collection[str]) -> Wire:
    system = {
        "SentTimestamp": str(int(message.sent_at * 1000)),
        "ApproximateReceiveCount": str(len(message.receipts)),
    }
    told = {
        "Attributes": {name: text for name, text in system.items() if name in system_names},
        "MessageAttributes": {name: value for name, value in message.attributes.items() if name in names},
    }
    return {
        "MessageId": message.id,
        "ReceiptHandle": message.receipts[-1],
        "Body": message.body,
        **{name: value for name, value in told.items() if value},
    }


def _refusal(code: str, operation: str) -> ClientError:
    """Make the exception of a whole call; by the code that queries had, which boto3 goes on to tell.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-json-faqs.html
    """
    return client_error(f"AWS.SimpleQueueService.{code}", operation)


def _check_entries(entries: list[Wire], operation: str) -> None:
    ids = [entry["Id"] for entry in entries]
    if not ids:
        raise _refusal("EmptyBatchRequest", operation)
    if len(ids) > MAX_ENTRIES:
        raise _refusal("TooManyEntriesInBatchRequest", operation)
    if not all(map(_ENTRY_ID.fullmatch, ids)):
        raise _refusal("InvalidBatchEntryId", operation)
    if len(set(ids)) != len(ids):
        raise _refusal("BatchEntryIdsNotDistinct", operation)


def _check_range(value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise client_error("InvalidParameterValue", "ReceiveMessage", f"{value} is not {least} to {most}")


def _sending_fault(entry: Wire) -> Fault | None:
    """Return what SQS has against a message."""
    texts = [entry["MessageBody"], *_texts(entry.get("MessageAttributes", {})).values()]
    if not all(texts):
        return Fault("MissingParameter", "a text is empty")
    if any(map(_REFUSED.search, texts)):
        return Fault("InvalidMessageContents", "a character that no message may have")
    if _size_bytes(entry) > MAX_BYTES:
        return Fault("InvalidParameterValue", f"Message must be shorter than {MAX_BYTES} bytes.")
    if not 0 <= entry.get("DelaySeconds", 0) <= MAX_DELAY_SECONDS:
        return Fault("InvalidParameterValue", f"DelaySeconds must be 0 to {MAX_DELAY_SECONDS}")
    return None


def _size_bytes(entry: Wire) -> int:
    attributes = entry.get("MessageAttributes", {})
    return len(entry["MessageBody"].encode()) + sum(
        len((name + value["DataType"] + value["StringValue"]).encode()) for name, value in attributes.items()
    )


def _texts(attributes: Wire) -> dict[str, str]:
    return {name: value["StringValue"] for name, value in attributes.items()}
