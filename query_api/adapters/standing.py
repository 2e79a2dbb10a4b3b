"""How the pipeline stands, out of the table and the queues: one read of the table, and the queues' depths."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from aws.calls import BatchGet
from aws.queue_depths import QueueDepth
from contract import table
from contract.items import PARTITION_KEY, SORT_KEY, ItemKey, key_of, key_to_wire
from contract.moments import day_of
from contract.pipeline_status import LaneStatus, PipelineStatus, QuotaInUse, Spent, days_of_month
from contract.quotas import BudgetItem, readable_part
from query_api.adapters import readable
from query_api.adapters.clients import translated
from query_api.adapters.dead_letters import LaneLetters
from query_api.adapters.readable import Unreadable, read_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class DynamoDBStanding:
    """Reads how things stand. `quotas` and `daily_limits` are the deployment's.

    `clock` gives seconds since 1970.
    """

    client: "DynamoDBClient"
    table_name: str
    lanes: tuple[LaneLetters, ...]
    quotas: Mapping[str, float]
    daily_limits: Mapping[str, float]
    executor: Executor
    unreadable: Unreadable
    clock: Callable[[], float]

    def status(self) -> PipelineStatus:
        now = self.clock()
        days = days_of_month(now)
        items = self._items([*map(table.counts_key, days), *map(table.budget_key, self.quotas)])
        counts = {day: self._counts(items.get(table.counts_key(day), {})) for day in days}
        return PipelineStatus(
            at=now,
            lanes=self._lanes(),
            quotas=tuple(
                QuotaInUse.of(
                    operation,
                    quota,
                    self.daily_limits.get(operation),
                    BudgetItem.from_item(readable_part(items.get(table.budget_key(operation), {}))),
                    now=now,
                )
                for operation, quota in self.quotas.items()
            ),
            today=counts[day_of(now)],
            spent=Spent.of(counts, day_of(now)),
        )

    def _items(self, keys: list[ItemKey]) -> dict[ItemKey, dict[str, Any]]:
        wire_keys = [key_to_wire(key) for key in keys]
        get = BatchGet(self.client, self.table_name, translated, wire_keys, consistent=False)
        get.ask_for_all()
        return {key_of(item): read_item(item) for item in get.found}

    def _counts(self, item: Mapping[str, Any]) -> dict[str, int]:
        counted = {
            name: readable.or_none(partial(readable.count, value), name, self.unreadable)
            for name, value in item.items()
            if name not in (PARTITION_KEY, SORT_KEY)
        }
        return {name: count for name, count in counted.items() if count is not None}

    def _lanes(self) -> tuple[LaneStatus, ...]:
        queues = [queue for lane in self.lanes for queue in (lane.queue, lane.dead_letters)]
        depths = list(self.executor.map(lambda queue: queue.depth(), queues))
        return tuple(
            _lane(lane.name, depths[2 * place], depths[2 * place + 1])
            for place, lane in enumerate(self.lanes)
        )


def _lane(name: str, work: QueueDepth, dead_letters: QueueDepth) -> LaneStatus:
    return LaneStatus(name, work.waiting, work.in_flight, dead_letters.total)
