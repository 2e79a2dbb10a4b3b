"""The real processor and the parts of operations on one bucket, one table, and queues in memory."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from aws.calls import TableBatches
from aws.queues import SqsQueue
from operations.adapters.aws_errors import translated
from operations.adapters.dynamodb import OperatedTable
from operations.adapters.dynamodb_renditions import DynamoDBRenditions
from operations.adapters.s3 import S3Bucket
from operations.adapters.sqs import queue_of
from operations.commands.reconcile import Fix, Fixed
from operations.inventory import Listed
from operations.spool import Difference, DifferenceKind, Spool
from operations.survey import Survey, SurveyCounts
from operations.wiring import RETRY, Names
from tests.fakes.dynamodb import TABLE
from tests.fakes.s3 import BUCKET
from tests.fakes.sqs import BULK, BULK_DEAD_LETTERS, DEAD_LETTERS, IMAGES, FakeSQS
from tests.operations.deployments import FakeLambda, FakeServiceQuotas
from tests.operations.stores import ScannedDynamoDB
from tests.processors.world import SETTINGS, InlineExecutor, World

TOPIC = "arn:aws:sns:us-east-1:123456789012:completions"
API = "https://a1b2c3.execute-api.us-east-1.amazonaws.com"
NAMES = Names(BUCKET, TABLE, IMAGES, DEAD_LETTERS, BULK, BULK_DEAD_LETTERS, TOPIC, API)
AT_ONCE = replace(RETRY, sleep=lambda _seconds: None)


def queue(client: Any, url: str) -> SqsQueue:
    return queue_of(client, url, AT_ONCE)


@dataclass
class KeptRenditions:
    """The bucket of renditions, as far as a survey asks it."""

    kept: dict[str, bytes]

    def pages(self, prefix: str) -> Iterator[list[Listed]]:
        keys = sorted(key for key in self.kept if key.startswith(prefix))
        yield from ([Listed(key, "e", 1, 0.0) for key in keys[at : at + 3]] for at in range(0, len(keys), 3))

    def look(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


@dataclass
class OperatedWorld:
    """A world whose operator's clock is far ahead of its photos, so that none of them is young."""

    world: World
    queues: FakeSQS = field(default_factory=FakeSQS)
    before_sleep: Callable[[], None] = lambda: None
    now: float = 1_800_000_000.0

    def __post_init__(self) -> None:
        executor = InlineExecutor()
        self.s3, self.dynamodb = self.world.s3, ScannedDynamoDB(self.world.table)
        self.s3.page = 3
        client: Any = self.dynamodb
        reads = TableBatches(client, TABLE, translated, AT_ONCE, executor)
        self.table = OperatedTable(client, TABLE, AT_ONCE, reads)
        objects: Any = self.s3
        self.bucket = S3Bucket(objects, BUCKET, AT_ONCE)
        self.executor = executor
        self.pipeline: Any = SimpleNamespace(
            names=NAMES,
            bucket=self.bucket,
            table=self.table,
            renditions=KeptRenditions(self.world.pictures.renditions),
            named_renditions=DynamoDBRenditions(client, TABLE, AT_ONCE, reads),
            bulk=SimpleNamespace(queue=queue(self.queues, BULK)),
            executor=executor,
        )
        self.functions = FakeLambda(SETTINGS)
        self.account = FakeServiceQuotas()

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.before_sleep()
        self.now += seconds

    @contextlib.contextmanager
    def surveyed(self, prefix: str = "", min_age: float = 60) -> Iterator[tuple[Spool, SurveyCounts]]:
        with Spool() as spool:
            survey = Survey(self.pipeline, spool, self.clock, min_age)
            for _ in survey.run(prefix):
                pass
            yield spool, survey.counted

    def found(self, prefix: str = "", min_age: float = 60) -> dict[DifferenceKind, list[Any]]:
        """Survey; return keys, and for index rows where they stand."""
        with self.surveyed(prefix, min_age) as (spool, _):
            return {kind: [_what(finding) for finding in everything(spool, kind)] for kind in DifferenceKind}

    def fix(self, spool: Spool) -> Fixed:
        fix = Fix(self.pipeline, spool, self.clock, self.sleep)
        for _ in (*fix.queue_keys(), *fix.sweep(), *fix.remove_renditions()):
            pass
        return fix.fixed

    def work_off_bulk(self) -> None:
        """Deliver what was queued to the real processor."""
        if bodies := self.queues.take_all(BULK):
            assert self.world.deliver(*bodies) == []


def everything(spool: Spool, kind: DifferenceKind) -> list[Difference]:
    return [finding for page in spool.pages(kind) for finding in page]


def _what(finding: Difference) -> Any:
    return finding.key if finding.pk is None else (finding.pk, finding.sk)
