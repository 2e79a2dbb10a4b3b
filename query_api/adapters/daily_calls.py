"""Calls that questions make, in the same count of a day as those of workers (contract/quotas.py)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws.calls import write_if
from contract.errors import TransientError
from contract.items import from_wire, key_to_wire, to_wire
from contract.quotas import BudgetItem, readable_part
from contract.table import budget_key
from query_api.adapters.clients import translated
from query_api.ports import DayUsedUpError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A day that begins, and a limit that an operator has just changed, take another attempt each.
ATTEMPTS = 4


@dataclass
class DailyCalls:
    """Counts calls of one operation. An operator's limit, once it was seen, goes before the deployment's.

    A call that is counted and then fails stays counted. `now` is in UTC.
    """

    client: "DynamoDBClient"
    table_name: str
    operation: str
    deployed_limit: int | None
    now: Callable[[], datetime]
    operators_limit: int | None = None

    def take(self) -> None:
        """Count one call. Raise DayUsedUpError where the day allows no more, or ImagepipeError."""
        day = self.now().date().isoformat()
        for _ in range(ATTEMPTS):
            standing = self._count(day)
            if standing is None:
                return
            if standing.daily_limit != self.operators_limit:
                self.operators_limit = standing.daily_limit
            elif standing.calls_day < day:
                self._begin(day)
            elif standing.calls_day > day:
                day = standing.calls_day  # by a clock that is ahead, at midnight
            else:
                raise DayUsedUpError(_seconds_to_midnight(self.now()))
        raise TransientError(
            "ConcurrentUpdate", f"the budget of {self.operation} changes all the time; ask again"
        )

    def _count(self, day: str) -> BudgetItem | None:
        """Count one call on this day; return how things stand where that is not so, or not allowed."""
        limit = self.deployed_limit if self.operators_limit is None else self.operators_limit
        condition, values = "calls_day = :day", {":day": day, ":one": 1}
        if self.operators_limit is None:
            condition += " AND attribute_not_exists(daily_limit)"
        else:
            condition, values = (
                f"{condition} AND daily_limit = :known",
                values | {":known": self.operators_limit},
            )
        if limit is not None:
            condition, values = f"{condition} AND day_calls < :limit", values | {":limit": limit}
        return self._update("SET day_calls = day_calls + :one", condition, values)

    def _begin(self, day: str) -> None:
        condition = "attribute_not_exists(calls_day) OR calls_day < :day"
        self._update("SET calls_day = :day, day_calls = :none", condition, {":day": day, ":none": 0})

    def _update(self, update: str, condition: str, values: Mapping[str, Any]) -> BudgetItem | None:
        """Return the item as it stands where the condition does not hold."""
        with translated(f"UpdateItem of the budget of {self.operation} on {self.table_name}"):
            is_done, answer = write_if(
                self.client.update_item,
                TableName=self.table_name,
                Key=key_to_wire(budget_key(self.operation)),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=to_wire(values),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        return None if is_done else BudgetItem.from_item(readable_part(from_wire(answer.get("Item", {}))))


def _seconds_to_midnight(now: datetime) -> int:
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(1, round((midnight - now).total_seconds()))
