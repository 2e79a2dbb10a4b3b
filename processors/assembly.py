"""How the parts of the pipeline fit together on AWS adapters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws.calls import TableBatches
from contract.settings import ProcessorSettings
from processors.adapters.aws_errors import translated
from processors.adapters.dynamodb import ImageTable
from processors.adapters.dynamodb_attempts import DynamoDBAttempts
from processors.adapters.dynamodb_rate_limits import DynamoDBRateLimits
from processors.adapters.rekognition import RekognitionDetectors
from processors.adapters.s3 import S3Objects
from processors.adapters.sns import SnsTopic
from processors.adapters.sqs import SqsQueues
from processors.batch import ImageBatch
from processors.detectors import chosen
from processors.detectors.detector import Detector
from processors.failed_messages import Attempts, FailedMessages
from processors.pipeline.commit import Committer
from processors.pipeline.detection import Caller, DetectorRunner
from processors.pipeline.pipeline import Pipeline
from processors.pipeline.publish import Publisher
from processors.pipeline.recognition import Recognizer
from processors.pipeline.triage import Triage
from processors.rate_limit.limiter import Lane, SharedRateLimiter
from processors.rate_limit.permits import Permits
from processors.retrying import BRIEF_ATTEMPTS, PATIENT_ATTEMPTS, retry_policy
from processors.runtime import Deadline, Runtime
from processors.telemetry import Log, Metrics


@dataclass(frozen=True)
class Clients:
    """The boto3 clients of a worker, each making one attempt a call."""

    dynamodb: Any
    rekognition: Any
    s3: Any
    sns: Any
    sqs: Any


def assemble(
    settings: ProcessorSettings, aws: Clients, metrics: Metrics, log: Log, runtime: Runtime
) -> ImageBatch:
    """Put together all that deals with a batch."""
    retry, executor = retry_policy(runtime.sleep), runtime.new_executor(settings.concurrent_calls)
    name, patient = settings.table_name, retry_policy(runtime.sleep, PATIENT_ATTEMPTS)
    table = ImageTable(
        client=aws.dynamodb,
        table_name=name,
        retry=retry,
        batches=TableBatches(aws.dynamodb, name, translated, retry, executor),
        patient_batches=TableBatches(aws.dynamodb, name, translated, patient, executor),
        executor=executor,
        clock=runtime.clock,
    )
    objects = S3Objects(aws.s3, settings.bucket_name, retry)
    queues = SqsQueues(aws.sqs, settings.dead_letter_queue_urls(), retry)
    detectors = chosen(settings)
    budgets = DynamoDBRateLimits(aws.dynamodb, name, retry_policy(runtime.sleep, BRIEF_ATTEMPTS))
    callers = _Callers(settings, budgets, metrics, log, runtime)
    runner = DetectorRunner(
        callers={name: callers.caller(detector) for name, detector in detectors.items()},
        rekognition=RekognitionDetectors(aws.rekognition, settings.bucket_name, retry, metrics),
        objects=objects,
        results=table,
        metrics=metrics,
        now=runtime.now,
        new_id=runtime.new_id,
        wait=runtime.wait,
    )
    recognizer = Recognizer(detectors, table, runner, metrics, settings.answers_are_shared)
    pipeline = Pipeline(
        bucket_name=settings.bucket_name,
        bulk_queue_name=settings.bulk_queue_url.rsplit("/", 1)[1],
        triage=Triage(table, objects, executor, recognizer.fingerprints(), runtime.clock),
        recognizer=recognizer,
        committer=Committer(table),
        publisher=Publisher(SnsTopic(aws.sns, settings.topic_arn, retry), settings.bucket_name, metrics),
        metrics=metrics,
        now=runtime.now,
    )
    attempts = Attempts(DynamoDBAttempts(aws.dynamodb, name, retry, runtime.clock), log)
    failed_messages = FailedMessages(queues, metrics, log, runtime.clock, runtime.now, runtime.spread)
    return ImageBatch(pipeline, attempts, failed_messages, metrics, log)


@dataclass(frozen=True)
class _Callers:
    """Gives each detector a line and threads of its own: one that has to wait holds up no other."""

    settings: ProcessorSettings
    budgets: DynamoDBRateLimits
    metrics: Metrics
    log: Log
    runtime: Runtime

    def caller(self, detector: Detector) -> Caller:
        limiter, runtime = self._limiter(detector.question.operation), self.runtime

        def permits(lane: Lane, expected: int, deadline: Deadline) -> Permits:
            return Permits(
                limiter,
                lane,
                expected,
                deadline,
                runtime.new_lock(),
                runtime.clock,
                runtime.sleep,
                runtime.spread,
            )

        return Caller(detector, runtime.new_executor(self.settings.concurrent_calls), permits)

    def _limiter(self, operation: str) -> SharedRateLimiter:
        quota = self.settings.quotas[operation]
        share = quota / self.settings.workers
        limit = self.settings.daily_call_limits.get(operation)
        return SharedRateLimiter(
            operation,
            quota,
            share,
            self.budgets,
            self.runtime.clock,
            self.metrics,
            self.log,
            None if limit is None else int(limit),
        )
