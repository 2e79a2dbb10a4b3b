"""The queues' port on SQS, and the topic's on SNS."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.calls import MAX_BATCH_BYTES, MAX_ENTRIES, Entry, EntryBatch, by_size, in_batches
from aws.retries import RetryPolicy
from contract.errors import FAILURE_ATTRIBUTE, Failure, ImagepipeError
from contract.notifications import Completion
from processors.adapters.calls import translated
from processors.messages import Message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
MAX_DELAY_SECONDS = 900


@dataclass(frozen=True)
class SqsQueues:
    """The queues that the processor reads, by name, and where the dead letters of each go."""

    client: "SQSClient"
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

    def send_to(self, queue_name: str, message: Message) -> None:
        """Send a copy to another of the queues; returns when SQS has it."""
        self._send(self._url(queue_name), message, {}, 0)

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


def ask_to_look(client: "SQSClient", url: str, body: str, retry: RetryPolicy) -> None:
    """Send a request to look at photos again; returns when SQS has it."""
    retry.around(translated(f"SendMessage to {url}")(client.send_message))(QueueUrl=url, MessageBody=body)


# Names and types of the attributes, and the entry's own frame, count too.
ENTRY_OVERHEAD_BYTES = 512


@dataclass(frozen=True)
class SnsTopic:
    """Publishes in batches of at most ten entries and 256 KiB, and tries again what was not taken."""

    client: "SNSClient"
    topic_arn: str
    retry: RetryPolicy

    def publish(self, completions: Sequence[Completion]) -> Mapping[str, ImagepipeError]:
        """Publish all; give the ids of those that were not taken, with the reason."""
        refused: dict[str, ImagepipeError] = {}
        for batch in by_size(map(_entry, completions), _entry_bytes, MAX_ENTRIES, MAX_BATCH_BYTES):
            refused |= self._publish_batch(dict(batch))
        return refused

    def _publish_batch(self, entries: Mapping[str, Entry]) -> Mapping[str, ImagepipeError]:
        def publish(batch: list[Any]) -> Any:
            return self.client.publish_batch(TopicArn=self.topic_arn, PublishBatchRequestEntries=batch)

        what = f"PublishBatch to {self.topic_arn}"
        batch = EntryBatch(what, publish, entries, translated, sender_faults_are_final=False)
        try:
            self.retry(batch.attempt)
        except ImagepipeError as error:
            return batch.undone(error)
        return {}


def _entry(announced: Completion) -> tuple[str, Entry]:
    message = json.dumps(announced.body, ensure_ascii=False, separators=(",", ":"))
    return announced.id, {"Message": message, "MessageAttributes": _attributes(announced)}


def _entry_bytes(identified: tuple[str, Entry]) -> int:
    return len(identified[1]["Message"].encode()) + ENTRY_OVERHEAD_BYTES


def _attributes(announced: Completion) -> dict[str, dict[str, str]]:
    return {
        name: {"DataType": "String.Array", "StringValue": json.dumps(value)}
        if isinstance(value, list)
        else {"DataType": "String", "StringValue": value}
        for name, value in announced.attributes.items()
    }
