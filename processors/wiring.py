"""The composition root: everything is made here, once for each Lambda environment, when first needed."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

from aws_lambda_powertools import Logger, Metrics, Tracer

from contract import environment
from contract.errors import ImagepipeError
from contract.settings import ProcessorSettings
from processors.adapters.dynamodb import DynamoDBTable
from processors.adapters.dynamodb_batches import BatchCalls
from processors.adapters.dynamodb_ledger import DynamoDBLedger
from processors.adapters.rekognition import RekognitionDetectors
from processors.adapters.s3 import S3Objects
from processors.adapters.sns import SnsTopic
from processors.adapters.sqs import SqsQueues
from processors.announcing import Announcer
from processors.batch import ImageBatch
from processors.committing import Committer
from processors.deadline import Deadline
from processors.detectors import chosen
from processors.handing_back import HandBack
from processors.pipeline import Pipeline
from processors.powertools import PowertoolsCounter, PowertoolsLog
from processors.recognition import Recognizer
from processors.retrying import RetryPolicy
from processors.telemetry import Counter, Ledger, Log

CONNECT_SECONDS = 3
READ_SECONDS = 10


@dataclass(frozen=True)
class Worker:
    """One Lambda environment's worth of pipeline, with its telemetry around it."""

    batch: ImageBatch
    counter: PowertoolsCounter
    ledger: Ledger
    log: PowertoolsLog

    def answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Work through one event; counts are written whatever happens."""
        self.log.logger.append_keys(request_id=context.aws_request_id)
        try:
            return self.batch.answer(event, Deadline(context.get_remaining_time_in_millis))
        finally:
            self._write_counts()

    def _write_counts(self) -> None:
        counted = self.counter.flush()
        try:
            self.ledger.add(counted)
        except ImagepipeError as failure:
            self.log.warning(f"counts of a batch were not added up: {failure.message}", code=failure.code)


@cache
def worker() -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Make the worker of this environment, traced. Raises SettingsError naming everything that is missing."""
    settings = environment.load(ProcessorSettings, os.environ)
    answer = assemble(settings, clients(settings.concurrent_calls)).answer
    traced: Callable[[dict[str, Any], Any], dict[str, Any]] = Tracer().capture_lambda_handler(answer)
    return traced


@dataclass(frozen=True)
class Clients:
    """The AWS clients of a worker."""

    dynamodb: Any
    rekognition: Any
    s3: Any
    sns: Any
    sqs: Any


def clients(connections: int) -> Clients:
    """Make the clients: one attempt each, for retrying is our own policy's, and short time-outs."""
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=connections,
    )
    session = boto3.session.Session()
    return Clients(
        *(session.client(name, config=config) for name in ("dynamodb", "rekognition", "s3", "sns", "sqs"))
    )


def assemble(settings: ProcessorSettings, aws: Clients) -> Worker:
    """Put a worker together from its settings and clients."""
    log, counter = PowertoolsLog(Logger()), PowertoolsCounter(Metrics())
    batch = assemble_batch(settings, aws, counter, log, RetryPolicy())
    return Worker(batch, counter, DynamoDBLedger(aws.dynamodb, settings.table_name, now), log)


def assemble_batch(
    settings: ProcessorSettings, aws: Clients, counter: Counter, log: Log, retry: RetryPolicy
) -> ImageBatch:
    """Put together all that deals with a batch, on AWS adapters."""
    queues = SqsQueues(aws.sqs, settings.dead_letter_queue_urls(), retry)
    hand_back = HandBack(queues, counter, log, now, spread=lambda longest: random.uniform(0, longest))  # noqa: S311
    return ImageBatch(assemble_pipeline(settings, aws, counter, retry), hand_back, counter, log)


def assemble_pipeline(
    settings: ProcessorSettings, aws: Clients, counter: Counter, retry: RetryPolicy
) -> Pipeline:
    """Put a pipeline together on AWS adapters."""
    executor = ThreadPoolExecutor(settings.concurrent_calls, thread_name_prefix="call")
    batches = BatchCalls(aws.dynamodb, settings.table_name, retry, executor)
    table = DynamoDBTable(aws.dynamodb, settings.table_name, retry, batches, time.time)
    objects = S3Objects(aws.s3, settings.bucket_name, retry)
    rekognition = RekognitionDetectors(aws.rekognition, settings.bucket_name, retry, counter)
    return Pipeline(
        bucket_name=settings.bucket_name,
        heads=table,
        objects=objects,
        recognizer=Recognizer(
            chosen(settings), rekognition, objects, table, executor, counter, now, new_id=lambda: uuid4().hex
        ),
        committer=Committer(table, executor),
        announcer=Announcer(SnsTopic(aws.sns, settings.topic_arn, retry), settings.bucket_name, counter),
        executor=executor,
        counter=counter,
        now=now,
    )


def now() -> str:
    """Give the time as the table holds times: ISO 8601, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
