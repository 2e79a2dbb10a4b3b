"""The ports of queues on SQS: read, let go, send, delete; ten at a time, and complete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.calls import MAX_BATCH_BYTES, MAX_ENTRIES, Entry, EntryBatch, by_size, in_batches
from aws.queue_depths import QueueDepth, read_depth
from aws.retries import RetryPolicy
from contract.errors import FAILURE_ATTRIBUTE, ImagepipeError, TransientError
from contract.moments import to_text
from operations.adapters.aws_errors import translated
from operations.messages import Outgoing, Received

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Names and types of the attributes count too.
ENTRY_OVERHEAD_BYTES = 256


@dataclass(frozen=True)
class SqsQueue:
    """One queue."""

    client: SQSClient
    url: str
    retry: RetryPolicy

    def depth(self) -> QueueDepth:
        """Return how many messages it holds; SQS knows it nearly, and a minute late."""
        read = translated(f"GetQueueAttributes of {self.url}")(read_depth)
        return self.retry.around(read)(self.client, self.url)

    def arn(self) -> str:
        """Return the name by which other services know it."""
        read = translated(f"GetQueueAttributes of {self.url}")(self.client.get_queue_attributes)
        told = self.retry.around(read)(QueueUrl=self.url, AttributeNames=["QueueArn"])
        return told["Attributes"]["QueueArn"]

    def receive(self, most: int, hold_seconds: int, wait_seconds: int) -> Sequence[Received]:
        """Take up to ten messages into our hands for a while, waiting for the first."""
        receive = translated(f"ReceiveMessage from {self.url}")(self.client.receive_message)
        answer = self.retry.around(receive)(
            QueueUrl=self.url,
            MaxNumberOfMessages=most,
            VisibilityTimeout=hold_seconds,
            WaitTimeSeconds=wait_seconds,
            MessageSystemAttributeNames=["SentTimestamp"],
            MessageAttributeNames=[FAILURE_ATTRIBUTE],
        )
        return [_received(message) for message in answer.get("Messages", [])]

    def release(self, receipt_handles: Sequence[str]) -> None:
        """Let go of messages; those that are in our hands no more are left as they are."""
        for batch in in_batches(receipt_handles, MAX_ENTRIES):
            with translated(f"ChangeMessageVisibilityBatch on {self.url}"):
                self.client.change_message_visibility_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {"Id": str(place), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                        for place, handle in enumerate(batch)
                    ],
                )

    def delete(self, receipt_handles: Mapping[str, str]) -> Mapping[str, ImagepipeError]:
        """Delete messages given by id; give the ids of those that are still there, with the reason."""
        remaining: dict[str, ImagepipeError] = {}
        for batch in in_batches(list(receipt_handles.items()), MAX_ENTRIES):
            entries = {identifier: {"ReceiptHandle": handle} for identifier, handle in batch}
            remaining |= self._complete("DeleteMessageBatch", self.client.delete_message_batch, entries)
        return remaining

    def send(self, messages: Sequence[Outgoing]) -> Mapping[str, ImagepipeError]:
        """Send all; give the ids of those that SQS did not take, with the reason."""
        refused: dict[str, ImagepipeError] = {}
        for batch in by_size(messages, _size_bytes, MAX_ENTRIES, MAX_BATCH_BYTES):
            entries = {message.id: {"MessageBody": message.body} for message in batch}
            refused |= self._complete("SendMessageBatch", self.client.send_message_batch, entries)
        return refused

    def _complete(
        self, operation: str, call: Callable[..., Any], entries: Mapping[str, Entry]
    ) -> Mapping[str, ImagepipeError]:
        """Make a batch call, and again for what failed for the moment; return what is undone after all."""

        def make(waiting: list[Any]) -> Any:
            return call(QueueUrl=self.url, Entries=waiting)

        batch = EntryBatch(f"{operation} on {self.url}", make, entries, translated)
        try:
            self.retry(batch.attempt)
        except TransientError as error:
            return batch.undone(error)
        return batch.failures


def _size_bytes(message: Outgoing) -> int:
    return ENTRY_OVERHEAD_BYTES + len(message.body.encode())


def _received(message: Mapping[str, Any]) -> Received:
    return Received(
        id=message["MessageId"],
        body=message["Body"],
        receipt_handle=message["ReceiptHandle"],
        sent_at=to_text(int(message["Attributes"]["SentTimestamp"]) / 1000),
        attributes={
            name: value["StringValue"]
            for name, value in message.get("MessageAttributes", {}).items()
            if "StringValue" in value
        },
    )
