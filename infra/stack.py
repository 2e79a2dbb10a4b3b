"""The whole system as one stack."""

from __future__ import annotations

from aws_cdk import CfnOutput, DefaultStackSynthesizer, Stack
from constructs import Construct

from infra.alarms import Alarms
from infra.answers import Answers
from infra.bundles import Bundle
from infra.completions import Completions
from infra.intake import Intake
from infra.processing import Processing
from infra.settings import DeploymentSettings
from infra.store import Store
from infra.tallying import Tallying


class ImagepipeStack(Stack):
    """Photos come in at `intake`, are recognized in `processing`, kept in `store`, asked for at `answers`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        processors: Bundle,
        query_api: Bundle,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Photos in a bucket become searchable by what is in them",
            # Without the rule the template is deployed as it is, here and on AWS; `cdk deploy` checks the
            # bootstrap version itself.
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        intake = Intake(self, "Intake", settings)
        store = Store(
            self,
            "Store",
            retained=settings.retained,
            confidence_order=settings.confidence_order,
        )
        completions = Completions(self, "Completions")
        processors_code = processors.build()
        Processing(
            self,
            "Processing",
            settings,
            code=processors_code,
            intake=intake,
            table=store.table,
            topic=completions.topic,
        )
        tallying = Tallying(self, "Tallying", settings, code=processors_code, table=store.table)
        answers = Answers(
            self,
            "Answers",
            settings,
            code=query_api.build(),
            bucket=intake.bucket,
            table=store.table,
            images=intake.images,
            bulk=intake.bulk,
        )
        Alarms(self, "Alarms", images=intake.images, bulk=intake.bulk, tallying=tallying)
        self._publish(
            Bucket=intake.bucket.bucket_name,
            QueueUrl=intake.images.queue.queue_url,
            DeadLetterQueueUrl=intake.images.dead_letters.queue_url,
            BulkQueueUrl=intake.bulk.queue.queue_url,
            BulkDeadLetterQueueUrl=intake.bulk.dead_letters.queue_url,
            Table=store.table.table_name,
            TopicArn=completions.topic.topic_arn,
            ApiUrl=answers.api.api_endpoint,
            TallyFunction=tallying.function.function_name,
        )

    def _publish(self, **outputs: str) -> None:
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
