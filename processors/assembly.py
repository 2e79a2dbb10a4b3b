"""How the parts of the pipeline fit together on AWS adapters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contract.settings import ProcessorSettings
from processors.adapters.dynamodb import DynamoDBTable
from processors.adapters.dynamodb_batches import BatchCalls
from processors.adapters.rekognition import RekognitionDetectors
from processors.adapters.s3 import S3Objects
from processors.adapters.sns import SnsTopic
from processors.adapters.sqs import SqsQueues
from processors.announcing import Announcer
from processors.batch import ImageBatch
from processors.committing import Committer
from processors.detectors import chosen
from processors.handing_back import HandBack
from processors.pipeline import Pipeline
from processors.recognition import Recognizer
from processors.retrying import PATIENT_ATTEMPTS, RetryPolicy
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
    retry, executor = RetryPolicy(around.sleep), around.executor
    batches = BatchCalls(aws.dynamodb, settings.table_name, retry, executor)
    patient = RetryPolicy(around.sleep, PATIENT_ATTEMPTS)
    table = DynamoDBTable(aws.dynamodb, settings.table_name, retry, patient, batches, around.clock)
    objects = S3Objects(aws.s3, settings.bucket_name, retry)
    queues = SqsQueues(aws.sqs, settings.dead_letter_queue_urls(), retry)
    recognizer = Recognizer(
        detectors=chosen(settings),
        rekognition=RekognitionDetectors(aws.rekognition, settings.bucket_name, retry, counter),
        objects=objects,
        store=table,
        executor=executor,
        counter=counter,
        now=around.now,
        new_id=around.new_id,
    )
    pipeline = Pipeline(
        bucket_name=settings.bucket_name,
        surveyor=Surveyor(table, objects, executor, recognizer.fingerprints()),
        recognizer=recognizer,
        committer=Committer(table, executor),
        announcer=Announcer(SnsTopic(aws.sns, settings.topic_arn, retry), settings.bucket_name, counter),
        counter=counter,
        now=around.now,
    )
    return ImageBatch(pipeline, HandBack(queues, counter, log, around.now, around.spread), counter, log)
