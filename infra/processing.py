"""The processor Lambda: what feeds it, and what it may do."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from contract import timing
from contract.detectors import OPERATIONS
from contract.settings import ProcessorSettings, dump
from infra.functions import PythonFunction
from infra.intake import ObjectEvents
from infra.queueing import LaneQueues
from infra.quotas import QuotaParameters
from infra.settings import DeploymentSettings

# Not Scan, and not Query: the processor knows the key of everything that it needs.
TABLE_ACTIONS = (
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:PartiQLInsert",
)


class Processing(Construct):
    """The processor, fed by both queues, each with a bound of its own on how many copies work for it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        code: Path,
        intake: ObjectEvents,
        table: dynamodb.ITable,
        topic: sns.Topic,
    ) -> None:
        super().__init__(scope, construct_id)
        self.quotas = QuotaParameters(self, "Quotas", settings)
        self.function = PythonFunction(
            self,
            "Processor",
            room="processors",
            code=code,
            environment={
                **dump(
                    ProcessorSettings(
                        bucket_name=intake.bucket.bucket_name,
                        table_name=table.table_name,
                        topic_arn=topic.topic_arn,
                        queue_url=intake.images.queue.queue_url,
                        dead_letter_queue_url=intake.images.dead_letters.queue_url,
                        bulk_queue_url=intake.bulk.queue.queue_url,
                        bulk_dead_letter_queue_url=intake.bulk.dead_letters.queue_url,
                        detectors=settings.detectors,
                        daily_call_limits=settings.daily_call_limit,
                        concurrent_calls=settings.concurrent_calls,
                        share_answers="yes" if settings.answers_are_shared else "no",
                    )
                ),
                **self.quotas.environment(),
            },
            timeout_seconds=timing.PROCESSOR_TIMEOUT_SECONDS,
            memory_mb=512,
            log_retention_days=settings.log_retention_days,
        ).function
        self._allow_sending_to_its_own_queue()
        self._feed(intake.images, settings.batch_size, self.quotas.live_workers)
        self._feed(intake.bulk, settings.batch_size, self.quotas.bulk_workers)
        self._permit(settings, intake.bucket, table, topic)

    def _allow_sending_to_its_own_queue(self) -> None:
        """Keep Lambda from taking a message that is sent anew for a loop.

        It would refuse the sixteenth invocation in a chain of function and queue, and SQS would move the
        message without a reason. That takes renewals over half a year: nothing depends on this.
        https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
        """
        function = self.function.node.default_child
        assert isinstance(function, lambda_.CfnFunction)
        function.recursive_loop = "Allow"

    def _feed(self, work: LaneQueues, batch_size: int, max_concurrency: float) -> None:
        """Take batches from a queue; let the processor hand messages back early, or bury one with its reason.

        No filter: what does not match a filter is deleted for good.
        """
        self.function.add_event_source(
            event_sources.SqsEventSource(
                work.queue,
                batch_size=batch_size,
                max_batching_window=Duration.seconds(timing.BATCH_WINDOW_SECONDS),
                report_batch_item_failures=True,
                max_concurrency=max_concurrency,
            )
        )
        work.queue.grant_send_messages(self.function)
        work.dead_letters.grant_send_messages(self.function)

    def _permit(
        self, settings: DeploymentSettings, bucket: s3.Bucket, table: dynamodb.ITable, topic: sns.Topic
    ) -> None:
        table.grant(self.function, *TABLE_ACTIONS)
        topic.grant_publish(self.function)
        # Rekognition reads the photo with the caller's rights. Listing lets S3 answer "not found" for an
        # object that is gone, instead of "access denied".
        actions = ("s3:GetObject", "s3:GetObjectVersion")
        self.function.add_to_role_policy(
            iam.PolicyStatement(actions=list(actions), resources=[bucket.arn_for_objects("*")])
        )
        self.function.add_to_role_policy(
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn])
        )
        # None of Rekognition's operations can be limited to a resource.
        detecting = [f"rekognition:{OPERATIONS[name]}" for name in settings.detectors]
        self.function.add_to_role_policy(iam.PolicyStatement(actions=detecting, resources=["*"]))
