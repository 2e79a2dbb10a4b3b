"""The counts in DynamoDB: a fixed number of items, whatever the number of images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from aws.calls import BatchGet
from contract.table import PARTITION_KEY, SORT_KEY, ItemKey, counts_key, key_of, key_to_wire
from contract.tallies import COUNT_PREFIX, LABEL_COUNTS, STATUS_COUNTS
from query_api.adapters import readable
from query_api.adapters.aws_errors import translated
from query_api.adapters.dynamodb_items import read_item
from query_api.adapters.readable import Unreadable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class CountsReader:
    """Reads counts. They are some seconds behind in any case, so reads need not be consistent."""

    client: DynamoDBClient
    table_name: str
    unreadable: Unreadable

    def labels(self) -> dict[str, int]:
        """Read how many images carry each label: 16 items of up to 3 KB, 8 read units."""
        items = self._items(LABEL_COUNTS).values()
        return {name: count for item in items for name, count in _of_names(item).items()}

    def statuses_and_days(self, days: Sequence[str]) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
        """Read how many images there are by status, and what the processor counted on these days, by day."""
        places = {counts_key(day): day for day in days}
        items = self._items((STATUS_COUNTS, *places))
        return _of_names(items.get(STATUS_COUNTS, {})), {
            day: items[at] for at, day in places.items() if at in items
        }

    def _items(self, keys: Iterable[ItemKey]) -> dict[ItemKey, dict[str, int]]:
        wire_keys = [key_to_wire(key) for key in keys]
        get = BatchGet(self.client, self.table_name, translated, wire_keys, consistent=False)
        get.ask_for_all()  # a part of the counts would be taken for the whole
        return {key_of(item): self._counts(read_item(item)) for item in get.found}

    def _counts(self, item: Mapping[str, Any]) -> dict[str, int]:
        """Read the counts of an item that are above zero, by the names of their attributes."""
        counts = {
            name: readable.or_none(
                partial(readable.count, value), f"{item[PARTITION_KEY]} {name}", self.unreadable
            )
            for name, value in item.items()
            if name not in (PARTITION_KEY, SORT_KEY)
        }
        return {name: count for name, count in counts.items() if count is not None and count > 0}


def _of_names(counts: Mapping[str, int]) -> dict[str, int]:
    """Leave out attributes that are no name's."""
    return {
        name.removeprefix(COUNT_PREFIX): count
        for name, count in counts.items()
        if name.startswith(COUNT_PREFIX)
    }
