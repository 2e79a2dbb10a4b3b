"""The queue's port on SQS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.calls import MAX_ENTRIES, EntryBatch, in_batches
from aws.retries import RetryPolicy
from contract.errors import FAILURE_ATTRIBUTE, Failure
from processors.adapters.aws_errors import translated
from processors.messages import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
MAX_DELAY_SECONDS = 900


@dataclass(frozen=True)
class SqsQueues:
    """The queues that the processor reads, by name, and where the dead letters of each go."""

    client: SQSClient
    dead_letter_queue_urls: Mapping[str, str]
    retry: RetryPolicy

    def change_visibility(self, delays: Sequence[tuple[Message, int]]) -> None:
        """Keep messages that are handed back away for so many seconds."""
        for queue_name in {message.queue_name for message, _ in delays}:
            of_queue = [(message, seconds) for message, seconds in delays if message.queue_name == queue_name]
            for batch in in_batches(of_queue, MAX_ENTRIES):
                self._delay_batch(self._url(queue_name), batch)

    def requeue(self, message: Message, delay_seconds: int) -> None:
        """Send a copy to the same queue; returns when SQS has it."""
        self._send(self._url(message.queue_name), message, {}, min(delay_seconds, MAX_DELAY_SECONDS))

    def dead_letter(self, message: Message, failure: Failure) -> None:
        """Send a copy to the dead letters with the reason; returns when SQS has it."""
        url = self.dead_letter_queue_urls[self._url(message.queue_name)]
        self._send(url, message, {FAILURE_ATTRIBUTE: failure.to_json()}, 0)

    def _delay_batch(self, url: str, batch: Sequence[tuple[Message, int]]) -> None:
        def change(entries: list[Any]) -> Any:
            return self.client.change_message_visibility_batch(QueueUrl=url, Entries=entries)

        entries = {
            message.receipt_handle: {"ReceiptHandle": message.receipt_handle, "VisibilityTimeout": seconds}
            for message, seconds in batch
        }
        self.retry(EntryBatch(f"ChangeMessageVisibilityBatch on {url}", change, entries, translated).attempt)

    def _send(self, url: str, message: Message, attributes: Mapping[str, str], delay_seconds: int) -> None:
        wire: dict[str, Any] = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
        self.retry.around(translated(f"SendMessage to {url}")(self.client.send_message))(
            QueueUrl=url, MessageBody=message.body, MessageAttributes=wire, DelaySeconds=delay_seconds
        )

    def _url(self, queue_name: str) -> str:
        return next(url for url in self.dead_letter_queue_urls if url.rsplit("/", 1)[1] == queue_name)
