"""The attempts' port on DynamoDB: one item for each message that failed, which expires with the message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws.retries import RetryPolicy
from contract.table import EXPIRY, attempts_key, key_to_wire
from contract.timing import DAY_SECONDS, QUEUE_RETENTION_DAYS
from processors.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class DynamoDBAttempts:
    """Counts attempts, each in one update. `clock` gives seconds since 1970."""

    client: DynamoDBClient
    table_name: str
    retry: RetryPolicy
    clock: Callable[[], float]

    def add(self, message_id: str, attempts: int) -> int:
        """Add to the attempts at a message and return how many they are now. Raises a word for failure."""
        expires_at = int(self.clock()) + (QUEUE_RETENTION_DAYS + 1) * DAY_SECONDS
        what = f"UpdateItem of the attempts at message {message_id} on {self.table_name}"
        answer = self.retry.around(translated(what)(self.client.update_item))(
            TableName=self.table_name,
            Key=key_to_wire(attempts_key(message_id)),
            UpdateExpression=f"SET {EXPIRY} = :expires ADD attempts :attempts",
            ExpressionAttributeValues={":expires": {"N": str(expires_at)}, ":attempts": {"N": str(attempts)}},
            ReturnValues="ALL_NEW",
        )
        return int(answer["Attributes"]["attempts"]["N"])
