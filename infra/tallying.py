"""The tally Lambda, which counts images from the changes of the table, and audits it against the bucket."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from constructs import Construct

from contract import timing
from contract.settings import TallySettings, dump
from contract.table import CONTENT_PREFIX, RECORD, SORT_KEY
from contract.tallies import AUDIT_EVENT, AUDIT_PREFIX, COUNTED_PREFIX, TALLY_PREFIX, WHEN_DUE
from infra.functions import PythonFunction
from infra.intake import ObjectEvents
from infra.queueing import dead_letter_queue
from infra.settings import DeploymentSettings

# Scan is for counting anew alone.
READ_ACTIONS = ("dynamodb:BatchGetItem", "dynamodb:Scan")

# What is written of shares, counts, and names of contents. In a transaction, each item is written by the
# action that would write it alone.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
WRITE_ACTIONS = ("dynamodb:PutItem", "dynamodb:UpdateItem")
WRITTEN = (COUNTED_PREFIX, TALLY_PREFIX, CONTENT_PREFIX)

# For the names of contents, and the expiry of results. Nothing else is the tally's to delete.
CONTENT_ACTIONS = (
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:Query",
)

MAX_BATCH = 1000


class Tallying(Construct):
    """The tally, fed with the keys of records that were written.

    A batch that fails is sent again, in halves, until it works; repeating one changes nothing
    (contract/tallies.py). Changes that failed for half a day leave the line: `dead_letters` says from where
    to where in the stream, and counting anew does what they would have done.

    Once an hour it is asked to go on with the day's audit of the bucket, where the deployment has that.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        code: Path,
        table: dynamodb.ITable,
        intake: ObjectEvents,
    ) -> None:
        super().__init__(scope, construct_id)
        self._intake = intake
        self.function = PythonFunction(
            self,
            "Tally",
            room="processors",
            entry="counting_handler",
            service="tally",
            code=code,
            environment=dump(self._settings(table, is_auditing=settings.daily_check)),
            timeout_seconds=timing.TALLY_TIMEOUT_SECONDS,
            memory_mb=512,
            log_retention_days=settings.log_retention_days,
        ).function
        self.dead_letters = dead_letter_queue(self)
        table.grant(self.function, *READ_ACTIONS)
        self._allow_on_keys(table, WRITE_ACTIONS, WRITTEN)
        self._allow_on_keys(table, CONTENT_ACTIONS, [CONTENT_PREFIX])
        self._feed(table)
        if settings.daily_check:
            self._allow_on_keys(table, ["dynamodb:PutItem"], [AUDIT_PREFIX])
            self._audit()

    def _allow_on_keys(
        self, table: dynamodb.ITable, actions: Sequence[str], beginnings: Sequence[str]
    ) -> None:
        """Allow actions on items whose partition key begins so.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
        """
        keys = [f"{beginning}*" for beginning in beginnings]
        self.function.add_to_role_policy(
            iam.PolicyStatement(
                actions=list(actions),
                resources=[table.table_arn],
                conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}},
            )
        )

    def _settings(self, table: dynamodb.ITable, *, is_auditing: bool) -> TallySettings:
        if not is_auditing:
            return TallySettings(table.table_name)
        live, bulk = (
            (work.queue.queue_url, work.dead_letters.queue_url)
            for work in (self._intake.images, self._intake.bulk)
        )
        return TallySettings(table.table_name, self._intake.bucket.bucket_name, live, bulk)

    def _audit(self) -> None:
        """Ask every hour: most of a day's askings find nothing due, and a large bucket takes several.

        It reads the table as the rest of the tally does.
        """
        events.Rule(
            self,
            "Audit",
            schedule=events.Schedule.rate(Duration.hours(1)),
            targets=[
                targets.LambdaFunction(
                    self.function, event=events.RuleTargetInput.from_object({AUDIT_EVENT: WHEN_DUE})
                )
            ],
        )
        works = (self._intake.images, self._intake.bulk)
        queues = [queue for work in works for queue in (work.queue, work.dead_letters)]
        for action, resources in (
            ("s3:ListBucket", [self._intake.bucket.bucket_arn]),
            ("sqs:GetQueueAttributes", [queue.queue_arn for queue in queues]),
        ):
            self.function.add_to_role_policy(iam.PolicyStatement(actions=[action], resources=resources))

    def _feed(self, table: dynamodb.ITable) -> None:
        """Follow the table's stream from its beginning; of all its items, only records say something new.

        A filter on a stream loses nothing: the record that matters is in the table.
        """
        of_records = {"dynamodb": {"Keys": {SORT_KEY: {"S": lambda_.FilterRule.is_equal(RECORD)}}}}
        self.function.add_event_source(
            event_sources.DynamoEventSource(
                table,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=MAX_BATCH,
                max_batching_window=Duration.seconds(timing.TALLY_WINDOW_SECONDS),
                filters=[lambda_.FilterCriteria.filter(of_records)],
                # https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
                bisect_batch_on_error=True,
                max_record_age=Duration.hours(timing.TALLY_PATIENCE_HOURS),
                on_failure=event_sources.SqsDlq(self.dead_letters),
            )
        )
