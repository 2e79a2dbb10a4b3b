"""Counts: of images in DynamoDB, a fixed number of items whatever their number; of what waits, in SQS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from aws.dynamodb_batches import BatchGet
from aws.queue_depths import QueueDepth, read_depth
from contract.table import PARTITION_KEY, SORT_KEY, ItemKey, counts_key
from contract.tallies import LABEL_COUNTS, NAME_PREFIX, STATUS_COUNTS
from contract.wire import key_of, key_to_wire
from query_api.adapters import readable
from query_api.adapters.clients import translated
from query_api.adapters.readable import Unreadable, read_item
from query_api.ports import Backlog

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient


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
        name.removeprefix(NAME_PREFIX): count
        for name, count in counts.items()
        if name.startswith(NAME_PREFIX)
    }


@dataclass(frozen=True)
class QueueBacklogs:
    """Asks SQS, by the queues' URLs. `client` makes the client at the first question: few need it."""

    client: Callable[[], SQSClient]
    images: str
    bulk: str
    dead_letters: tuple[str, ...]
    executor: Executor

    def backlog(self) -> Backlog:
        """Ask all queues, side by side."""
        client = self.client()
        images, bulk, *dead = self.executor.map(
            lambda url: _depth(client, url), (self.images, self.bulk, *self.dead_letters)
        )
        return Backlog(images, bulk, sum(depth.total for depth in dead))


def _depth(client: SQSClient, url: str) -> QueueDepth:
    with translated(f"GetQueueAttributes of {url}"):
        return read_depth(client, url)
