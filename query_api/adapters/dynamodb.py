"""The table in DynamoDB, as far as questions need it: Query and two kinds of Get, never Scan."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config

from contract import table
from contract.errors import ThrottledError
from contract.records import Head
from contract.results import Result, ResultName
from contract.table import PARTITION_KEY, SORT_KEY, IndexRow, ItemKey
from contract.wire import from_wire, key_of, key_to_wire
from query_api.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONNECT_SECONDS = 1.0
READ_SECONDS = 2.0
ATTEMPTS = 3

# Keys left unprocessed are no failed call, so botocore does not retry them.
UNPROCESSED_ROUNDS = 6
UNPROCESSED_PAUSE_SECONDS = 0.05


def make_client() -> DynamoDBClient:
    """Make the client. It owns retrying: three attempts with short time-outs, within the function's own.

    It comes from botocore: importing boto3 around it would cost a fifth of the cold start, for nothing that
    is used here.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
    )
    session = botocore.session.get_session()
    return cast("DynamoDBClient", session.create_client("dynamodb", config=config))


@dataclass(frozen=True)
class DynamoDBTable:
    """Reads rows, heads and results, all as they are at this moment (consistent reads).

    `executor` reads partitions side by side. `pause` waits some seconds.
    """

    client: DynamoDBClient
    table_name: str
    executor: Executor
    pause: Callable[[float], None] = time.sleep

    def rows(self, partitions: Sequence[str], before: str | None, limit: int) -> list[list[IndexRow]]:
        """Read up to `limit` rows of each partition, in falling order of sort key, all below `before`."""
        if len(partitions) == 1:
            return [self._rows(partitions[0], before, limit)]
        return list(self.executor.map(lambda partition: self._rows(partition, before, limit), partitions))

    def heads(self, keys: Sequence[str]) -> dict[str, Head]:
        """Read the heads of up to 100 keys."""
        items = self._items([table.head_key(key) for key in keys])
        heads = (Head.from_item(item) for item in items.values())
        return {head.key: head for head in heads}

    def results(self, names: Sequence[ResultName]) -> dict[ResultName, Result]:
        """Read raw results by name."""
        by_place = {table.result_key(name): name for name in names}
        items = self._items(list(by_place))
        results = {by_place[at]: Result.from_item(by_place[at], item) for at, item in items.items()}
        return {name: result for name, result in results.items() if result is not None}

    def check(self) -> None:
        """Ask the table for an item that is not there. Raises ImagepipeError if it does not answer."""
        with translated(f"GetItem on {self.table_name}"):
            self.client.get_item(TableName=self.table_name, Key=key_to_wire(ItemKey("health", "health")))

    def _rows(self, partition: str, before: str | None, limit: int) -> list[IndexRow]:
        rows: list[IndexRow] = []
        for page in self._query(partition, before, limit):
            rows.extend(IndexRow.from_item(from_wire(item)) for item in page["Items"])
            if len(rows) >= limit:
                break
        return rows[:limit]

    def _query(self, partition: str, before: str | None, limit: int) -> Iterator[Mapping[str, Any]]:
        """Read on, for DynamoDB also ends a page at 1 MB."""
        condition, values = f"{PARTITION_KEY} = :partition", {":partition": {"S": partition}}
        if before is not None:
            condition += f" AND {SORT_KEY} < :before"
            values[":before"] = {"S": before}
        request: dict[str, Any] = {
            "TableName": self.table_name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": limit,
        }
        while True:
            with translated(f"Query on {self.table_name}"):
                page = self.client.query(**request)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _items(self, keys: Sequence[ItemKey]) -> dict[ItemKey, dict[str, Any]]:
        """Read up to 100 items; ask again for those that DynamoDB leaves unprocessed."""
        wanted: dict[str, Any] = {
            self.table_name: {"Keys": [key_to_wire(key) for key in keys], "ConsistentRead": True}
        }
        found: list[Any] = []
        for attempt in range(UNPROCESSED_ROUNDS):
            with translated(f"BatchGetItem on {self.table_name}"):
                answer = self.client.batch_get_item(RequestItems=wanted)
            found.extend(answer["Responses"].get(self.table_name, []))
            wanted = dict(answer.get("UnprocessedKeys", {}))
            if not wanted:
                return {key_of(item): from_wire(item) for item in found}
            self.pause(random.uniform(0, UNPROCESSED_PAUSE_SECONDS * 2**attempt))  # noqa: S311
        raise ThrottledError(
            "UnprocessedKeys", f"{self.table_name} left keys unprocessed {UNPROCESSED_ROUNDS} times"
        )
