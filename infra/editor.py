"""The function that takes corrections: what people say of photos."""

from pathlib import Path

from aws_cdk import Annotations
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from contract import timing
from contract.environment import dump
from contract.people import PEOPLE
from contract.settings import EditorSettings
from contract.table import CONTENT_PREFIX, RECORD_PREFIX
from infra.functions import PythonFunction, allow, allow_on_items
from infra.intake import ObjectEvents
from infra.settings import DeploymentSettings


class Editor(Construct):
    """A function with a role of its own, so that the query function can go on reading alone.

    Of the table it reads records, and what is kept by content, and writes the latter; it asks for photos to
    be looked at again. It reaches no photo. Where people are on, it reads whose name is whose.
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
    ) -> None:
        super().__init__(scope, construct_id)
        told = dump(
            EditorSettings(
                bucket_name=intake.bucket.bucket_name,
                table_name=table.table_name,
                queue_url=intake.images.queue.queue_url,
                prefix_claim=settings.prefix_claim,
                policy=settings.policy_json,
                people="yes" if settings.people else "",
            )
        )
        for of_choice in ("POLICY", "PEOPLE"):
            if not told[of_choice]:
                del told[of_choice]
        self.function = PythonFunction(
            self,
            "Editor",
            room="query_api",
            entry="editor_handler",
            service="editor",
            code=code,
            environment=told,
            timeout_seconds=timing.EDITOR_TIMEOUT_SECONDS,
            memory_mb=512,
            log_retention_days=settings.log_retention_days,
        ).function

        # In a transaction, each item is written by the action that would write it alone.
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
        records, contents = f"{RECORD_PREFIX}*", f"{CONTENT_PREFIX}*"
        allow_on_items(self.function, ["dynamodb:GetItem"], table, [records, contents])
        both = ["dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem"]
        allow_on_items(self.function, both, table, [records])
        allow_on_items(self.function, ["dynamodb:PutItem", "dynamodb:Query"], table, [contents])
        if settings.people:
            allow_on_items(self.function, ["dynamodb:Query"], table, [PEOPLE])
        allow(self.function, ["sqs:SendMessage"], intake.images.queue.queue_arn)
        if settings.api_access == "open":
            Annotations.of(self).add_warning_v2(
                "imagepipe:corrections",
                "corrections is on and the API is open: anybody may change what is said of photos.",
            )
