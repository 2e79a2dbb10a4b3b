"""What follows on the ends of jobs on films put together, once for each Lambda environment, by its entry."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools import Logger

from aws.calls import TableBatches
from contract.environment import load
from contract.errors import ImagepipeError
from contract.film_jobs import JOBS, SWEEP_EVENT, JobSpec
from contract.notifications import look_again
from contract.settings import FilmJobsSettings
from processors.adapters import calls
from processors.adapters.dynamodb import ImageTable
from processors.adapters.film_jobs import DynamoDBOpenJobs, RekognitionAnswers, is_there
from processors.adapters.messaging import ask_to_look
from processors.adapters.s3 import S3Objects
from processors.adapters.s3_renditions import S3Renditions
from processors.film_jobs.ends import JobEnds
from processors.runtime import Runtime
from processors.telemetry import Log

if TYPE_CHECKING:
    from processors.film_jobs.persons import PersonsFound

Answering = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class JobClients:
    """The boto3 clients of the function."""

    dynamodb: Any
    rekognition: Any
    s3: Any
    sqs: Any


def build() -> Answering:
    """Build what answers. Raises SettingsError naming everything that is missing."""
    settings = load(FilmJobsSettings, os.environ)
    clients = JobClients(*calls.clients("dynamodb", "rekognition", "s3", "sqs"))
    return assemble(settings, clients, Logger(), Runtime())


def assemble(settings: FilmJobsSettings, aws: JobClients, logger: Logger, runtime: Runtime) -> Answering:
    """Put together what answers: messages of the queue, or the schedule, which asks `{"sweep": "due"}`."""
    log, retry = cast("Log", logger), calls.retry_policy(runtime.sleep)
    patient = calls.retry_policy(runtime.sleep, calls.PATIENT_ATTEMPTS)
    executor = runtime.new_executor(1)
    batches = TableBatches(aws.dynamodb, settings.table_name, calls.translated, retry, executor)
    objects = S3Objects(aws.s3, settings.bucket_name, retry)

    def look(keys: list[str]) -> None:
        body = look_again(settings.bucket_name, keys, runtime.now())
        ask_to_look(aws.sqs, settings.bulk_queue_url, body, retry)

    kept = ImageTable(batches, patient, runtime.clock)
    specs, persons = _persons(settings, kept, runtime)
    ends = JobEnds(
        open_jobs=DynamoDBOpenJobs(aws.dynamodb, settings.table_name, retry),
        # Rekognition takes few questions a second, and a long film has many pages.
        found=RekognitionAnswers(aws.rekognition, patient, specs),
        kept=kept,
        is_there=lambda job, key: is_there(objects, job, key),
        look_again=look,
        renditions=S3Renditions(aws.s3, settings.renditions_bucket, retry),
        clock=runtime.clock,
        now=runtime.now,
        log=log,
        persons=persons,
    )

    def work(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        if SWEEP_EVENT in event:
            return {"ended": ends.sweep()}
        return take_messages(ends, event["Records"], log)

    return cast("Answering", logger.inject_lambda_context(work))


def _persons(
    settings: FilmJobsSettings, kept: ImageTable, runtime: Runtime
) -> tuple[Mapping[str, JobSpec], "PersonsFound | None"]:
    """Return the kinds of jobs that there are, and what keeps who was found by them."""
    if not settings.people_in_films:
        return JOBS, None
    from contract.film_persons import PERSONS_JOBS
    from processors.adapters.face_answers import FaceAnswers
    from processors.film_jobs.persons import PersonsFound

    return {**JOBS, **PERSONS_JOBS}, PersonsFound(kept, FaceAnswers(kept).scope, runtime.now)


def take_messages(ends: JobEnds, records: Sequence[Mapping[str, Any]], log: Log) -> dict[str, Any]:
    """Take completions; return which messages SQS has to bring again. What is none of ours is let go."""
    failed = []
    for record in records:
        try:
            completion = json.loads(record["body"])
            is_one = isinstance(completion, dict) and {"JobId", "JobTag"} <= completion.keys()
        except ValueError:
            is_one = False
        if not is_one:
            log.error(
                f"the message {record['messageId']} is no completion of a job", body=record["body"][:200]
            )
            continue
        try:
            ends.told(completion)
        except ImagepipeError as error:
            log.warning("the end of a job comes again", error=str(error), job=completion["JobId"])
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in failed]}
