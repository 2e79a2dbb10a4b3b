"""The function that answers operators: how the pipeline stands, what failed, and sending it back."""

from pathlib import Path

from aws_cdk import Annotations
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from contract import timing
from contract.environment import dump
from contract.settings import OperatorSettings
from contract.table import BUDGET_PREFIX, COUNTS_PREFIX
from infra.functions import PythonFunction, allow, allow_on_items
from infra.intake import ObjectEvents
from infra.regions import WORKERS, QuotaParameters
from infra.settings import DeploymentSettings

# Where people sign in at the stack's own pool: tokens of Cognito's tell groups apart, and no scopes.
OPERATORS_GROUP = "operators"


class Operator(Construct):
    """A function with a role of its own, so that the query function can go on reading alone.

    Of the table it reads budgets and counts of days, and nothing that is known of a photo. It takes from the
    dead letters and adds to the queues of work; those it can neither read nor empty.
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
        quotas: QuotaParameters,
    ) -> None:
        super().__init__(scope, construct_id)
        lanes = (intake.images, intake.bulk)
        self.function = PythonFunction(
            self,
            "Operator",
            room="query_api",
            entry="operator_handler",
            service="operator",
            code=code,
            environment={
                **dump(
                    OperatorSettings(
                        bucket_name=intake.bucket.bucket_name,
                        table_name=table.table_name,
                        queue_url=intake.images.queue.queue_url,
                        dead_letter_queue_url=intake.images.dead_letters.queue_url,
                        bulk_queue_url=intake.bulk.queue.queue_url,
                        bulk_dead_letter_queue_url=intake.bulk.dead_letters.queue_url,
                        daily_call_limits=settings.daily_call_limit,
                        operators_group=OPERATORS_GROUP if settings.sign_in else "",
                        prefix_claim=settings.prefix_claim,
                    )
                ),
                **{name: text for name, text in quotas.environment().items() if name != WORKERS},
            },
            timeout_seconds=timing.OPERATOR_TIMEOUT_SECONDS,
            memory_mb=512,
            log_retention_days=settings.log_retention_days,
        ).function
        counts = [f"{BUDGET_PREFIX}*", f"{COUNTS_PREFIX}*"]
        allow_on_items(self.function, ["dynamodb:BatchGetItem"], table, counts)
        queues = [lane.queue.queue_arn for lane in lanes]
        dead_letters = [lane.dead_letters.queue_arn for lane in lanes]
        allow(self.function, ["sqs:GetQueueAttributes"], *queues, *dead_letters)
        allow(self.function, ["sqs:SendMessage"], *queues)
        taking = ["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"]
        allow(self.function, taking, *dead_letters)
        if settings.api_access == "open":
            Annotations.of(self).add_warning_v2(
                "imagepipe:operator",
                "operator is on and the API is open: anybody may see why photos failed, and send them back.",
            )
