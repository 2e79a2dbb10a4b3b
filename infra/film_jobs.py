"""Jobs of Rekognition on whole films: where their ends are told, and what keeps what they found."""

from pathlib import Path

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from contract import timing
from contract.film_jobs import JOBS, OPEN_JOBS, SWEEP_EVENT, SWEEP_MINUTES
from contract.film_persons import PERSONS_JOBS
from contract.people import PEOPLE
from contract.settings import FilmJobsSettings
from contract.table import CONTENT_PREFIX
from infra.functions import PythonFunction, allow, allow_on_items, allow_on_objects, ask_every
from infra.intake import ObjectEvents
from infra.pictures import Pictures, environment
from infra.settings import DeploymentSettings
from infra.topics import SubscribedQueue, encrypted_topic

BATCH_SIZE = 1
# 200,000 words of a film take 112 MB to read, their raw results 28 MB of it: those are packed as they come.
MEMORY_MB = 512


class FilmJobs(Construct):
    """Ends of jobs go to `topic`, wait in a queue, and are taken by a function, which seeks lost ones too.

    `role` is Rekognition's, which may publish to the topic and nothing else, for this account alone.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        code: Path,
        intake: ObjectEvents,
        table: dynamodb.ITable,
        pictures: Pictures,
    ) -> None:
        super().__init__(scope, construct_id)
        self._table = table
        self.topic = encrypted_topic(self)
        # For stored videos the account is all that AWS gives to go by.
        # https://docs.aws.amazon.com/rekognition/latest/dg/cross-service-confused-deputy-prevention.html
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "rekognition.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            ),
        )
        self.topic.grant_publish(self.role)
        self.function = PythonFunction(
            self,
            "Ends",
            room="processors",
            entry="film_jobs_handler",
            service="film-jobs",
            code=code,
            environment=environment(
                FilmJobsSettings(
                    bucket_name=intake.bucket.bucket_name,
                    renditions_bucket=pictures.renditions.bucket_name,
                    table_name=table.table_name,
                    bulk_queue_url=intake.bulk.queue.queue_url,
                    people_in_films="yes" if settings.people_in_films else "",
                )
            ),
            timeout_seconds=timing.FILM_JOBS_TIMEOUT_SECONDS,
            memory_mb=MEMORY_MB,
            log_retention_days=settings.log_retention_days,
        ).function
        self._permit(intake, table, pictures)
        if settings.people_in_films:
            self._find_persons(table)
        waiting = SubscribedQueue(
            self,
            self.topic,
            self.function,
            retention_days=timing.FILM_JOBS_RETENTION_DAYS,
            visibility_seconds=timing.FILM_JOBS_VISIBILITY_SECONDS,
            max_receives=timing.FILM_JOBS_MAX_RECEIVES,
            batch_size=BATCH_SIZE,
        )
        self.dead_letters = waiting.dead_letters
        ask_every(self, "Sweep", Duration.minutes(SWEEP_MINUTES), self.function, **{SWEEP_EVENT: "due"})

    def serve(self, processor: lambda_.Function) -> None:
        """Let the processor begin jobs, and give Rekognition the role for them."""
        allow(processor, [f"rekognition:{spec.start}" for spec in JOBS.values()], "*")
        allow_on_items(processor, ["dynamodb:GetItem"], self._table, [OPEN_JOBS.pk])
        to_rekognition = {"StringEquals": {"iam:PassedToService": "rekognition.amazonaws.com"}}
        allow(processor, ["iam:PassRole"], self.role.role_arn, conditions=to_rekognition)

    def search_persons(self, processor: lambda_.Function, collection: str) -> None:
        """Let the processor begin jobs that search a collection."""
        (spec,) = PERSONS_JOBS.values()
        arn = Stack.of(self).format_arn(
            service="rekognition", resource="collection", resource_name=collection
        )
        allow(processor, [f"rekognition:{spec.start}"], arn)

    def _find_persons(self, table: dynamodb.ITable) -> None:
        """Let the function read what such jobs have found, and who is looked for."""
        (spec,) = PERSONS_JOBS.values()
        allow(self.function, [f"rekognition:{spec.get}"], "*")
        allow_on_items(self.function, ["dynamodb:Query"], table, [PEOPLE])

    def _permit(self, intake: ObjectEvents, table: dynamodb.ITable, pictures: Pictures) -> None:
        on_leases = ["dynamodb:GetItem", "dynamodb:PutItem"]
        allow_on_items(self.function, on_leases, table, [OPEN_JOBS.pk])
        on_answers = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"]
        allow_on_items(self.function, on_answers, table, [f"{CONTENT_PREFIX}*"])
        allow(self.function, [f"rekognition:{spec.get}" for spec in JOBS.values()], "*")
        # Whether a film is still there.
        intake.let_read(self.function, versions=False)
        allow_on_objects(self.function, ["s3:PutObject"], pictures.renditions)
        allow(self.function, ["sqs:SendMessage"], intake.bulk.queue.queue_arn)
