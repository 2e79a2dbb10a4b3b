"""Queues that are subscribed to a topic for a while, on SQS and SNS."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from aws.retries import RetryPolicy
from contract.timing import DAY_SECONDS
from operations.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

Value = TypeVar("Value")

# What is forgotten by whoever was killed is empty by the next day.
RETENTION_SECONDS = DAY_SECONDS
MAX_MESSAGES = 10
# In the query protocol, and in the JSON protocol.
NO_SUCH_QUEUE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})


@dataclass(frozen=True)
class Subscriptions:
    """Queues of this account that hear of what is published to one topic."""

    sqs: SQSClient
    sns: SNSClient
    topic_arn: str
    retry: RetryPolicy

    def make_queue(self, name: str) -> str:
        """Make a queue that this topic may send to, and return its URL.

        https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
        """
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": self._queue_arn(name),
                    "Condition": {"ArnEquals": {"aws:SourceArn": self.topic_arn}},
                }
            ],
        }
        attributes = {"MessageRetentionPeriod": str(RETENTION_SECONDS), "Policy": json.dumps(policy)}
        return self._do(
            f"CreateQueue of {name}",
            lambda: self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"],  # type: ignore[arg-type]
        )

    def subscribe(self, name: str) -> str:
        """Subscribe a queue to the topic, for the bare announcements, and return the subscription's ARN."""
        return self._do(
            f"Subscribe of {name} to {self.topic_arn}",
            lambda: self.sns.subscribe(
                TopicArn=self.topic_arn,
                Protocol="sqs",
                Endpoint=self._queue_arn(name),
                Attributes={"RawMessageDelivery": "true"},
                ReturnSubscriptionArn=True,
            )["SubscriptionArn"],
        )

    def receive(self, url: str, wait_seconds: int) -> list[str]:
        """Take up to ten messages out of a queue, waiting for the first, and return their bodies."""

        def receive_and_delete() -> list[str]:
            received = self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=MAX_MESSAGES, WaitTimeSeconds=wait_seconds
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

        return self._do(f"ReceiveMessage from {url}", receive_and_delete)

    def unsubscribe(self, arn: str) -> None:
        """Remove a subscription; one that is gone already is fine."""
        self._do(f"Unsubscribe of {arn}", lambda: self.sns.unsubscribe(SubscriptionArn=arn))

    def delete_queue(self, url: str) -> None:
        """Delete a queue; one that is gone already is fine."""

        def delete() -> None:
            try:
                self.sqs.delete_queue(QueueUrl=url)
            except ClientError as error:
                if error.response["Error"]["Code"] not in NO_SUCH_QUEUE:
                    raise

        self._do(f"DeleteQueue of {url}", delete)

    def queues(self, beginning: str) -> list[str]:
        """Return the URLs of the queues whose names begin so."""

        def listed() -> list[str]:
            pages = self.sqs.get_paginator("list_queues").paginate(QueueNamePrefix=beginning)
            return [url for page in pages for url in page.get("QueueUrls", [])]

        return self._do("ListQueues", listed)

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

        return self._do(f"ListSubscriptionsByTopic of {self.topic_arn}", listed)

    def _queue_arn(self, name: str) -> str:
        """Write a queue's ARN, in the partition, region and account of the topic."""
        partition, _, region, account = self.topic_arn.split(":")[1:5]
        return f"arn:{partition}:sqs:{region}:{account}:{name}"

    def _do(self, what: str, call: Callable[[], Value]) -> Value:
        return self.retry(translated(what)(call))
