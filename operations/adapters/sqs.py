"""Queues on SQS: messages received and let go of, deleted, and sent no faster than asked; ten at a time.

And queues that are subscribed to a topic for a while.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aws.calls import MAX_BATCH_BYTES, MAX_ENTRIES, Entry, EntryBatch, by_size, in_batches
from aws.queue_depths import QueueDepth, read_depth
from aws.retries import RetryPolicy
from contract.errors import FAILURE_ATTRIBUTE, ImagepipeError, TransientError
from contract.moments import to_text
from contract.timing import DAY_SECONDS
from operations.adapters.aws_errors import reliable, translated

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

# Names and types of the attributes count too.
ENTRY_OVERHEAD_BYTES = 256
# What is forgotten by whoever was killed is empty by the next day.
RETENTION_SECONDS = DAY_SECONDS
# What EventBridge writes on what it could not deliver.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
UNDELIVERED_ATTRIBUTES = ("ERROR_CODE", "ERROR_MESSAGE")
# In the query protocol, and in the JSON protocol.
NO_SUCH_QUEUE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})


@dataclass(frozen=True)
class Received:
    """A message as a queue hands it out. `attributes` are those of text; `sent_at` is ISO 8601 in UTC."""

    id: str
    body: str
    receipt_handle: str
    sent_at: str
    attributes: Mapping[str, str]

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> "Received":
        return cls(
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


@dataclass(frozen=True)
class Outgoing:
    """A message to be sent. `id` is ours, to tell which of several was not taken."""

    id: str
    body: str

    @property
    def size_bytes(self) -> int:
        return ENTRY_OVERHEAD_BYTES + len(self.body.encode())


@dataclass
class Pace:
    """Spreads sends evenly over time. `per_second` None is as fast as it goes."""

    per_second: float | None
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _next_at: float = field(init=False, default=0.0)

    @property
    def at_once(self) -> int:
        """How many go at once: at most half a second's worth, so that no burst is to be seen."""
        if self.per_second is None:
            return MAX_ENTRIES
        return max(1, min(MAX_ENTRIES, int(self.per_second / 2)))

    def wait(self, count: int) -> None:
        if self.per_second is None:
            return
        now = self.clock()
        if self._next_at > now:
            self.sleep(self._next_at - now)
        self._next_at = max(self._next_at, now) + count / self.per_second


@dataclass(frozen=True)
class SqsQueue:
    """One queue."""

    client: "SQSClient"
    url: str
    retry: RetryPolicy

    def depth(self) -> QueueDepth:
        """Return how many messages it holds; SQS knows it nearly, and a minute late."""
        return reliable(self.retry, f"GetQueueAttributes of {self.url}", read_depth)(self.client, self.url)

    def arn(self) -> str:
        """Return the name by which other services know it."""
        read = reliable(self.retry, f"GetQueueAttributes of {self.url}", self.client.get_queue_attributes)
        return read(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def receive(self, most: int, hold_seconds: int, wait_seconds: int) -> Sequence[Received]:
        """Take up to ten messages into our hands for a while, waiting for the first."""
        answer = reliable(self.retry, f"ReceiveMessage from {self.url}", self.client.receive_message)(
            QueueUrl=self.url,
            MaxNumberOfMessages=most,
            VisibilityTimeout=hold_seconds,
            WaitTimeSeconds=wait_seconds,
            MessageSystemAttributeNames=["SentTimestamp"],
            MessageAttributeNames=[FAILURE_ATTRIBUTE, *UNDELIVERED_ATTRIBUTES],
        )
        return [Received.of(message) for message in answer.get("Messages", [])]

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

    def _complete(
        self, operation: str, call: Callable[..., Any], entries: Mapping[str, Entry]
    ) -> Mapping[str, ImagepipeError]:
        """Make a batch call, and again for what failed for the moment; return what is undone after all."""
        batch = EntryBatch(
            f"{operation} on {self.url}",
            lambda waiting: call(QueueUrl=self.url, Entries=waiting),
            entries,
            translated,
        )
        try:
            self.retry(batch.attempt)
        except TransientError as error:
            return batch.undone(error)
        return batch.failures


@dataclass(frozen=True)
class Subscriptions:
    """Queues of this account that hear of what is published to one topic."""

    sqs: "SQSClient"
    sns: "SNSClient"
    topic_arn: str
    retry: RetryPolicy

    def make_queue(self, name: str) -> str:
        """Make a queue that this topic may send to, and return its URL.

        https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
        """
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self._queue_arn(name),
            "Condition": {"ArnEquals": {"aws:SourceArn": self.topic_arn}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        return reliable(self.retry, f"CreateQueue of {name}", self.sqs.create_queue)(
            QueueName=name,
            Attributes={"MessageRetentionPeriod": str(RETENTION_SECONDS), "Policy": policy},
        )["QueueUrl"]

    def subscribe(self, name: str) -> str:
        """Subscribe a queue to the topic, for the bare announcements, and return the subscription's ARN."""
        return reliable(self.retry, f"Subscribe of {name} to {self.topic_arn}", self.sns.subscribe)(
            TopicArn=self.topic_arn,
            Protocol="sqs",
            Endpoint=self._queue_arn(name),
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]

    def receive(self, url: str, wait_seconds: int) -> list[str]:
        """Take up to ten messages out of a queue, waiting for the first, and return their bodies."""

        def receive_and_delete() -> list[str]:
            received = self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=MAX_ENTRIES, WaitTimeSeconds=wait_seconds
            ).get("Messages", [])
            if received:
                self.sqs.delete_message_batch(
                    QueueUrl=url,
                    Entries=[
                        {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]}
                        for place, message in enumerate(received)
                    ],
                )
            return [message["Body"] for message in received]

        return reliable(self.retry, f"ReceiveMessage from {url}", receive_and_delete)()

    def unsubscribe(self, arn: str) -> None:
        """Remove a subscription; one that is gone already is fine."""
        reliable(self.retry, f"Unsubscribe of {arn}", self.sns.unsubscribe)(SubscriptionArn=arn)

    def delete_queue(self, url: str) -> None:
        """Delete a queue; one that is gone already is fine."""

        def delete() -> None:
            try:
                self.sqs.delete_queue(QueueUrl=url)
            except ClientError as error:
                if error.response["Error"]["Code"] not in NO_SUCH_QUEUE:
                    raise

        reliable(self.retry, f"DeleteQueue of {url}", delete)()

    def queues(self, beginning: str) -> list[str]:
        """Return the URLs of the queues whose names begin so."""

        def listed() -> list[str]:
            pages = self.sqs.get_paginator("list_queues").paginate(QueueNamePrefix=beginning)
            return [url for page in pages for url in page.get("QueueUrls", [])]

        return reliable(self.retry, "ListQueues", listed)()

    def subscriptions(self, beginning: str) -> list[str]:
        """Return the ARNs of the subscriptions of queues whose names begin so."""

        def listed() -> list[str]:
            pages = self.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=self.topic_arn)
            return [
                found["SubscriptionArn"]
                for page in pages
                for found in page["Subscriptions"]
                # What was removed may be listed for a while, as `Deleted`.
                if found["Endpoint"].startswith(self._queue_arn(beginning))
                and found["SubscriptionArn"].startswith("arn:")
            ]

        return reliable(self.retry, f"ListSubscriptionsByTopic of {self.topic_arn}", listed)()

    def _queue_arn(self, name: str) -> str:
        """Write a queue's ARN, in the partition, region and account of the topic."""
        partition, _, region, account = self.topic_arn.split(":")[1:5]
        return f"arn:{partition}:sqs:{region}:{account}:{name}"
