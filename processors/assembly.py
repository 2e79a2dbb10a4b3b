"""How the parts of the pipeline fit together on AWS adapters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contract.settings import ProcessorSettings
from processors.adapters.dynamodb import DynamoDBTable
from processors.adapters.dynamodb_attempts import DynamoDBAttempts
from processors.adapters.dynamodb_batches import BatchCalls
from processors.adapters.dynamodb_budgets import DynamoDBBudgets
from processors.adapters.dynamodb_inserts import Inserts
from processors.adapters.rekognition import RekognitionDetectors
from processors.adapters.s3 import S3Objects
from processors.adapters.sns import SnsTopic
from processors.adapters.sqs import SqsQueues
from processors.announcing import Announcer
from processors.asking import Asker, Caller
from processors.attempts import Attempts
from processors.batch import ImageBatch
from processors.budget.lanes import Lane
from processors.budget.line import BudgetStore, Line
from processors.budget.turns import Turns
from processors.committing import Committer
from processors.deadline import Deadline
from processors.detectors import chosen
from processors.detectors.detector import Detector
from processors.handing_back import HandBack
from processors.pipeline import Pipeline
from processors.recognition import Recognizer
from processors.retrying import BRIEF_ATTEMPTS, PATIENT_ATTEMPTS, RetryPolicy
from processors.surroundings import Surroundings
from processors.surveying import Surveyor
from processors.telemetry import Counter, Log


@dataclass(frozen=True)
class Clients:
    """The boto3 clients of a worker, each making one attempt a call."""

    dynamodb: Any
    rekognition: Any
    s3: Any
    sns: Any
    sqs: Any


def assemble(
    settings: ProcessorSettings, aws: Clients, counter: Counter, log: Log, around: Surroundings
) -> ImageBatch:
    """Put together all that deals with a batch."""
    retry, executor = RetryPolicy(around.sleep), around.new_executor(settings.concurrent_calls)
    name, patient = settings.table_name, RetryPolicy(around.sleep, PATIENT_ATTEMPTS)
    table = DynamoDBTable(
        client=aws.dynamodb,
        table_name=name,
        retry=retry,
        batches=BatchCalls(aws.dynamodb, name, retry, executor),
        patient_batches=BatchCalls(aws.dynamodb, name, patient, executor),
        inserts=Inserts(aws.dynamodb, name, executor),
        executor=executor,
        clock=around.clock,
    )
    objects = S3Objects(aws.s3, settings.bucket_name, retry)
    queues = SqsQueues(aws.sqs, settings.dead_letter_queue_urls(), retry)
    detectors = chosen(settings)
    budgets = DynamoDBBudgets(aws.dynamodb, name, RetryPolicy(around.sleep, BRIEF_ATTEMPTS))
    callers = _Callers(settings, budgets, counter, log, around)
    asker = Asker(
        callers={name: callers.caller(detector) for name, detector in detectors.items()},
        rekognition=RekognitionDetectors(aws.rekognition, settings.bucket_name, retry, counter),
        objects=objects,
        results=table,
        counter=counter,
        now=around.now,
        new_id=around.new_id,
        wait=around.wait,
    )
    recognizer = Recognizer(detectors, table, asker, counter, settings.answers_are_shared)
    pipeline = Pipeline(
        bucket_name=settings.bucket_name,
        bulk_queue_name=settings.bulk_queue_url.rsplit("/", 1)[1],
        surveyor=Surveyor(table, objects, executor, recognizer.fingerprints(), around.clock),
        recognizer=recognizer,
        committer=Committer(table),
        announcer=Announcer(SnsTopic(aws.sns, settings.topic_arn, retry), settings.bucket_name, counter),
        counter=counter,
        now=around.now,
    )
    attempts = Attempts(DynamoDBAttempts(aws.dynamodb, name, retry, around.clock), log)
    hand_back = HandBack(queues, counter, log, around.clock, around.now, around.spread)
    return ImageBatch(pipeline, attempts, hand_back, counter, log)


@dataclass(frozen=True)
class _Callers:
    """Gives each detector a line and threads of its own: one that has to wait holds up no other."""

    settings: ProcessorSettings
    budgets: BudgetStore
    counter: Counter
    log: Log
    around: Surroundings

    def caller(self, detector: Detector) -> Caller:
        line, around = self._line(detector.question.operation), self.around

        def turns(lane: Lane, expected: int, deadline: Deadline) -> Turns:
            return Turns(
                line, lane, expected, deadline, around.new_lock(), around.clock, around.sleep, around.spread
            )

        return Caller(detector, around.new_executor(self.settings.concurrent_calls), turns)

    def _line(self, operation: str) -> Line:
        quota = self.settings.quotas[operation]
        share = quota / self.settings.workers
        limit = self.settings.daily_call_limits.get(operation)
        return Line(
            operation,
            quota,
            share,
            self.budgets,
            self.around.clock,
            self.counter,
            self.log,
            None if limit is None else int(limit),
        )
