"""Jobs of Rekognition on whole films: where their ends are told, and what keeps what they found."""

from pathlib import Path

from aws_cdk import Duration, Names, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contract import timing
from contract.environment import dump
from contract.film_jobs import JOBS, OPEN_JOBS, SWEEP_EVENT, SWEEP_MINUTES
from contract.settings import FilmJobsSettings
from contract.table import CONTENT_PREFIX
from infra.functions import PythonFunction, allow, allow_on_objects
from infra.intake import ObjectEvents, dead_letter_queue
from infra.pictures import Pictures
from infra.settings import DeploymentSettings

BATCH_SIZE = 1
# The fewest that Lambda takes.
WORKERS = 2
# What a film of six hours has is some ten thousand segments.
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
        self._table_arn = table.table_arn
        self.topic = sns.Topic(
            self,
            "Topic",
            enforce_ssl=True,
            master_key=kms.Alias.from_alias_name(self, "Key", "alias/aws/sns"),
        )
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
            environment=dump(
                FilmJobsSettings(
                    bucket_name=intake.bucket.bucket_name,
                    renditions_bucket=pictures.renditions.bucket_name,
                    table_name=table.table_name,
                    bulk_queue_url=intake.bulk.queue.queue_url,
                )
            ),
            timeout_seconds=timing.FILM_JOBS_TIMEOUT_SECONDS,
            memory_mb=MEMORY_MB,
            log_retention_days=settings.log_retention_days,
        ).function
        self._permit(intake, table, pictures)
        self._feed()
        events.Rule(
            self,
            "Sweep",
            schedule=events.Schedule.rate(Duration.minutes(SWEEP_MINUTES)),
            targets=[
                targets.LambdaFunction(
                    self.function, event=events.RuleTargetInput.from_object({SWEEP_EVENT: "due"})
                )
            ],
        )

    def serve(self, processor: lambda_.Function) -> None:
        """Let the processor begin jobs, and give Rekognition the role for them."""
        allow(processor, [f"rekognition:{spec.start}" for spec in JOBS.values()], "*")
        allow(processor, ["dynamodb:GetItem"], self._table_arn, conditions=_keys(OPEN_JOBS.pk))
        to_rekognition = {"StringEquals": {"iam:PassedToService": "rekognition.amazonaws.com"}}
        allow(processor, ["iam:PassRole"], self.role.role_arn, conditions=to_rekognition)

    def _permit(self, intake: ObjectEvents, table: dynamodb.ITable, pictures: Pictures) -> None:
        on_leases = ["dynamodb:GetItem", "dynamodb:PutItem"]
        allow(self.function, on_leases, table.table_arn, conditions=_keys(OPEN_JOBS.pk))
        on_answers = ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"]
        allow(self.function, on_answers, table.table_arn, conditions=_keys(f"{CONTENT_PREFIX}*"))
        allow(self.function, [f"rekognition:{spec.get}" for spec in JOBS.values()], "*")
        # Whether a film is still there; listing lets S3 answer "not found" instead of "access denied".
        intake.allow_photos(self.function, ["s3:GetObject"])
        allow(self.function, ["s3:ListBucket"], intake.bucket.bucket_arn)
        allow_on_objects(self.function, ["s3:PutObject"], pictures.renditions)
        allow(self.function, ["sqs:SendMessage"], intake.bulk.queue.queue_arn)

    def _feed(self) -> None:
        self.dead_letters = dead_letter_queue(self)
        queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(timing.FILM_JOBS_RETENTION_DAYS),
            visibility_timeout=Duration.seconds(timing.FILM_JOBS_VISIBILITY_SECONDS),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=timing.FILM_JOBS_MAX_RECEIVES
            ),
        )
        self.topic.add_subscription(
            subscriptions.SqsSubscription(
                queue, raw_message_delivery=True, dead_letter_queue=self.dead_letters
            )
        )
        self.function.add_event_source_mapping(
            f"SqsEventSource:{Names.node_unique_id(queue.node)}",
            event_source_arn=queue.queue_arn,
            batch_size=BATCH_SIZE,
            report_batch_item_failures=True,
            max_concurrency=WORKERS,
        )
        queue.grant(self.function, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def _keys(leading: str) -> dict[str, dict[str, list[str]]]:
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [leading]}}
