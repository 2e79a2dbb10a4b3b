"""The ports of queues on SQS: read, let go, send, delete; ten at a time, and complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.errors import ImagepipeError
from contract.failures import FAILURE_ATTRIBUTE
from operations.adapters.aws_errors import translated
from operations.adapters.sqs_batches import BatchCalls, by_size, in_tens
from operations.messages import Outgoing, Received
from operations.messages import QueueDepth as Depth
from operations.moments import to_text
from operations.retrying import RetryPolicy

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class SqsQueue:
    """One queue."""

    client: SQSClient
    url: str
    retry: RetryPolicy

    def depth(self) -> Depth:
        """Return how many messages it holds; SQS knows it nearly, and a minute late."""

        def attempt() -> Depth:
            with translated(f"GetQueueAttributes of {self.url}"):
                told = self.client.get_queue_attributes(
                    QueueUrl=self.url,
                    AttributeNames=[
                        "ApproximateNumberOfMessages",
                        "ApproximateNumberOfMessagesNotVisible",
                        "ApproximateNumberOfMessagesDelayed",
                    ],
                )["Attributes"]
            return Depth(
                visible=int(told["ApproximateNumberOfMessages"]),
                in_flight=int(told["ApproximateNumberOfMessagesNotVisible"]),
                delayed=int(told["ApproximateNumberOfMessagesDelayed"]),
            )

        return self.retry(attempt)

    def arn(self) -> str:
        """Return the name by which other services know it."""

        def attempt() -> str:
            with translated(f"GetQueueAttributes of {self.url}"):
                told = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
            return told["Attributes"]["QueueArn"]

        return self.retry(attempt)

    def receive(self, most: int, hold_seconds: int, wait_seconds: int) -> Sequence[Received]:
        """Take up to ten messages into our hands for a while, waiting for the first."""

        def attempt() -> Sequence[Received]:
            with translated(f"ReceiveMessage from {self.url}"):
                answer = self.client.receive_message(
                    QueueUrl=self.url,
                    MaxNumberOfMessages=most,
                    VisibilityTimeout=hold_seconds,
                    WaitTimeSeconds=wait_seconds,
                    MessageSystemAttributeNames=["SentTimestamp"],
                    MessageAttributeNames=[FAILURE_ATTRIBUTE],
                )
            return [_received(message) for message in answer.get("Messages", [])]

        return self.retry(attempt)

    def release(self, receipt_handles: Sequence[str]) -> None:
        """Let go of messages; those that are in our hands no more are left as they are."""
        for batch in in_tens(receipt_handles):
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
        for batch in in_tens(receipt_handles.items()):
            entries = {identifier: {"ReceiptHandle": handle} for identifier, handle in batch}
            remaining |= self._calls.complete("DeleteMessageBatch", self.client.delete_message_batch, entries)
        return remaining

    def send(self, messages: Sequence[Outgoing]) -> Mapping[str, ImagepipeError]:
        """Send all; give the ids of those that SQS did not take, with the reason."""
        refused: dict[str, ImagepipeError] = {}
        for batch in by_size(messages):
            entries = {message.id: {"MessageBody": message.body} for message in batch}
            refused |= self._calls.complete("SendMessageBatch", self.client.send_message_batch, entries)
        return refused

    @property
    def _calls(self) -> BatchCalls:
        return BatchCalls(self.url, self.retry)


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
