"""Following completions by a queue of one's own that is subscribed to the topic while it is needed."""

import json
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from contract.timing import DAY_SECONDS
from loadtest import LoadtestError
from loadtest.stack import Stack

_LONGEST_RETENTION_SECONDS = DAY_SECONDS


@dataclass(frozen=True)
class CompletionsQueue:
    """The queue."""

    stack: Stack
    url: str

    def receive(self, wait_seconds: int = 5) -> list[dict[str, Any]]:
        """Take up to ten completions, waiting for the first; docs/completions.md says what is in one."""
        received = self.stack.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_seconds
        ).get("Messages", [])
        if received:
            self.stack.sqs.delete_message_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]}
                    for place, message in enumerate(received)
                ],
            )
        return [json.loads(message["Body"]) for message in received]


@contextmanager
def following(stack: Stack, topic_arn: str | None = None, *, raw: bool = True) -> Iterator[CompletionsQueue]:
    """Subscribe a new queue to the topic of completions, or another; remove both, whatever ended the block.

    Messages that are no JSON come in SNS's envelope, which is (not `raw`).
    """
    made = stack.sqs.create_queue(
        QueueName=f"loadtest-completions-{uuid4().hex[:12]}",
        Attributes={"MessageRetentionPeriod": str(_LONGEST_RETENTION_SECONDS)},
    )["QueueUrl"]
    # MiniStack says localhost, which need not be 127.0.0.1.
    url = f"{stack.endpoint_url}{urllib.parse.urlsplit(made).path}" if stack.is_local else made
    try:
        subscription = _subscribe(stack, url, topic_arn or stack.outputs["topic_arn"], raw=raw)
        try:
            yield CompletionsQueue(stack, url)
        finally:
            stack.sns.unsubscribe(SubscriptionArn=subscription)
    finally:
        stack.sqs.delete_queue(QueueUrl=url)


def _subscribe(stack: Stack, url: str, topic: str, *, raw: bool) -> str:
    """Let the topic send to the queue, and tell it to. Returns the subscription."""
    asked = stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    queue = asked["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    stack.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return stack.sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=queue,
        Attributes={"RawMessageDelivery": str(raw).lower()},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]


PATIENCE_SECONDS = 60.0


def await_all(completions: CompletionsQueue, keys: set[str]) -> list[float]:
    """Wait for the completion of each key; return the times (monotonic, seconds) at which each was told.

    Raises LoadtestError for a photo that was not recognized, or if none ends for a minute.
    """
    waiting = set(keys)
    told: list[float] = []
    last = time.monotonic()
    while waiting:
        ended = _ended(completions.receive(), waiting)
        now = time.monotonic()
        if ended:
            last = now
        elif now - last > PATIENCE_SECONDS:
            raise LoadtestError(f"{len(waiting)} photos did not end, such as {min(waiting)}")
        told += [now] * len(ended)
        waiting -= ended
    return told


def _ended(bodies: list[dict[str, Any]], waiting: set[str]) -> set[str]:
    ended = {body["key"]: body for body in bodies if body["key"] in waiting}
    for key, body in ended.items():
        if body["status"] != "recognized":
            raise LoadtestError(f"{key} was {body['status']}: {body['rejection']}")
    return set(ended)
