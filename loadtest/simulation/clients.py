"""AWS as a worker sees it: each call takes its time on the wire and a little of the worker's one processor.

Of Rekognition there is its quota, a token bucket an operation; who was paid for what; and its answers.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, TypeVar

from loadtest.faults.calls import AwsService
from loadtest.simulation import fleet
from loadtest.simulation.clock import START, Clock
from loadtest.simulation.fleet import Environment, Latency
from loadtest.simulation.outages import Outages, client_error
from loadtest.simulation.queue import SIZE_BYTES, VirtualPhoto, VirtualQueue, etag
from loadtest.simulation.table import VirtualTable
from local.rekognition.quotas import TokenBucket
from processors.wiring import Clients

Value = TypeVar("Value")

# Where the stack is.
HOME = "us-east-1"
# There and back, without any work: what a call takes that is refused at the door.
NETWORK_SECONDS = 0.010


@dataclass
class Services:
    """All of AWS, shared by all workers. `announced` is told of each key whose completion SNS took."""

    clock: Clock
    chance: random.Random
    table: VirtualTable
    rekognition: "VirtualRekognition"
    queues: Mapping[str, VirtualQueue]
    outages: Outages
    announced: Callable[[str], None]
    abroad: Mapping[str, "VirtualRekognition"] = field(default_factory=dict)

    def publish_batch(self, *, TopicArn: str, PublishBatchRequestEntries: list[Any]) -> dict[str, Any]:
        for entry in PublishBatchRequestEntries:
            self.announced(str(json.loads(entry["Message"])["key"]))
        return {"Successful": [{"Id": entry["Id"]} for entry in PublishBatchRequestEntries], "Failed": []}

    def head_object(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:
        return {
            "ETag": f'"{etag(Key)}"',
            "ContentLength": SIZE_BYTES,
            "LastModified": datetime.fromtimestamp(START, UTC),
            "VersionId": VirtualPhoto.named(Key).version_id,
        }

    def get_object(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:
        """Return a photo whose bytes are its name, so that a region abroad knows which it is shown."""
        return {"ContentLength": SIZE_BYTES, "Body": BytesIO(Key.encode())}


@dataclass(frozen=True)
class Sqs:
    """SQS as one worker sees it. What a worker sends carries the lineage of the invocation that sends it.

    Lambda's Python hands the trace header to botocore, which puts it on every request, in whatever thread.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
    """

    queues: Mapping[str, VirtualQueue]
    environment: Environment

    def send_message(
        self, *, QueueUrl: str, MessageBody: str, MessageAttributes: Mapping[str, Any], DelaySeconds: int = 0
    ) -> dict[str, Any]:
        texts = {name: value["StringValue"] for name, value in MessageAttributes.items()}
        self.queues[QueueUrl].send(MessageBody, texts, DelaySeconds, self.environment.lineage)
        return {}

    def change_message_visibility_batch(
        self, *, QueueUrl: str, Entries: list[dict[str, Any]]
    ) -> dict[str, Any]:
        for entry in Entries:
            self.queues[QueueUrl].hide(entry["ReceiptHandle"], entry["VisibilityTimeout"])
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries], "Failed": []}


class Connection:
    """One worker's way to AWS."""

    def __init__(self, services: Services) -> None:
        self._services, self._free_at = services, 0.0

    def call(
        self, service: AwsService, operation: str, latency: Latency, effect: Callable[[], Value]
    ) -> Value:
        """Let a call take effect half-way through its time, unless the service is in trouble then."""
        seconds = latency.draw(self._services.chance)
        self._services.clock.sleep(self._processor_seconds() + seconds / 2)
        try:
            self._services.outages.strike(service, operation)
            return effect()
        finally:
            self._services.clock.sleep(seconds / 2)

    def detect(self, operation: str, key: str, region: str = "") -> Mapping[str, Any]:
        """Ask Rekognition: paid for as soon as it is accepted, answered later.

        One abroad is sent the photo, which takes longer, on the way and to write down.
        """
        clock, chance = self._services.clock, self._services.chance
        rekognition = self._services.abroad[region] if region else self._services.rekognition
        way_seconds = fleet.ABROAD_SECONDS if region else NETWORK_SECONDS
        clock.sleep(
            self._processor_seconds(fleet.CPU_SECONDS_A_PHOTO_SENT if region else 0) + way_seconds / 2
        )
        try:
            self._services.outages.strike(AwsService.REKOGNITION, operation, region)
            found = rekognition.accept(operation, key)
        except BaseException:
            clock.sleep(way_seconds / 2)
            raise
        clock.sleep(max(way_seconds / 2, fleet.REKOGNITION.draw(chance) - NETWORK_SECONDS / 2))
        return found

    def _processor_seconds(self, more: float = 0.0) -> float:
        """Wait for the worker's processor, which does one thing after the other."""
        now = self._services.clock.now()
        self._free_at = max(now, self._free_at) + fleet.CPU_SECONDS_A_CALL + more
        return self._free_at - now


