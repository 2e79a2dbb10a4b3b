"""A worker's AWS clients: each call takes its time on the wire and a little of the worker's one processor."""

# ruff: noqa: N803 - boto3 spells its parameters in capitals

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from processors.assembly import Clients
from tests.fleet.clock import Clock
from tests.fleet.latency import CPU_SECONDS_A_CALL, DYNAMODB, REKOGNITION, S3, SNS, SQS, Latency
from tests.fleet.photos import SIZE_BYTES, etag
from tests.fleet.queue import Queue
from tests.fleet.rekognition import Rekognition
from tests.fleet.table import Table

Value = TypeVar("Value")

# There and back, without any work: what a call takes that is refused at the door.
NETWORK_SECONDS = 0.010


@dataclass
class Services:
    """All of AWS, shared by all workers. `published` counts SNS's entries and requests."""

    clock: Clock
    chance: random.Random
    table: Table
    rekognition: Rekognition
    queues: Mapping[str, Queue]
    published: Counter[str] = field(default_factory=Counter)
    sqs_requests: Counter[str] = field(default_factory=Counter)

    def publish_batch(self, *, TopicArn: str, PublishBatchRequestEntries: list[Any]) -> dict[str, Any]:
        self.published["requests"] += 1
        self.published["entries"] += len(PublishBatchRequestEntries)
        return {"Successful": [{"Id": entry["Id"]} for entry in PublishBatchRequestEntries], "Failed": []}

    def head_object(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:
        moment = datetime.fromtimestamp(self.clock.now(), UTC)
        return {"ETag": f'"{etag(Key)}"', "ContentLength": SIZE_BYTES, "LastModified": moment}

    def send_message(
        self, *, QueueUrl: str, MessageBody: str, MessageAttributes: Mapping[str, Any], DelaySeconds: int = 0
    ) -> dict[str, Any]:
        self.sqs_requests["SendMessage"] += 1
        texts = {name: value["StringValue"] for name, value in MessageAttributes.items()}
        self.queues[QueueUrl].send(MessageBody, texts, DelaySeconds)
        return {}

    def change_message_visibility_batch(
        self, *, QueueUrl: str, Entries: list[dict[str, Any]]
    ) -> dict[str, Any]:
        self.sqs_requests["ChangeMessageVisibilityBatch"] += 1
        for entry in Entries:
            self.queues[QueueUrl].hide(entry["ReceiptHandle"], entry["VisibilityTimeout"])
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries], "Failed": []}


class Line:
    """One worker's way to AWS."""

    def __init__(self, services: Services) -> None:
        self._services, self._free_at = services, 0.0

    def call(self, latency: Latency, effect: Callable[[], Value]) -> Value:
        """Let a call take effect half-way through its time."""
        seconds = latency.draw(self._services.chance)
        self._services.clock.sleep(self._processor_seconds() + seconds / 2)
        try:
            return effect()
        finally:
            self._services.clock.sleep(seconds / 2)

    def detect(self, operation: str, key: str) -> Mapping[str, Any]:
        """Ask Rekognition: paid for as soon as it is accepted, answered later."""
        clock, chance = self._services.clock, self._services.chance
        clock.sleep(self._processor_seconds() + NETWORK_SECONDS / 2)
        try:
            found = self._services.rekognition.accept(operation, key)
        except BaseException:
            clock.sleep(NETWORK_SECONDS / 2)
            raise
        clock.sleep(max(NETWORK_SECONDS / 2, REKOGNITION.draw(chance) - NETWORK_SECONDS / 2))
        return found

    def _processor_seconds(self) -> float:
        """Wait for the worker's processor, which does one thing after the other."""
        now = self._services.clock.now()
        self._free_at = max(now, self._free_at) + CPU_SECONDS_A_CALL
        return self._free_at - now


class Client:
    """Any method of a service, over a line."""

    def __init__(self, line: Line, latency: Latency, service: object) -> None:
        self._line, self._latency, self._service = line, latency, service

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._service, name)
        return lambda **asked: self._line.call(self._latency, lambda: method(**asked))


class RekognitionClient:
    """Rekognition's operations, over a line."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def detect_labels(self, *, Image: dict[str, Any], **_: Any) -> Mapping[str, Any]:
        return self._line.detect("DetectLabels", Image["S3Object"]["Name"])

    def detect_faces(self, *, Image: dict[str, Any], **_: Any) -> Mapping[str, Any]:
        return self._line.detect("DetectFaces", Image["S3Object"]["Name"])

    def detect_moderation_labels(self, *, Image: dict[str, Any], **_: Any) -> Mapping[str, Any]:
        return self._line.detect("DetectModerationLabels", Image["S3Object"]["Name"])

    def detect_text(self, *, Image: dict[str, Any], **_: Any) -> Mapping[str, Any]:
        return self._line.detect("DetectText", Image["S3Object"]["Name"])


def clients(services: Services) -> Clients:
    """Make the clients of one worker."""
    line = Line(services)
    return Clients(
        dynamodb=Client(line, DYNAMODB, services.table),
        rekognition=RekognitionClient(line),
        s3=Client(line, S3, services),
        sns=Client(line, SNS, services),
        sqs=Client(line, SQS, services),
    )
