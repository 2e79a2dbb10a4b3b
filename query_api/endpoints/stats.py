"""`GET /stats`: how many images there are, what was paid and saved, and what is waiting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aws.queue_depths import QueueDepth
from contract.metrics import Metric
from contract.prices import DOLLARS_A_CALL
from contract.records import Status
from query_api.http.json_schema import COUNT, json_object
from query_api.http.messages import Request, Response
from query_api.http.query_params import no_parameters
from query_api.http.routing import Endpoint, Route
from query_api.ports import Counts, Queues

# Of the days before, each has an item of its own, and so many are one read.
CALL_DAYS = 30

_QUEUE = json_object({"waiting": COUNT, "in_flight": COUNT})
ENDPOINT = Endpoint(
    "GET",
    "/stats",
    "readStats",
    "How many images there are, what was paid and saved, and what is waiting",
    json_object(
        {
            "images": json_object({"recognized": COUNT, "rejected": COUNT}),
            "calls": json_object(
                {
                    "made": COUNT,
                    "avoided": COUNT,
                    "dollars_saved": {"type": "number", "minimum": 0},
                    "days": {**COUNT, "description": "Over how many days, today included."},
                }
            ),
            "queues": json_object({"images": _QUEUE, "bulk": _QUEUE}),
            "dead_letters": COUNT,
            "today": json_object(
                {count.name.lower(): COUNT for count in Metric},
                description="What the processor counted, UTC.",
            ),
        }
    ),
    "Numbers of queues are approximate, as SQS gives them.",
)


@dataclass(frozen=True)
class StatsEndpoints:
    """Answers how things stand. `now` gives the time in UTC."""

    counts: Counts
    queues: Queues
    now: Callable[[], datetime]

    def routes(self) -> tuple[Route, ...]:
        """Return the one route."""
        return (Route(ENDPOINT, self._read),)

    def _read(self, request: Request) -> Response:
        no_parameters(request.raw_query_string)
        today = self.now().date()
        days = [(today - timedelta(days=ago)).isoformat() for ago in range(CALL_DAYS)]
        statuses, counted = self.counts.statuses_and_days(days)
        backlog = self.queues.backlog()
        content = {
            "images": {
                str(status): statuses.get(status, 0) for status in (Status.RECOGNIZED, Status.REJECTED)
            },
            "calls": _calls(counted),
            "queues": {"images": _depth(backlog.images), "bulk": _depth(backlog.bulk)},
            "dead_letters": backlog.dead_letters,
            "today": {count.name.lower(): counted.get(days[0], {}).get(count, 0) for count in Metric},
        }
        return Response(200, content)


def _calls(counted: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    made, avoided = (
        sum(day.get(name, 0) for day in counted.values())
        for name in (Metric.CALLS_MADE, Metric.CALLS_AVOIDED)
    )
    dollars = round(avoided * DOLLARS_A_CALL, 3)
    return {"made": made, "avoided": avoided, "dollars_saved": dollars, "days": CALL_DAYS}


def _depth(depth: QueueDepth) -> dict[str, int]:
    return {"waiting": depth.waiting, "in_flight": depth.in_flight}
