"""How the pipeline does: what waits, what was given up, what there is, what it cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from aws.queue_depths import QueueDepth
from contract.records import Status
from operations.budgets.quotas import QuotaInUse
from operations.status.calls import Calls

COUNTED = (Status.RECOGNIZED, Status.REJECTED)
# A page is a megabyte, some four thousand index rows: a quarter of a million records of a state, in seconds.
PAGES_A_PARTITION = 16


@dataclass(frozen=True)
class Counted:
    """So many records; or at least so many, where counting was not carried to its end."""

    count: int
    is_all: bool


class Queue(Protocol):
    """A queue that can say how full it is."""

    def depth(self) -> QueueDepth:
        """Return how many messages it holds."""


class Records(Protocol):
    """Where records and counts are."""

    def count(self, status: Status, pages_a_partition: int | None) -> Counted:
        """Count the records of a state by its index, reading no more than so many pages of each partition."""

    def counts(self, days: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Return what was counted on each of these days (ISO 8601, UTC)."""


@dataclass(frozen=True)
class Report:
    """The answer of `imagepipe status`. `calls` covers `days` days, today included.

    `quotas` is empty where it is not known what is deployed.
    """

    queues: Mapping[str, QueueDepth]
    dead_letters: Mapping[str, int]
    records: Mapping[Status, Counted]
    today: Calls
    calls: Calls
    days: int
    quotas: Sequence[QuotaInUse] = ()

    def to_json(self) -> dict[str, object]:
        """Write it for machines."""
        return {
            "queues": {name: depth._asdict() for name, depth in self.queues.items()},
            "dead_letters": dict(self.dead_letters),
            "records": {
                str(status): {"count": counted.count, "is_all": counted.is_all}
                for status, counted in self.records.items()
            },
            "today": self.today.to_json(),
            f"last_{self.days}_days": self.calls.to_json(),
            "quotas": {quota.operation: quota.to_json() for quota in self.quotas},
        }


def look(
    queues: Mapping[str, Queue],
    dead_letters: Mapping[str, Queue],
    records: Records,
    clock: Callable[[], float],
    *,
    days: int,
    exact: bool,
) -> Report:
    """Ask for everything. The last `days` days end with today, by UTC."""
    today = datetime.fromtimestamp(clock(), UTC).date()
    wanted = [(today - timedelta(days=back)).isoformat() for back in range(days)]
    counts = records.counts(wanted)
    return Report(
        queues={name: queue.depth() for name, queue in queues.items()},
        dead_letters={name: queue.depth().total for name, queue in dead_letters.items()},
        records={status: records.count(status, None if exact else PAGES_A_PARTITION) for status in COUNTED},
        today=Calls.of([counts.get(wanted[0], {})]),
        calls=Calls.of(counts.values()),
        days=days,
    )
