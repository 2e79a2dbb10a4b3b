"""How the pipeline does: what waits, what was given up, what there is, what detectors have cost and saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from aws.queue_depths import QueueDepth
from contract.prices import DOLLARS_A_CALL
from contract.records import Status
from operations.adapters.dynamodb_counts import DynamoDBRecordCounts
from operations.adapters.sqs import SqsQueue
from operations.inventory import CALL_COUNTS, RecordCount
from operations.quotas import QuotaInUse

COUNTED = (Status.RECOGNIZED, Status.REJECTED)
# A page is a megabyte, some four thousand index rows: a quarter of a million records of a state, in seconds.
PAGES_A_PARTITION = 16


@dataclass(frozen=True)
class Calls:
    """Detector calls of a span of time. An aid: a batch that crashed is not in it."""

    made: int = 0
    avoided: int = 0
    throttled: int = 0

    @classmethod
    def of(cls, days: Iterable[Mapping[str, int]]) -> Calls:
        added = list(days)
        return cls(*(sum(counts.get(name, 0) for counts in added) for name in CALL_COUNTS))

    @property
    def hit_ratio(self) -> float | None:
        """Which part of the answers needed no call, 0 to 1; None where there was nothing to answer."""
        wanted = self.made + self.avoided
        return self.avoided / wanted if wanted else None

    @property
    def dollars_saved(self) -> float:
        """What the avoided calls would have cost, in US dollars."""
        return self.avoided * DOLLARS_A_CALL

    def to_json(self) -> dict[str, object]:
        return {
            "calls_made": self.made,
            "calls_avoided": self.avoided,
            "calls_throttled": self.throttled,
            "hit_ratio": None if self.hit_ratio is None else round(self.hit_ratio, 4),
            "dollars_saved": round(self.dollars_saved, 4),
        }


@dataclass(frozen=True)
class Report:
    """The answer of `imagepipe status`. `calls` covers `days` days, today included.

    `quotas` is empty where it is not known what is deployed.
    """

    queues: Mapping[str, QueueDepth]
    dead_letters: Mapping[str, int]
    records: Mapping[Status, RecordCount]
    today: Calls
    calls: Calls
    days: int
    quotas: Sequence[QuotaInUse] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "queues": {name: depth._asdict() for name, depth in self.queues.items()},
            "dead_letters": dict(self.dead_letters),
            "records": {str(status): asdict(counted) for status, counted in self.records.items()},
            "today": self.today.to_json(),
            f"last_{self.days}_days": self.calls.to_json(),
            "quotas": {quota.operation: quota.to_json() for quota in self.quotas},
        }


def report(
    queues: Mapping[str, SqsQueue],
    dead_letters: Mapping[str, SqsQueue],
    records: DynamoDBRecordCounts,
    clock: Callable[[], float],
    *,
    days: int,
    exact: bool,
) -> Report:
    """Read everything but the quotas. The last `days` days end with today, by UTC."""
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
