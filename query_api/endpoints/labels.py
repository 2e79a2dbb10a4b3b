"""`GET /labels`: the labels there are, with how many recognized images carry each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from query_api.http.json_schema import COUNT, TEXT, json_object, listed
from query_api.http.messages import Request, Response
from query_api.http.param_types import Parameter, Text, Whole
from query_api.http.query_params import QueryParams
from query_api.http.routing import Endpoint, Route
from query_api.ports import LabelCounts

MAX_PREFIX_CHARACTERS = 200
MAX_LIMIT = 1000
DEFAULT_LIMIT = 20

PARAMETERS = (
    Parameter(
        "prefix", Text(MAX_PREFIX_CHARACTERS), "What the names begin with, in whatever case.", example="do"
    ),
    Parameter("limit", Whole(1, MAX_LIMIT), "How many at most.", default=DEFAULT_LIMIT),
)
ENDPOINT = Endpoint(
    "GET",
    "/labels",
    "listLabels",
    "Labels and how many images carry each, most frequent first",
    json_object({"labels": listed(json_object({"name": TEXT, "count": COUNT}))}),
    "Counted a few seconds after an image was recognized, overwritten or deleted, each image once.",
    parameters=PARAMETERS,
)


@dataclass(frozen=True)
class LabelEndpoints:
    """Answers which labels there are."""

    counts: LabelCounts

    def routes(self) -> tuple[Route, ...]:
        """Return the one route."""
        return (Route(ENDPOINT, self._list),)

    def _list(self, request: Request) -> Response:
        asked = QueryParams(PARAMETERS, request.raw_query_string)
        asked.finish()
        prefix = (asked.one("prefix") or "").casefold()
        merged = _one_each(self.counts.labels())
        chosen = [label for label in merged if label["name"].casefold().startswith(prefix)]
        return Response(200, {"labels": chosen[: asked.one("limit")]})


def _one_each(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Put names that differ in case together under the most frequent of them; most frequent labels first."""
    spellings: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        spellings[name.casefold()].append(name)
    labels = [
        {"name": names[0], "count": sum(counts[name] for name in names)} for names in spellings.values()
    ]
    return sorted(labels, key=lambda label: (-int(str(label["count"])), str(label["name"])))
