"""Telling people of photos by rules, where the policy has some: a queue, a function, a topic."""

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
from contract.alerts import ALERT_PREFIX, FLUSH_EVENT, FLUSH_MINUTES
from contract.environment import dump
from contract.records import Status
from contract.settings import AlertsSettings
from infra.functions import PythonFunction, allow
from infra.intake import dead_letter_queue
from infra.settings import DeploymentSettings

BATCH_SIZE = 100
# The fewest that Lambda takes: all change the same few items.
WORKERS = 2
MEMORY_MB = 256


class Alerts(Construct):
    """Completions of recognized photos wait in a queue, are held against the rules, and what is due is sent.

    `topic` is who is told. The function is asked every few minutes too, for what was held back.
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
            display_name="imagepipe alerts",
            enforce_ssl=True,
            master_key=kms.Alias.from_alias_name(self, "Key", "alias/aws/sns"),
        )
        if settings.alert_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(settings.alert_email))
        self.function = PythonFunction(
            self,
            "Alerting",
            room="processors",
            entry="alerts_handler",
            service="alerts",
            code=code,
            environment=dump(AlertsSettings(table.table_name, self.topic.topic_arn, settings.alerts_json)),
            timeout_seconds=timing.ALERTS_TIMEOUT_SECONDS,
            memory_mb=MEMORY_MB,
            log_retention_days=settings.log_retention_days,
        ).function
        only_ours = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{ALERT_PREFIX}*"]}}
        on_items = ["dynamodb:GetItem", "dynamodb:PutItem"]
        allow(self.function, on_items, table.table_arn, conditions=only_ours)
        allow(self.function, ["sns:Publish"], self.topic.topic_arn)
        self.dead_letters = dead_letter_queue(self)
        self._feed(told_by)
        self._ask_for_what_is_held_back()

    def _feed(self, told_by: sns.Topic) -> None:
        """Take what the topic says of recognized photos, and of no others.

        What SNS may not deliver, by a policy that was changed, it puts among the dead letters.
        """
        self.queue = queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(timing.QUEUE_RETENTION_DAYS),
            visibility_timeout=Duration.seconds(timing.ALERTS_VISIBILITY_SECONDS),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=timing.ALERTS_MAX_RECEIVES
            ),
        )
        told_by.add_subscription(
            subscriptions.SqsSubscription(
                queue,
                raw_message_delivery=True,
                dead_letter_queue=self.dead_letters,
                filter_policy={
                    "status": sns.SubscriptionFilter.string_filter(allowlist=[str(Status.RECOGNIZED)])
                },
            )
        )
        self.function.add_event_source_mapping(
            f"SqsEventSource:{Names.node_unique_id(queue.node)}",
            event_source_arn=queue.queue_arn,
            batch_size=BATCH_SIZE,
            max_batching_window=Duration.seconds(timing.ALERTS_WINDOW_SECONDS),
            report_batch_item_failures=True,
            max_concurrency=WORKERS,
        )
        queue.grant(self.function, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")

    def _ask_for_what_is_held_back(self) -> None:
        asked = events.RuleTargetInput.from_object({FLUSH_EVENT: "due"})
        events.Rule(
            self,
            "Flush",
            schedule=events.Schedule.rate(Duration.minutes(FLUSH_MINUTES)),
            targets=[targets.LambdaFunction(self.function, event=asked)],
        )
