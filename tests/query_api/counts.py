"""Labels and numbers asked for by URL, over counts and queues in memory."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from aws.queue_depths import QueueDepth
from contract.errors import ImagepipeError
from query_api.endpoints.counts import LABELS, STATS, list_labels, read_stats
from query_api.http.messages import Request, Response
from query_api.http.routing import Route, Router
from query_api.ports import Backlog, LabelCounts, QueryMetric
from tests.query_api.gateways import ministack


@dataclass
class MemoryCounts:
    """Counts and queues. `failure` is raised by every read."""

    by_label: dict[str, int] = field(default_factory=dict)
    by_status: dict[str, int] = field(default_factory=dict)
    by_day: dict[str, dict[str, int]] = field(default_factory=dict)
    waiting: Backlog = field(default_factory=lambda: Backlog(QueueDepth(0, 0), QueueDepth(0, 0), 0))
    failure: ImagepipeError | None = None
    reads: int = 0

    def labels(self) -> LabelCounts:
        self._read()
        return LabelCounts(self.by_label)

    def statuses_and_days(
        self, days: Sequence[str]
    ) -> tuple[Mapping[str, int], Mapping[str, Mapping[str, int]]]:
        self._read()
        return self.by_status, {day: self.by_day[day] for day in days if day in self.by_day}

    def backlog(self) -> Backlog:
        self._read()
        return self.waiting

    def _read(self) -> None:
        self.reads += 1
        if self.failure is not None:
            raise self.failure


@dataclass
class CountsSite:
    """The API as far as it is about counts."""

    counts: MemoryCounts = field(default_factory=MemoryCounts)
    now: datetime = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
    metrics: Counter[QueryMetric] = field(default_factory=Counter)

    def exception(self, msg: object) -> None: ...

    def get(self, target: str) -> Response:
        routes = (
            Route(LABELS, partial(list_labels, self.counts, None)),
            Route(STATS, partial(read_stats, self.counts, self.counts, lambda: self.now, None)),
        )
        return Router(routes, self, self._count).respond(Request.from_event(ministack(target)))

    def json(self, target: str) -> Any:
        reply = self.get(target)
        assert reply.status == 200, reply.content
        return reply.content

    def _count(self, what: QueryMetric, by: int) -> None:
        self.metrics[what] += by
