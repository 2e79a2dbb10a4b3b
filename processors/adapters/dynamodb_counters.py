"""What workers count together on DynamoDB: budgets of quotas, attempts at messages, the counts of a day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.calls import additions, write_if
from aws.retries import RetryPolicy
from contract import table
from contract.errors import ConfigurationError
from contract.items import Item, WireItem, from_wire, key_to_wire, to_wire
from contract.metrics import Metric
from contract.quotas import BudgetItem, to_microseconds
from contract.timing import DAY_SECONDS, QUEUE_RETENTION_DAYS
from processors.adapters.calls import translated
from processors.rate_limit import DayCount, Lane, ReservationRequest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


JOIN = "SET next_at = next_at + :span, day_calls = day_calls + :calls"
JOIN_IF = "next_at >= :now AND next_at <= :latest"
BULK_JOIN = f"{JOIN}, bulk_at = :now"
BULK_JOIN_IF = f"{JOIN_IF} AND (next_at <= :soon OR attribute_not_exists(bulk_at) OR bulk_at <= :overdue)"
START = "SET next_at = :after, day_calls = day_calls + :calls"
BULK_START = f"{START}, bulk_at = :now"
# A line that reaches further than any worker can take it was begun by a clock that is wrong.
START_IF = "(attribute_not_exists(next_at) OR next_at < :now OR next_at > :absurd)"
# The calls of the day may not pass its limit, which an operator may have set anew since it was read.
WITHIN_THE_DAY_IF = "calls_day = :day AND day_calls <= :room"
UNLIMITED_IF = "attribute_not_exists(daily_limit)"
LIMITED_IF = "daily_limit = :limit"
COUNT = "SET day_calls = day_calls + :calls"
BEGIN_DAY = "SET calls_day = :day, day_calls = :none"
BEGIN_DAY_IF = "attribute_not_exists(calls_day) OR calls_day < :day"
CUT = "SET cut_at = :now, cut_from = :rate"
LONGER_CUT = f"{CUT}, next_at = next_at + :longer"
CUT_IF = "attribute_not_exists(cut_at) OR cut_at <= :known"


@dataclass(frozen=True)
class DynamoDBRateLimits:
    """One item for each operation. What changes it returns whether it did, and the item as it is after that.

    Each step is one conditional update. `retry` should be short: who cannot have the budget goes without.
    """

    client: "DynamoDBClient"
    table_name: str
    retry: RetryPolicy

    def join(self, operation: str, step: ReservationRequest) -> tuple[bool, BudgetItem]:
        values = {":span": step.span, ":now": step.now, ":latest": step.latest}
        if step.lane is Lane.LIVE:
            return self._step(operation, step, JOIN, JOIN_IF, values)
        values |= {":soon": step.soon, ":overdue": step.overdue}
        return self._step(operation, step, BULK_JOIN, BULK_JOIN_IF, values)

    def start(self, operation: str, step: ReservationRequest) -> tuple[bool, BudgetItem]:
        values = {":now": step.now, ":after": step.now + step.span, ":absurd": step.absurd}
        update = START if step.lane is Lane.LIVE else BULK_START
        return self._step(operation, step, update, START_IF, values)

    def count(self, operation: str, counted: DayCount) -> tuple[bool, BudgetItem]:
        """Count calls on a day and leave the line alone: their slots are another region's."""
        within, values = _within_the_day(counted)
        return self._update(operation, COUNT, within, values)

    def begin_day(self, operation: str, day: str) -> BudgetItem:
        values = to_wire({":day": day, ":none": 0})
        return self._update(operation, BEGIN_DAY, BEGIN_DAY_IF, values)[1]

    def cut(
        self, operation: str, rate: float, now: float, known_cut_at: float | None, longer: float
    ) -> BudgetItem:
        """Write down that calls were throttled at a rate, unless there is a later cut than the known one."""
        times = {":now": now, ":known": known_cut_at or 0.0}
        if longer > 0:
            times[":longer"] = longer
        values = _microseconds(times)
        # To a thousandth of a call a second: what DynamoDB keeps is decimal.
        rate_value = {":rate": {"N": f"{rate:.3f}"}}
        update = LONGER_CUT if longer > 0 else CUT
        return self._update(operation, update, CUT_IF, values | rate_value)[1]

    def _step(
        self,
        operation: str,
        step: ReservationRequest,
        update: str,
        condition: str,
        times: Mapping[str, float],
    ) -> tuple[bool, BudgetItem]:
        within, values = _within_the_day(DayCount(step.calls, step.day, step.room, step.daily_limit))
        return self._update(operation, update, f"{condition} AND {within}", _microseconds(times) | values)

    def _update(
        self, operation: str, update: str, condition: str, values: Mapping[str, Any]
    ) -> tuple[bool, BudgetItem]:
        what = f"UpdateItem of the budget of {operation} on {self.table_name}"
        is_done, answer = self.retry.around(translated(what)(write_if))(
            self.client.update_item,
            TableName=self.table_name,
            Key=key_to_wire(table.budget_key(operation)),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return is_done, _read(operation, answer["Attributes"] if is_done else answer.get("Item", {}))


def _within_the_day(counted: DayCount) -> tuple[str, dict[str, Any]]:
    """Return the condition on which calls may be counted, and the values in it and in the update."""
    values: Item = {":calls": counted.calls, ":day": counted.day, ":room": counted.room}
    if counted.daily_limit is None:
        return f"{WITHIN_THE_DAY_IF} AND {UNLIMITED_IF}", to_wire(values)
    return f"{WITHIN_THE_DAY_IF} AND {LIMITED_IF}", to_wire({**values, ":limit": counted.daily_limit})


def _read(operation: str, item: WireItem) -> BudgetItem:
    try:
        return BudgetItem.from_item(from_wire(item))
    except ValueError as fault:
        raise ConfigurationError(
            "UnreadableBudget",
            f"the budget of {operation} cannot be read: {fault}; set it anew by `imagepipe quotas --set`",
        ) from fault


def _microseconds(values: Mapping[str, float]) -> dict[str, Any]:
    return to_wire({name: to_microseconds(seconds) for name, seconds in values.items()})


@dataclass(frozen=True)
class DynamoDBAttempts:
    """Counts attempts, each in one update. `clock` gives seconds since 1970."""

    client: "DynamoDBClient"
    table_name: str
    retry: RetryPolicy
    clock: Callable[[], float]

    def add(self, message_id: str, attempts: int) -> int:
        """Add to the attempts at a message and return how many they are now. Raises a word for failure."""
        expires_at = int(self.clock()) + (QUEUE_RETENTION_DAYS + 1) * DAY_SECONDS
        what = f"UpdateItem of the attempts at message {message_id} on {self.table_name}"
        answer = self.retry.around(translated(what)(self.client.update_item))(
            TableName=self.table_name,
            Key=key_to_wire(table.attempts_key(message_id)),
            UpdateExpression=f"SET {table.EXPIRY} = :expires ADD attempts :attempts",
            ExpressionAttributeValues={":expires": {"N": str(expires_at)}, ":attempts": {"N": str(attempts)}},
            ReturnValues="ALL_NEW",
        )
        return int(answer["Attributes"]["attempts"]["N"])


@dataclass(frozen=True)
class DynamoDBDailyCounters:
    """Adds up counts for `imagepipe status`, which has no CloudWatch to ask on every machine.

    An aid, not a record: a batch that crashes is not in it. `now` gives ISO 8601 times in UTC.
    """

    client: "DynamoDBClient"
    table_name: str
    now: Callable[[], str]

    def add(self, counted: Mapping[Metric, int]) -> None:
        if not counted:
            return
        with translated(f"UpdateItem of the counts on {self.table_name}"):
            self.client.update_item(
                TableName=self.table_name,
                Key=key_to_wire(table.counts_key(self.now()[:10])),
                **additions({str(count): by for count, by in counted.items()}),
            )
