"""Following completions by a queue that is subscribed to the topic."""

from __future__ import annotations

import json
import time
import urllib.parse
from dataclasses import dataclass

from loadtest.bench.local_place import BenchError
from loadtest.bench.services import Services

PATIENCE_SECONDS = 60.0
_QUEUE_NAME = "bench-completions"


@dataclass(frozen=True)
class Completions:
    """The queue."""

    services: Services
    url: str

    @classmethod
    def followed(cls, services: Services) -> Completions:
        """Subscribe a new queue to the topic."""
        made = services.sqs.create_queue(QueueName=_QUEUE_NAME)["QueueUrl"]
        # MiniStack says localhost, which need not be 127.0.0.1.
        url = services.outputs["endpoint_url"] + urllib.parse.urlsplit(made).path
        attributes = services.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
            "Attributes"
        ]
        services.sns.subscribe(
            TopicArn=services.outputs["topic_arn"],
            Protocol="sqs",
            Endpoint=attributes["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
        )
        return cls(services, url)

    def await_all(self, keys: set[str]) -> list[float]:
        """Wait for the completion of each key; give the times (monotonic, seconds) at which each was told.

        Raises BenchError for a photo that was not recognized, or if none ends for a minute.
        """
        waiting = set(keys)
        told: list[float] = []
        last = time.monotonic()
        while waiting:
            ended = self._ended(waiting)
            now = time.monotonic()
            if ended:
                last = now
            elif now - last > PATIENCE_SECONDS:
                raise BenchError(f"{len(waiting)} photos did not end, such as {min(waiting)}")
            told += [now] * len(ended)
            waiting -= ended
        return told

    def _ended(self, waiting: set[str]) -> set[str]:
        received = self.services.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=5
        ).get("Messages", [])
        if received:
            self.services.sqs.delete_message_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]}
                    for place, message in enumerate(received)
                ],
            )
        bodies = [json.loads(message["Body"]) for message in received]
        ended = {body["key"]: body for body in bodies if body["key"] in waiting}
        for key, body in ended.items():
            if body["status"] != "recognized":
                raise BenchError(f"{key} was {body['status']}: {body['rejection']}")
        return set(ended)
