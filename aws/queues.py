"""A queue of SQS: messages received and let go of, deleted, and sent, ten at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from aws.calls import MAX_BATCH_BYTES, MAX_ENTRIES, Entry, EntryBatch, by_size, in_batches
from aws.errors import ErrorTranslator
from aws.queue_depths import QueueDepth, read_depth
from contract.errors import ImagepipeError, TransientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

Value = TypeVar("Value")

# Names and types of the attributes count too.
ENTRY_OVERHEAD_BYTES = 256


class Retry(Protocol):
    """Makes a call, and again what failed for the moment: `aws.retries`, or a few attempts at once."""

    def __call__(self, attempt: Callable[[], Value]) -> Value: ...


class Received(NamedTuple):
    """A message as a queue hands it out. `attributes` are those of text; `sent_at` is seconds since 1970."""

    id: str
    body: str
    receipt_handle: str
    sent_at: float
    attributes: Mapping[str, str]

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> "Received":
        return cls(
            id=message["MessageId"],
            body=message["Body"],
            receipt_handle=message["ReceiptHandle"],
            sent_at=int(message["Attributes"]["SentTimestamp"]) / 1000,
            attributes={
                name: value["StringValue"]
                for name, value in message.get("MessageAttributes", {}).items()
                if "StringValue" in value
            },
        )


class Outgoing(NamedTuple):
    """A message to be sent. `id` is ours, to tell which of several was not taken."""

    id: str
    body: str

    @property
    def size_bytes(self) -> int:
        return ENTRY_OVERHEAD_BYTES + len(self.body.encode())


@dataclass(frozen=True)
class SqsQueue:
    """One queue. `attributes` names the attributes of messages that are wanted."""

    client: "SQSClient"
    url: str
    translated: ErrorTranslator
    retry: Retry
    attributes: tuple[str, ...] = ()

    def depth(self) -> QueueDepth:
        """Return how many messages it holds; SQS knows it nearly, and a minute late."""
        return self._reliably("GetQueueAttributes of", lambda: read_depth(self.client, self.url))

    def arn(self) -> str:
        """Return the name by which other services know it."""
        answer = self._reliably(
            "GetQueueAttributes of",
            lambda: self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"]),
        )
        return answer["Attributes"]["QueueArn"]

    def receive(self, most: int, hold_seconds: int, wait_seconds: int) -> Sequence[Received]:
        """Take up to ten messages into our hands for a while, waiting for the first."""
        answer = self._reliably(
            "ReceiveMessage from",
            lambda: self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=most,
                VisibilityTimeout=hold_seconds,
                WaitTimeSeconds=wait_seconds,
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=list(self.attributes),
            ),
        )
        return [Received.of(message) for message in answer.get("Messages", [])]

    def release(self, receipt_handles: Sequence[str]) -> None:
        """Let go of messages; those that are in our hands no more are left as they are."""
        for batch in in_batches(receipt_handles, MAX_ENTRIES):
            with self.translated(f"ChangeMessageVisibilityBatch on {self.url}"):
                self.client.change_message_visibility_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {"Id": str(place), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                        for place, handle in enumerate(batch)
                    ],
                )

    def delete(self, receipt_handles: Mapping[str, str]) -> Mapping[str, ImagepipeError]:
        """Delete messages given by id; return the ids of those that are still there, with the reason."""
        remaining: dict[str, ImagepipeError] = {}
        for batch in in_batches(list(receipt_handles.items()), MAX_ENTRIES):
            entries = {identifier: {"ReceiptHandle": handle} for identifier, handle in batch}
            remaining |= self._complete("DeleteMessageBatch", self.client.delete_message_batch, entries)
        return remaining

    def send(self, messages: Sequence[Outgoing]) -> Mapping[str, ImagepipeError]:
        """Send all; return the ids of those that SQS did not take, with the reason."""
        refused: dict[str, ImagepipeError] = {}
        for batch in by_size(messages, lambda message: message.size_bytes, MAX_ENTRIES, MAX_BATCH_BYTES):
            entries = {message.id: {"MessageBody": message.body} for message in batch}
            refused |= self._complete("SendMessageBatch", self.client.send_message_batch, entries)
        return refused

    def _reliably(self, what: str, call: Callable[[], Value]) -> Value:
        return self.retry(self.translated(f"{what} {self.url}")(call))

    def _complete(
        self, operation: str, call: Callable[..., Any], entries: Mapping[str, Entry]
    ) -> Mapping[str, ImagepipeError]:
        """Make a batch call, and again for what failed for the moment; return what is undone after all."""
        batch = EntryBatch(
            f"{operation} on {self.url}",
            lambda waiting: call(QueueUrl=self.url, Entries=waiting),
            entries,
            self.translated,
        )
        try:
            self.retry(batch.attempt)
        except TransientError as error:
            return batch.undone(error)
        return batch.failures
