"""Telling of cameras: a queue of what is known of their pictures, a function, and a topic of events."""

from pathlib import Path

from aws_cdk import Duration, Names
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contract import timing
from contract.camera_telling import TICK_EVENT, TICK_MINUTES
from contract.cameras import CAMERA_PREFIX, write_cameras
from contract.environment import dump
from contract.settings import CamerasSettings
from contract.table import INDEX_PREFIX, RECORD_PREFIX, seen_term
from infra.functions import PythonFunction, allow
from infra.intake import dead_letter_queue
from infra.settings import DeploymentSettings

BATCH_SIZE = 100
# The fewest that Lambda takes: all change the same few items.
WORKERS = 2
MEMORY_MB = 256


class CameraEvents(Construct):
    """Completions of cameras' pictures wait in a queue; what comes and goes is sent to `topic`.

    The function is asked every minute too, for what ends, falls silent or is due though no picture comes.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        code: Path,
        table: dynamodb.ITable,
        told_by: sns.Topic,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self,
            "Topic",
            display_name="imagepipe cameras",
            enforce_ssl=True,
            master_key=kms.Alias.from_alias_name(self, "Key", "alias/aws/sns"),
        )
        if settings.camera_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(settings.camera_email))
        cameras = settings.all_cameras
        self.function = PythonFunction(
            self,
            "Telling",
            room="processors",
            entry="cameras_handler",
            service="cameras",
            code=code,
            environment=dump(CamerasSettings(table.table_name, self.topic.topic_arn, write_cameras(cameras))),
            timeout_seconds=timing.CAMERAS_TIMEOUT_SECONDS,
            memory_mb=MEMORY_MB,
            log_retention_days=settings.log_retention_days,
        ).function
        self._allow_on_keys(table, ["dynamodb:GetItem", "dynamodb:PutItem"], [f"{CAMERA_PREFIX}*"])
        # The pictures of these cameras, and nobody else's photos.
        seen = [f"{INDEX_PREFIX}{seen_term(camera.name)}#*" for camera in cameras]
        self._allow_on_keys(table, ["dynamodb:Query"], seen)
        records = [f"{RECORD_PREFIX}{camera.prefix}*" for camera in cameras]
        self._allow_on_keys(table, ["dynamodb:BatchGetItem"], records)
        allow(self.function, ["sns:Publish"], self.topic.topic_arn)
        self.dead_letters = dead_letter_queue(self)
        self._feed(told_by, [camera.name for camera in cameras])
        asked = events.RuleTargetInput.from_object({TICK_EVENT: "due"})
        events.Rule(
            self,
            "Tick",
            schedule=events.Schedule.rate(Duration.minutes(TICK_MINUTES)),
            targets=[targets.LambdaFunction(self.function, event=asked)],
        )

    def _allow_on_keys(self, table: dynamodb.ITable, actions: list[str], keys: list[str]) -> None:
        only_these = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}}
        allow(self.function, actions, table.table_arn, conditions=only_these)

    def _feed(self, told_by: sns.Topic, cameras: list[str]) -> None:
        """Take what the topic of completions says of cameras' pictures, and of no other photos."""
        self.queue = queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(timing.QUEUE_RETENTION_DAYS),
            visibility_timeout=Duration.seconds(timing.CAMERAS_VISIBILITY_SECONDS),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=timing.CAMERAS_MAX_RECEIVES
            ),
        )
        told_by.add_subscription(
            subscriptions.SqsSubscription(
                queue,
                raw_message_delivery=True,
                dead_letter_queue=self.dead_letters,
                filter_policy={"camera": sns.SubscriptionFilter.string_filter(allowlist=cameras)},
            )
        )
        self.function.add_event_source_mapping(
            f"SqsEventSource:{Names.node_unique_id(queue.node)}",
            event_source_arn=queue.queue_arn,
            batch_size=BATCH_SIZE,
            max_batching_window=Duration.seconds(timing.CAMERAS_WINDOW_SECONDS),
            report_batch_item_failures=True,
            max_concurrency=WORKERS,
        )
        queue.grant(self.function, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
