"""The table in DynamoDB, as far as questions need it: Query and two kinds of Get, never Scan."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.session import Session

from aws.calls import BatchGet, pages
from aws.client_config import client_config
from contract import table
from contract.errors import ThrottledError
from contract.records import ImageRecord, Result, ResultName
from contract.table import PARTITION_KEY, RANK, RANK_INDEX, SORT_KEY, IndexRow, ItemKey, key_of, key_to_wire
from query_api.adapters import readable
from query_api.adapters.aws_errors import translated
from query_api.adapters.dynamodb_items import parse_plainly, read_item
from query_api.adapters.readable import Unreadable
from query_api.search.ranges import RowRange

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONNECT_SECONDS = 1.0
READ_SECONDS = 2.0
ATTEMPTS = 3

# Partitions and terms are read side by side.
CONNECTIONS = 16

# Keys left unprocessed are no failed call, so botocore does not retry them.
UNPROCESSED_ROUNDS = 6
UNPROCESSED_PAUSE_SECONDS = 0.05


def make_client(session: Session | None = None) -> DynamoDBClient:
    """Make the client. It owns retrying: three attempts with short time-outs, within the function's own.

    It comes from botocore: importing boto3 around it would cost a fifth of the cold start, for nothing that
    is used here.
    """
    config = client_config(
        connect_seconds=CONNECT_SECONDS,
        read_seconds=READ_SECONDS,
        attempts=ATTEMPTS,
        connections=CONNECTIONS,
        # What we send is ours; checking it anew takes a tenth of a call's own time.
        parameter_validation=False,
    )
    session = session or botocore.session.get_session()
    parse_plainly(session)
    return cast("DynamoDBClient", session.create_client("dynamodb", config=config))


@dataclass(frozen=True)
class QueryTable:
    """Reads rows, records and results as they are at this moment; rows by rank as they were a moment ago.

    `executor` reads partitions side by side. `unreadable` is told what had to be left out. `pause` waits some
    seconds.
    """

    client: DynamoDBClient
    table_name: str
    executor: Executor
    unreadable: Unreadable
    pause: Callable[[float], None] = time.sleep

    def rows(self, ranges: Sequence[RowRange], limit: int) -> list[list[IndexRow]]:
        """Read the first rows of each range, up to `limit`, in its order."""
        if len(ranges) == 1:
            return [self._rows(ranges[0], limit)]
        return list(self.executor.map(lambda each: self._rows(each, limit), ranges))

    def records(self, keys: Sequence[str]) -> dict[str, ImageRecord]:
        """Read the records of up to 100 keys."""
        items = self._items([table.record_key(key) for key in keys])
        records = (
            readable.or_none(partial(readable.record, item), at.pk, self.unreadable)
            for at, item in items.items()
        )
        return {record.key: record for record in records if record is not None}

    def results(self, names: Sequence[ResultName]) -> dict[ResultName, Result]:
        """Read raw results by name."""
        by_place = {table.result_key(name): name for name in names}
        items = self._items(list(by_place))
        results = {
            by_place[at]: readable.or_none(
                partial(readable.result, by_place[at], item), f"{at.pk} {at.sk}", self.unreadable
            )
            for at, item in items.items()
        }
        return {name: result for name, result in results.items() if result is not None}

    def check(self) -> None:
        """Ask the table for an item that is not there. Raises ImagepipeError if it does not answer."""
        with translated(f"GetItem on {self.table_name}"):
            self.client.get_item(TableName=self.table_name, Key=key_to_wire(ItemKey("health", "health")))

    def _rows(self, row_range: RowRange, limit: int) -> list[IndexRow]:
        if row_range.low > row_range.high:
            return []
        rows: list[IndexRow] = []
        for page in self._query(row_range, limit):
            for item in page["Items"]:
                read = partial(_row, item, by_rank=row_range.by_rank)
                row = readable.or_none(read, row_range.partition, self.unreadable)
                rows += [] if row is None else [row]
            if len(rows) >= limit:
                break
        return rows[:limit]

    def _query(self, row_range: RowRange, limit: int) -> Iterator[Mapping[str, Any]]:
        """Read on, for DynamoDB also ends a page at 1 MB."""
        sort_key = RANK if row_range.by_rank else SORT_KEY
        request: dict[str, Any] = {
            "TableName": self.table_name,
            "KeyConditionExpression": f"{PARTITION_KEY} = :partition AND #sort BETWEEN :low AND :high",
            "ExpressionAttributeNames": {"#sort": sort_key},
            "ExpressionAttributeValues": {
                ":partition": {"S": row_range.partition},
                ":low": {"S": row_range.low},
                ":high": {"S": row_range.high},
            },
            "ScanIndexForward": not row_range.falling,
            "Limit": limit,
            # No secondary index can be read as it is now.
            **({"IndexName": RANK_INDEX} if row_range.by_rank else {"ConsistentRead": True}),
        }
        return pages(translated(f"Query on {self.table_name}")(self.client.query), **request)

    def _items(self, keys: Sequence[ItemKey]) -> dict[ItemKey, dict[str, Any]]:
        """Read up to 100 items; ask again for those that DynamoDB leaves unprocessed."""
        wire_keys = [key_to_wire(key) for key in keys]
        get = BatchGet(self.client, self.table_name, translated, wire_keys, consistent=True)
        for attempt in range(UNPROCESSED_ROUNDS):
            if get.ask():
                return {key_of(item): read_item(item) for item in get.found}
            self.pause(random.uniform(0, UNPROCESSED_PAUSE_SECONDS * 2**attempt))  # noqa: S311
        raise ThrottledError(
            "UnprocessedKeys", f"{self.table_name} left keys unprocessed {UNPROCESSED_ROUNDS} times"
        )


def _row(item: Mapping[str, Any], *, by_rank: bool) -> IndexRow:
    return readable.row(read_item(item), by_rank=by_rank)
