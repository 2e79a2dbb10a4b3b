"""DynamoDB's BatchGetItem, complete: full batches side by side, what was left unprocessed asked for again."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.retries import RetryPolicy
from contract.errors import ThrottledError
from contract.table import PARTITION_KEY, SORT_KEY, ItemKey
from operations.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MAX_READS = 100

Item = dict[str, Any]


@dataclass(frozen=True)
class BatchReads:
    """Reads of one table, as of now. Must not be called from a thread of the executor itself."""

    client: DynamoDBClient
    table_name: str
    retry: RetryPolicy
    executor: Executor

    def read(self, keys: Sequence[ItemKey], attributes: Sequence[str] = ()) -> list[Item]:
        """Return those items that are there, with their type tags, and of them these attributes, or all."""
        batches = [keys[start : start + MAX_READS] for start in range(0, len(keys), MAX_READS)]
        read = self.executor.map(lambda batch: self._read_batch(batch, attributes), batches)
        return [item for items in read for item in items]

    def _read_batch(self, keys: Sequence[ItemKey], attributes: Sequence[str]) -> list[Item]:
        found: list[Item] = []
        wanted: Any = {"Keys": [key_to_wire(key) for key in keys], "ConsistentRead": True}
        if attributes:
            expression, names = projection(attributes)
            wanted |= {"ProjectionExpression": expression, "ExpressionAttributeNames": names}
        asked: Any = {self.table_name: wanted}

        def attempt() -> None:
            nonlocal asked
            with translated(f"BatchGetItem on {self.table_name}"):
                answer = self.client.batch_get_item(RequestItems=asked)
            found.extend(answer["Responses"].get(self.table_name, []))
            asked = answer.get("UnprocessedKeys", {})
            if asked:
                raise ThrottledError("UnprocessedKeys", f"{self.table_name} did not answer for all keys")

        self.retry(attempt)
        return found


def projection(attributes: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Write a projection expression, and its names: some of ours are reserved words (`key`, `status`)."""
    return ", ".join(f"#{name}" for name in attributes), {f"#{name}": name for name in attributes}


def key_to_wire(key: ItemKey) -> Item:
    """Write a primary key with DynamoDB's type tags."""
    return {PARTITION_KEY: {"S": key.pk}, SORT_KEY: {"S": key.sk}}
