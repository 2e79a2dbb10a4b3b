"""The budgets' port on DynamoDB: each step is one conditional update of one item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from contract.quotas import BudgetItem, to_microseconds
from contract.table import budget_key
from contract.wire import from_wire, key_to_wire, to_wire
from processors.adapters.aws_errors import translated
from processors.budget.lanes import Lane
from processors.budget.line import Step
from processors.retrying import RetryPolicy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

JOIN = "SET next_at = next_at + :span"
JOIN_IF = "next_at >= :now AND next_at <= :latest"
BULK_JOIN = "SET next_at = next_at + :span, bulk_at = :now"
BULK_JOIN_IF = (
    "next_at >= :now AND next_at <= :latest"
    " AND (next_at <= :soon OR attribute_not_exists(bulk_at) OR bulk_at <= :overdue)"
)
START = "SET next_at = :after"
BULK_START = "SET next_at = :after, bulk_at = :now"
START_IF = "attribute_not_exists(next_at) OR next_at < :now"
CUT = "SET cut_at = :now, cut_from = :rate"
CUT_IF = "attribute_not_exists(cut_at) OR cut_at <= :known"


@dataclass(frozen=True)
class DynamoDBBudgets:
    """One item for each operation. `retry` should be short: who cannot have the budget goes without."""

    client: DynamoDBClient
    table_name: str
    retry: RetryPolicy

    def join(self, operation: str, step: Step) -> tuple[bool, BudgetItem]:
        """Move a line on that reaches beyond now."""
        values = {":span": step.span, ":now": step.now, ":latest": step.latest}
        if step.lane is Lane.LIVE:
            return self._update(operation, JOIN, JOIN_IF, _microseconds(values))
        values |= {":soon": step.soon, ":overdue": step.overdue}
        return self._update(operation, BULK_JOIN, BULK_JOIN_IF, _microseconds(values))

    def start(self, operation: str, step: Step) -> tuple[bool, BudgetItem]:
        """Begin a line where there is none, or one that has run empty."""
        values = _microseconds({":now": step.now, ":after": step.now + step.span})
        update = START if step.lane is Lane.LIVE else BULK_START
        return self._update(operation, update, START_IF, values)

    def cut(self, operation: str, rate: float, now: float, known_cut_at: float | None) -> BudgetItem:
        """Write down that calls were throttled at a rate, unless there is a later cut than the known one."""
        values = _microseconds({":now": now, ":known": known_cut_at or 0.0})
        # To a thousandth of a call a second: what DynamoDB keeps is decimal.
        rate_value = {":rate": {"N": f"{rate:.3f}"}}
        return self._update(operation, CUT, CUT_IF, values | rate_value)[1]

    def _update(
        self, operation: str, update: str, condition: str, values: Mapping[str, Any]
    ) -> tuple[bool, BudgetItem]:
        def attempt() -> tuple[bool, BudgetItem]:
            with translated(f"UpdateItem of the budget of {operation} on {self.table_name}"):
                try:
                    answer = self.client.update_item(
                        TableName=self.table_name,
                        Key=key_to_wire(budget_key(operation)),
                        UpdateExpression=update,
                        ConditionExpression=condition,
                        ExpressionAttributeValues=values,
                        ReturnValues="ALL_NEW",
                        ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    )
                except ClientError as error:
                    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                        raise
                    standing: Mapping[str, Any] = error.response
                    return False, BudgetItem.from_item(from_wire(standing.get("Item", {})))
            return True, BudgetItem.from_item(from_wire(answer["Attributes"]))

        return self.retry(attempt)


def _microseconds(values: Mapping[str, float]) -> dict[str, Any]:
    return to_wire({name: to_microseconds(seconds) for name, seconds in values.items()})
