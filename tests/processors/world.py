"""A small world to run the real handler in: AWS in memory, and a queue whose messages the test delivers."""

import itertools
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple, cast

from aws_lambda_powertools import Logger

from contract.corrections import NONE, Corrections, corrections_key
from contract.detectors import OPERATIONS
from contract.edits import Edit
from contract.items import from_wire, to_wire
from contract.meaning import INVOKE_MODEL, MEANING_SEEN, VECTORS_A_SECOND
from contract.metrics import Metric
from contract.quotas import IN_LARGE_REGIONS
from contract.records import ImageRecord, ImageVersion, Status
from contract.regions import line_name, split_line
from contract.settings import ProcessorSettings
from contract.table import RECORD, attempts_key
from processors.batch import ImageBatch
from processors.runtime import Deadline, Runtime
from processors.telemetry import Log
from processors.wiring import Clients, assemble
from tests.fakes import meaning
from tests.fakes.calls import Calls
from tests.fakes.dynamodb import TABLE, FakeDynamoDB
from tests.fakes.meaning import FakeMeaning
from tests.fakes.pictures import FILMS, FUNCTION, RENDITIONS, FakePictures
from tests.fakes.rekognition import FakeRekognition
from tests.fakes.s3 import BUCKET, START, FakeS3
from tests.fakes.s3_versions import StoredVersion, Versioning
from tests.fakes.sns import COMPLETIONS, FakeSNS
from tests.fakes.sqs import DEAD_LETTERS, IMAGES, FakeSQS

SETTINGS = ProcessorSettings(
    bucket_name=BUCKET,
    table_name=TABLE,
    topic_arn=COMPLETIONS,
    queue_url=IMAGES,
    dead_letter_queue_url=DEAD_LETTERS,
    bulk_queue_url=f"{IMAGES}-bulk",
    bulk_dead_letter_queue_url=f"{DEAD_LETTERS}-bulk",
)
HOME, WEST, EUROPE = "us-east-1", "us-west-2", "eu-west-1"
# A line at home of ten calls a second is soon long, so that all regions are asked.
WITH_REGIONS = replace(
    SETTINGS,
    quotas={"DetectLabels": 10.0, "DetectFaces": 10.0},
    regional_quotas={
        line_name(region, operation): 10.0
        for region in (WEST, EUROPE)
        for operation in ("DetectLabels", "DetectFaces")
    },
)
WITH_MEANING = replace(SETTINGS, meaning_function=meaning.FUNCTION)
WITH_PICTURES = replace(SETTINGS, pictures_function=FUNCTION, renditions_bucket=RENDITIONS)
WITH_SIGHT = replace(
    WITH_PICTURES,
    seeing_function=meaning.SEEING,
    quotas={**IN_LARGE_REGIONS, INVOKE_MODEL: VECTORS_A_SECOND},
)
# What is paid for, by detector.
PAID = {**OPERATIONS, MEANING_SEEN: INVOKE_MODEL}
# One space is searched, the other is filled.
WITH_BOTH = replace(WITH_SIGHT, meaning_function=meaning.FUNCTION)
WITH_FILMS = replace(WITH_PICTURES, films_function=FILMS)


class LazyFuture(Future[Any]):
    """A task that is done when somebody wants to know, in that one's thread."""

    def __init__(self, task: Callable[[], Any]) -> None:
        super().__init__()
        self._task = task

    def run(self) -> None:
        """Do the task, once. What is no Exception crashes everything, as a kill does."""
        if self.done():
            return
        try:
            self.set_result(self._task())
        except Exception as fault:  # noqa: BLE001 - as an executor does
            self.set_exception(fault)

    def result(self, timeout: float | None = None) -> Any:
        self.run()
        return super().result(timeout)


