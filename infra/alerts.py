"""Telling people of photos by rules, where the policy has some: a queue, a function, a topic."""

from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sns as sns
from constructs import Construct

from contract import timing
from contract.alerts import ALERT_PREFIX, FLUSH_EVENT, FLUSH_MINUTES, asks_for_persons
from contract.environment import dump
from contract.people import PEOPLE
from contract.records import Status
from contract.settings import AlertsSettings
from contract.table import RECORD_PREFIX
from infra.functions import PythonFunction, allow, allow_on_items, ask_every
from infra.settings import DeploymentSettings
from infra.topics import SubscribedQueue, encrypted_topic

BATCH_SIZE = 100
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
        self.topic = encrypted_topic(self, display_name="imagepipe alerts", email=settings.alert_email)
        with_persons = asks_for_persons(settings.alerts_json)
        self.function = PythonFunction(
            self,
            "Alerting",
            room="processors",
            entry="alerts_handler",
            service="alerts",
            code=code,
            environment=dump(
                AlertsSettings(
                    table.table_name,
                    self.topic.topic_arn,
                    settings.alerts_json,
                    settings.people_similarity_percent if with_persons else 0.0,
                )
            ),
            timeout_seconds=timing.ALERTS_TIMEOUT_SECONDS,
            memory_mb=MEMORY_MB,
            log_retention_days=settings.log_retention_days,
        ).function
        on_items = ["dynamodb:GetItem", "dynamodb:PutItem"]
        allow_on_items(self.function, on_items, table, [f"{ALERT_PREFIX}*"])
        if with_persons:
            allow_on_items(self.function, ["dynamodb:Query"], table, [PEOPLE])
            allow_on_items(self.function, ["dynamodb:BatchGetItem"], table, [f"{RECORD_PREFIX}*"])
        allow(self.function, ["sns:Publish"], self.topic.topic_arn)
        waiting = SubscribedQueue(
            self,
            told_by,
            self.function,
            retention_days=timing.QUEUE_RETENTION_DAYS,
            visibility_seconds=timing.ALERTS_VISIBILITY_SECONDS,
            max_receives=timing.ALERTS_MAX_RECEIVES,
            batch_size=BATCH_SIZE,
            window_seconds=timing.ALERTS_WINDOW_SECONDS,
            only={"status": sns.SubscriptionFilter.string_filter(allowlist=[str(Status.RECOGNIZED)])},
        )
        self.queue, self.dead_letters = waiting.queue, waiting.dead_letters
        ask_every(self, "Flush", Duration.minutes(FLUSH_MINUTES), self.function, **{FLUSH_EVENT: "due"})
