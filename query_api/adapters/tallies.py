"""The counts in DynamoDB: a fixed number of items, whatever the number of images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.errors import ThrottledError
from contract.table import PARTITION_KEY, SORT_KEY, ItemKey, counts_key
from contract.tallies import LABEL_COUNTS, STATUS_COUNTS, read_counts
from contract.wire import from_wire, key_of, key_to_wire
from query_api.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class DynamoDBTallies:
    """Reads counts. They are some seconds behind in any case, so reads need not be consistent."""

    client: DynamoDBClient
    table_name: str

    def labels(self) -> dict[str, int]:
        """Read how many images carry each label: 16 items of up to 3 KB, 8 read units."""
        items = self._items(LABEL_COUNTS).values()
        return {name: count for item in items for name, count in read_counts(item).items()}

    def statuses_and_days(self, days: Sequence[str]) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
        """Read how many images there are by status, and what the processor counted on these days, by day."""
        places = {counts_key(day): day for day in days}
        items = self._items((STATUS_COUNTS, *places))
        statuses = read_counts(items.get(STATUS_COUNTS, {}))
        return statuses, {day: _numbers(items[at]) for at, day in places.items() if at in items}

    def _items(self, keys: Iterable[ItemKey]) -> dict[ItemKey, Mapping[str, Any]]:
        wanted: Any = {self.table_name: {"Keys": [key_to_wire(key) for key in keys]}}
        with translated(f"BatchGetItem of counts on {self.table_name}"):
            answer = self.client.batch_get_item(RequestItems=wanted)
        # A part of the counts would be taken for the whole.
        if answer.get("UnprocessedKeys"):
            raise ThrottledError("UnprocessedKeys", f"{self.table_name} did not answer for all counts")
        found = answer["Responses"].get(self.table_name, [])
        return {key_of(item): from_wire(item) for item in found}


def _numbers(item: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(value) for name, value in item.items() if name not in (PARTITION_KEY, SORT_KEY)}
