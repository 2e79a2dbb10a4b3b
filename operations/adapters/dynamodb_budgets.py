"""The budgets' port on DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aws.calls import TableBatches
from aws.retries import RetryPolicy
from contract.quotas import BudgetItem, readable_part
from contract.table import PARTITION_KEY, SORT_KEY, budget_key, from_wire, key_of, key_to_wire, to_wire
from operations.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ATTRIBUTES = (
    PARTITION_KEY,
    SORT_KEY,
    "quota",
    "next_at",
    "bulk_at",
    "cut_at",
    "cut_from",
    "daily_limit",
    "calls_day",
    "day_calls",
)


@dataclass(frozen=True)
class DynamoDBBudgets:
    """One item for each operation."""

    client: DynamoDBClient
    table_name: str
    retry: RetryPolicy
    reads: TableBatches

    def read(self, operations: Sequence[str]) -> Mapping[str, BudgetItem]:
        """Return the budgets of these operations; of one that was never called, an empty one."""
        places = {budget_key(operation): operation for operation in operations}
        items = self.reads.read([key_to_wire(place) for place in places], _ATTRIBUTES)
        found = {places[key_of(item)]: BudgetItem.from_item(readable_part(from_wire(item))) for item in items}
        return {operation: found.get(operation, BudgetItem()) for operation in operations}

    def set_quota(self, operation: str, quota: float | None) -> None:
        """Set the calls a second that all workers go by; None goes back to the deployment's."""
        self._set(operation, "quota", None if quota is None else Decimal(str(quota)))

    def set_daily_limit(self, operation: str, limit: int | None) -> None:
        """Set the calls a day that all workers together may make; None goes back to the deployment's."""
        self._set(operation, "daily_limit", limit)

    def _set(self, operation: str, attribute: str, value: Decimal | int | None) -> None:
        """Write one attribute; the rest of the item is the workers' and left alone."""
        how: dict[str, Any] = {"UpdateExpression": f"REMOVE {attribute}"}
        if value is not None:
            values = to_wire({":value": value})
            how = {"UpdateExpression": f"SET {attribute} = :value", "ExpressionAttributeValues": values}
        update = translated(f"UpdateItem of the budget of {operation} on {self.table_name}")(
            self.client.update_item
        )
        self.retry.around(update)(TableName=self.table_name, Key=key_to_wire(budget_key(operation)), **how)
