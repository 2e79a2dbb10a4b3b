"""The counts' port on DynamoDB: one item a day, added to once a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.metrics import Metric
from contract.table import counts_key, key_to_wire
from processors.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class DynamoDBDailyCounters:
    """Adds up counts. `now` gives ISO 8601 times in UTC."""

    client: DynamoDBClient
    table_name: str
    now: Callable[[], str]

    def add(self, counted: Mapping[Metric, int]) -> None:
        """Add what one batch counted, in one write. Raises a word for failure."""
        if not counted:
            return
        names = {f"#{place}": str(count) for place, count in enumerate(counted)}
        values = {f":{place}": {"N": str(value)} for place, value in enumerate(counted.values())}
        additions = ", ".join(f"#{place} :{place}" for place in range(len(counted)))
        with translated(f"UpdateItem of the counts on {self.table_name}"):
            self.client.update_item(
                TableName=self.table_name,
                Key=key_to_wire(counts_key(self.now()[:10])),
                UpdateExpression=f"ADD {additions}",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
            )