class Client:
    """Any method of a service, over a line."""

    def __init__(self, line: Connection, service: AwsService, latency: Latency, methods: object) -> None:
        self._line, self._service, self._latency, self._methods = line, service, latency, methods

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._methods, name)
        return lambda **asked: self._line.call(self._service, name, self._latency, lambda: method(**asked))


class RekognitionClient:
    """Rekognition's operations, over a line: of the stack's own region, or of another."""

    def __init__(self, line: Connection, region: str = "") -> None:
        self._line, self._region = line, region

    def __getattr__(self, name: str) -> Callable[..., Mapping[str, Any]]:
        operation = name.title().replace("_", "")
        return lambda *, Image, **_: self._line.detect(operation, _key_of(Image), self._region)


def _key_of(image: Mapping[str, Any]) -> str:
    return str(image["S3Object"]["Name"]) if "S3Object" in image else bytes(image["Bytes"]).decode()


def clients(services: Services, environment: Environment) -> Clients:
    line = Connection(services)
    return Clients(
        dynamodb=Client(line, AwsService.DYNAMODB, fleet.DYNAMODB, services.table),
        rekognition=RekognitionClient(line),
        s3=Client(line, AwsService.S3, fleet.S3, services),
        sns=Client(line, AwsService.SNS, fleet.SNS, services),
        sqs=Client(line, AwsService.SQS, fleet.SQS, Sqs(services.queues, environment)),
        abroad={region: RekognitionClient(line, region) for region in services.abroad},
        region=HOME,
    )


# Eight labels a photo, of 300 that are the rarer the further down they stand: the first is on about half of
# the photos, as Person is.
LABELS_A_PHOTO = 8
_WORDS = [f"Label {number}" for number in range(300)]
_WEIGHTS = [1 / (rank + 1) for rank in range(300)]
_VARIANTS = 500


def _box(numbers: random.Random) -> dict[str, float]:
    return {side: numbers.random() for side in ("Width", "Height", "Left", "Top")}


def _labels(numbers: random.Random) -> dict[str, Any]:
    names: dict[str, None] = {}
    while len(names) < LABELS_A_PHOTO:
        names[numbers.choices(_WORDS, _WEIGHTS)[0]] = None
    return {
        "Labels": [
            {
                "Name": name,
                "Confidence": numbers.uniform(40, 100),
                "Instances": [{"BoundingBox": _box(numbers), "Confidence": numbers.uniform(40, 100)}]
                if place % 3 == 0
                else [],
                "Parents": [],
                "Aliases": [],
                "Categories": [{"Name": "Animals and Pets"}],
            }
            for place, name in enumerate(names)
        ],
        "LabelModelVersion": "3.0",
    }


def _make() -> dict[str, list[Mapping[str, Any]]]:
    numbers = random.Random(1)
    words = [{"Type": "WORD", "DetectedText": f"word{n}", "Confidence": 99.0} for n in range(4)]
    return {
        "DetectLabels": [_labels(numbers) for _ in range(_VARIANTS)],
        "DetectFaces": [{"FaceDetails": [{"BoundingBox": _box(numbers), "Confidence": 99.0}]}],
        "DetectModerationLabels": [{"ModerationLabels": [], "ModerationModelVersion": "7.0"}],
        "DetectText": [{"TextDetections": words, "TextModelVersion": "3.0"}],
    }


_ANSWERS = _make()


def answer(operation: str, place: int) -> Mapping[str, Any]:
    variants = _ANSWERS[operation]
    return variants[place % len(variants)]


class VirtualRekognition:
    """Accepts calls as far as the quota goes. Times are whole seconds since the start.

    What was paid for is counted together with other regions, where there are any.
    """

    def __init__(
        self,
        now: Callable[[], float],
        quotas: Mapping[str, float],
        start: float,
        paid: Counter[tuple[str, str]] | None = None,
    ) -> None:
        self.quotas = {operation: TokenBucket(quota, now) for operation, quota in quotas.items()}
        self.paid: Counter[tuple[str, str]] = Counter() if paid is None else paid
        self.accepted: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.throttled: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._now, self._start = now, start

    def accept(self, operation: str, key: str) -> Mapping[str, Any]:
        """Take a call, which is then paid for, or refuse it as Rekognition does."""
        second = int(self._now() - self._start)
        if not self.quotas[operation].take():
            self.throttled[operation][second] += 1
            raise client_error(
                "ProvisionedThroughputExceededException", operation, "Provisioned rate exceeded"
            )
        self.accepted[operation][second] += 1
        self.paid[operation, key] += 1
        return answer(operation, int(key.rpartition("/")[2].removesuffix(".jpg")))

    def set_share(self, share: float, full: Mapping[str, float]) -> None:
        for operation, bucket in self.quotas.items():
            bucket.set_rate(full[operation] * share)

    def count(self, of: Mapping[str, Counter[int]], begin: int = 0, end: int = 1 << 30) -> int:
        return sum(n for counted in of.values() for second, n in counted.items() if begin <= second < end)
