"""`/labels` and `/stats`: what is counted, and what waits. `/health`: whether the table answers at all."""

from collections import defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws.queue_depths import QueueDepth
from contract.errors import ImagepipeError
from contract.metrics import SCENE_METRICS, Metric
from contract.prices import DOLLARS_A_CALL
from contract.records import Status
from query_api.endpoints import schemas
from query_api.http import parameters
from query_api.http.messages import Request, Response, unhealthy
from query_api.http.parameters import Parameter, QueryParams, text_up_to, whole
from query_api.http.routing import Endpoint
from query_api.ports import Counts, Queues, RequestLog, TableReader

if TYPE_CHECKING:
    from contract.policy import Policy
    from query_api.search.agreement import Agreement

MAX_PREFIX_CHARACTERS = 200
MAX_LIMIT = 1000
DEFAULT_LIMIT = 20
# Of the days before, each has an item of its own, and so many are one read.
CALL_DAYS = 30

LABELS = Endpoint(
    "GET",
    "/labels",
    "listLabels",
    "Labels and how many images carry each, most frequent first",
    schemas.LABELS,
    "Counted a few seconds after an image was recognized, overwritten or deleted, each image once.",
    parameters=(
        Parameter(
            "prefix",
            text_up_to(MAX_PREFIX_CHARACTERS),
            "What the names begin with, in whatever case.",
            example="do",
        ),
        Parameter("limit", whole(1, MAX_LIMIT), "How many at most.", default=DEFAULT_LIMIT),
    ),
    by_prefix=True,
)
STATS = Endpoint(
    "GET",
    "/stats",
    "readStats",
    "How many images there are, what was paid and saved, and what is waiting",
    schemas.STATS,
    "Numbers of queues are approximate, as SQS gives them.",
    parameters=(
        Parameter(
            "reviews",
            parameters.FLAG,
            "Also how often people allowed and blocked photos that have a category of the policy.",
        ),
    ),
)
HEALTH = Endpoint(
    "GET", "/health", "checkHealth", "Whether the table answers", schemas.HEALTH, by_prefix=True
)


# Counts images that carry labels, by name, given how many there can be; some may be left out.
CountingExactly = Callable[[Mapping[str, int]], Mapping[str, int]]


def list_labels(counts: Counts, count_exactly: CountingExactly | None, request: Request) -> Response:
    asked = QueryParams(LABELS.parameters, request.raw_query_string)
    asked.finish()
    prefix = (asked.one("prefix") or "").casefold()
    counted = counts.labels()
    merged = _one_each(counted.by_name)
    chosen = [label for label in merged if label["name"].casefold().startswith(prefix)][: asked.one("limit")]
    if counted.at_most:
        chosen = _held_to_what_is_shown(chosen, counted.at_most, count_exactly)
    some = {} if counted.looked_at is None else {"looked_at": counted.looked_at}
    return Response(200, {"labels": chosen, **some})


def _held_to_what_is_shown(
    labels: Sequence[dict[str, Any]], at_most: Container[str], count_exactly: CountingExactly | None
) -> list[dict[str, Any]]:
    """Return the counts: those that are only the most there can be counted anew, or given as `at_most`."""
    uncertain = {label["name"]: label["count"] for label in labels if label["name"].casefold() in at_most}
    exact = count_exactly(uncertain) if count_exactly else {}
    held = [
        {"name": name, "at_most": label["count"]}
        if (name := label["name"]) in uncertain and name not in exact
        else {"name": name, "count": exact.get(name, label["count"])}
        for label in labels
    ]
    there = [label for label in held if label.get("count") != 0]
    return sorted(there, key=lambda label: (-label.get("count", label.get("at_most", 0)), label["name"]))


def _one_each(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Put names that differ in case together under the most frequent of them; most frequent labels first."""
    spellings: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        spellings[name.casefold()].append(name)
    labels = [
        {"name": names[0], "count": sum(counts[name] for name in names)} for names in spellings.values()
    ]
    return sorted(labels, key=lambda label: (-int(str(label["count"])), str(label["name"])))


def read_stats(
    counts: Counts,
    queues: Queues,
    now: Callable[[], datetime],
    policy: "Policy | None",
    request: Request,
    *,
    agreement: "Callable[[], Agreement] | None" = None,
) -> Response:
    """Answer how things stand. `now` gives the time in UTC; `agreement` is None where there is no policy."""
    asked = QueryParams(STATS.parameters, request.raw_query_string)
    wants_reviews = asked.one("reviews")
    if wants_reviews and agreement is None:
        asked.blame("reviews", "this deployment has no policy (its setting policy)")
    asked.finish()
    today = now().date()
    days = [(today - timedelta(days=ago)).isoformat() for ago in range(CALL_DAYS)]
    statuses, counted = counts.statuses_and_days(days)
    backlog = queues.backlog()
    content = {
        "images": {str(status): statuses.get(status, 0) for status in (Status.RECOGNIZED, Status.REJECTED)},
        "calls": _calls(counted),
        "scenes": _scenes(counted),
        "queues": {"images": _depth(backlog.images), "bulk": _depth(backlog.bulk)},
        "dead_letters": backlog.dead_letters,
        "today": {count.name.lower(): counted.get(days[0], {}).get(count, 0) for count in Metric},
        **({} if policy is None else {"policy": policy.version}),
        **({"reviews": _reviews(agreement())} if wants_reviews and agreement else {}),
    }
    return Response(200, content)


def _calls(counted: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    made, avoided = _sums(counted, Metric.CALLS_MADE, Metric.CALLS_AVOIDED)
    dollars = round(avoided * DOLLARS_A_CALL, 3)
    return {"made": made, "avoided": avoided, "dollars_saved": dollars, "days": CALL_DAYS}


def _scenes(counted: Mapping[str, Mapping[str, int]]) -> dict[str, Any] | None:
    """Return what paying once a scene saves, and what it costs in answers; None where it saved nothing."""
    inherited, compared, labels, different = _sums(counted, *SCENE_METRICS)
    if not inherited and not compared:
        return None
    disagreement = round(different / labels, 3) if labels else None
    return {"inherited": inherited, "compared": compared, "disagreement": disagreement, "days": CALL_DAYS}


def _reviews(agreement: "Agreement") -> dict[str, Any]:
    return {
        "is_all": agreement.is_all,
        "categories": [
            {
                "name": category,
                "allowed": sum(each.allowed for each in by_step.values()),
                "blocked": sum(each.blocked for each in by_step.values()),
                "by_confidence": [{"from": least, **each._asdict()} for least, each in by_step.items()],
            }
            for category, by_step in agreement.by_category.items()
        ],
    }


def _sums(counted: Mapping[str, Mapping[str, int]], *names: Metric) -> list[int]:
    return [sum(day.get(name, 0) for day in counted.values()) for name in names]


def _depth(depth: QueueDepth) -> dict[str, int]:
    return {"waiting": depth.waiting, "in_flight": depth.in_flight}


def check_health(table: TableReader, log: RequestLog, _: Request) -> Response:
    """Answer whether questions can be answered."""
    try:
        table.check()
    except ImagepipeError as error:
        log.exception("the table does not answer")
        return unhealthy(error).to_response()
    return Response(200, {"status": "ok"})