class InlineExecutor(Executor):
    """Does each task when its result is asked for, in the caller's thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> LazyFuture:
        return LazyFuture(partial(fn, *args, **kwargs))


def wait_for_one(futures: Collection[Future[Any]], _seconds: float) -> None:
    """Have one more future done: answers that come far apart."""
    unfinished = next((future for future in futures if not future.done()), None)
    if isinstance(unfinished, LazyFuture):
        unfinished.run()


class Delivery(NamedTuple):
    """A message as SQS hands it over; `sent_at` is in seconds since 1970."""

    message_id: str
    body: str
    receive_count: int
    sent_at: float


@dataclass
class CountedMetrics:
    """Counts, to be looked at."""

    counts: dict[Metric, int] = field(default_factory=dict)

    def add(self, count: Metric, by: int = 1) -> None:
        self.counts[count] = self.counts.get(count, 0) + by

    def __getitem__(self, count: Metric) -> int:
        return self.counts.get(count, 0)


class World:
    """The pipeline on fakes. Waits between retries take no time."""

    def __init__(self, *, versioned: bool = True, settings: ProcessorSettings = SETTINGS) -> None:
        self.calls = Calls()
        self.s3 = FakeS3(self.calls, Versioning.ENABLED if versioned else Versioning.NEVER)
        self.table = FakeDynamoDB(self.calls)
        self.pictures = FakePictures(self.s3, self.calls)
        self.meanings = FakeMeaning(self.calls, renditions=self.pictures.renditions)
        self.rekognition = FakeRekognition(self.s3, self.calls, renditions=self.pictures.renditions)
        self.s3.plain[RENDITIONS] = self.pictures.renditions
        paid = self.rekognition.paid
        self.abroad = {
            region: FakeRekognition(self.s3, self.calls, paid=paid, abroad=region)
            for region in dict.fromkeys(split_line(line)[0] for line in settings.regional_quotas)
        }
        self.topic = FakeSNS(self.calls)
        self.tally = CountedMetrics()
        self.remaining_seconds = 60.0
        self.latencies: list[float] = []
        self.messages = 0
        self.queues = FakeSQS(self.calls)
        self.now = START.timestamp()
        ids = itertools.count()
        self._around = Runtime(
            new_executor=lambda _threads: InlineExecutor(),
            new_lock=nullcontext,
            wait=wait_for_one,
            clock=lambda: self.now,
            sleep=self._sleep,
            spread=lambda longest: longest / 2,
            new_id=lambda: f"id-{next(ids)}",
        )
        self.settings = settings
        self._idle: list[ImageBatch] = []

    def invoke(self, **request: Any) -> dict[str, Any]:
        """Ask one of the functions that the processor asks."""
        of_meaning = request["FunctionName"] in (meaning.FUNCTION, meaning.SEEING)
        return (self.meanings if of_meaning else self.pictures).invoke(**request)

    def use(self, settings: ProcessorSettings) -> None:
        """Deploy other settings: Lambda begins with new workers."""
        self.settings, self._idle = settings, []

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def deliver(self, *bodies: Any, receive_count: int = 1, queue_name: str = "images") -> list[str]:
        """Hand a batch to the processor, one message a body; give the bodies' places that come back.

        A body is an S3 notification record, a list of them, or the text of a message.
        """
        texts = [body if isinstance(body, str) else json.dumps({"Records": _list(body)}) for body in bodies]
        sent_at = START.timestamp()
        return self.deliver_messages(
            [Delivery(str(place), text, receive_count, sent_at) for place, text in enumerate(texts)],
            queue_name,
        )

    def deliver_messages(self, deliveries: Sequence[Delivery], queue_name: str = "images") -> list[str]:
        """Hand over a batch of one queue; return the ids of the messages that come back."""
        records = [self._record(delivery, queue_name) for delivery in deliveries]
        deadline = Deadline(lambda: int(self.remaining_seconds * 1000))
        worker = self._idle.pop() if self._idle else self._new_worker()
        try:
            reply = worker.answer({"Records": records}, deadline)
        finally:
            self._idle.append(worker)
        failed = [failure["itemIdentifier"] for failure in reply["batchItemFailures"]]
        for delivery in deliveries:
            if delivery.message_id not in failed:
                self.queues.acknowledge(_url(queue_name), delivery.message_id)
        return failed

    def _new_worker(self) -> ImageBatch:
        """Make one more worker: as in Lambda, none is given a batch while it is at another."""
        aws = Clients(
            self.table,
            self.rekognition,
            self.s3,
            self.topic,
            self.queues,
            self,
            self.abroad,
            HOME if self.abroad else "",
        )
        log = cast("Log", Logger(service="test", level="CRITICAL"))
        return assemble(self.settings, aws, self.tally, log, self._around, latency=self.latencies.append)

    def record(self, key: str) -> ImageRecord | None:
        """Read a record as it stands."""
        item = self.table.items.get((f"image#{key}", RECORD))
        return ImageRecord.from_item(from_wire(item)) if item else None

    def revision(self, key: str) -> str | None:
        """Read the revision of a record."""
        record = self.record(key)
        return record.revision if record else None

    def corrections(self, content_id: str) -> Corrections:
        """Read what people say of a content."""
        item = self.table.items.get(corrections_key(content_id))
        return Corrections.from_item(from_wire(item)) if item else NONE

    def correct(self, content_id: str, edit: Edit, by: str = "ana", at: str = "2026-02-01T00:00:00Z") -> None:
        """Write what somebody says of a content, and tell nobody."""
        place, said = corrections_key(content_id), self.corrections(content_id).edited(edit, by, at)
        if said.number:
            self.table.items[place] = to_wire(place._asdict() | said.to_item())

    def forget_detectors(self, key: str) -> None:
        """Have a record look as if other detectors were asked then."""
        self.table.items[f"image#{key}", RECORD]["detectors"] = {"M": {"labels": {"S": "of another time"}}}

    def status(self, key: str) -> Status | None:
        """Read where a key has ended."""
        record = self.record(key)
        return record.status if record else None

    def visible_terms(self, key: str) -> set[str]:
        """List the index terms under which readers are shown a key."""
        record = self.record(key)
        rows = [from_wire(item) for (pk, _), item in self.table.items.items() if pk.startswith("index#")]
        return {
            row["pk"].removeprefix("index#").rsplit("#", 1)[0]
            for row in rows
            if row["key"] == key and record is not None and row["revision"] == record.revision
        }

    def index_row_count(self) -> int:
        """Count all index rows, visible or not."""
        return sum(pk.startswith("index#") for pk, _ in self.table.items)

    def attempts_at(self, message_id: str) -> int:
        """Read how often a message is known to have failed for a reason of its own."""
        at = attempts_key(message_id)
        item = self.table.items.get((at.pk, at.sk))
        return int(item["attempts"]["N"]) if item else 0

    def records(self) -> list[ImageRecord]:
        """Read all records."""
        return [
            ImageRecord.from_item(from_wire(item))
            for (_, sk), item in self.table.items.items()
            if sk == RECORD
        ]

    def saved_results(self) -> set[tuple[str, bytes]]:
        """List which operations have a saved result for which bytes."""
        return {(operation, stored.body or b"") for operation, _, stored in self._saved()}

    def saved_versions(self) -> set[tuple[str, str, str]]:
        """List which operations have a saved result for which versions of which keys."""
        return {(operation, key, stored.version_id or "") for operation, key, stored in self._saved()}

    def _saved(self) -> Iterator[tuple[str, str, StoredVersion]]:
        versions = {
            f"content#{self._content_id(key, stored)}": (key, stored)
            for key, stored_of in self.s3.everything.items()
            for stored in stored_of
            if stored.body is not None
        }
        for (pk, sk), item in self.table.items.items():
            operation = PAID.get(sk.split("#")[0])
            if pk in versions and "answer" in item and operation is not None:
                yield operation, *versions[pk]

    def _content_id(self, key: str, stored: StoredVersion) -> str:
        version = ImageVersion(key, stored.etag, len(stored.body or b""), stored.version_id, "")
        return version.content_id if self.settings.answers_are_shared else version.own_content_id

    def _record(self, delivery: Delivery, queue_name: str) -> dict[str, Any]:
        self.messages += 1
        receipt = f"receipt-{self.messages}"
        queue_url = _url(queue_name)
        self.queues.hand_over(queue_url, delivery.message_id, delivery.body, receipt)
        return {
            "messageId": delivery.message_id,
            "receiptHandle": receipt,
            "body": delivery.body,
            "attributes": {
                "ApproximateReceiveCount": str(delivery.receive_count),
                "SentTimestamp": str(round(delivery.sent_at * 1000)),
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue_name}",
            "awsRegion": "us-east-1",
        }


def _list(body: Any) -> list[Any]:
    return [body] if isinstance(body, dict) else list(body)


def _url(queue_name: str) -> str:
    return f"{IMAGES.rpartition('/')[0]}/{queue_name}"
