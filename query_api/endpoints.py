"""What an endpoint is: a description, from which openapi.json is made, and whoever answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from query_api.exchange import Reply, Request
from query_api.kinds import Parameter, Schema

GREEDY = "+}"


@dataclass(frozen=True)
class Endpoint:
    """One method of one path.

    `path` is written as an HTTP API does: a variable `{key+}` takes slashes too, and is last or has a fixed
    word after it (`/images/{key+}/raw`). `parameters` are those of the query, `body` the properties of a JSON
    body, `schema` is that of a successful answer (JSON, unless `content_type` says otherwise). `is_static`
    is what holds no data: it is open to all where people sign in by a token.
    """

    method: str
    path: str
    name: str
    summary: str
    schema: Schema = field(default_factory=dict)
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    path_parameters: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] = ()
    status: int = 200
    content_type: str = "application/json"
    refusals: Mapping[int, str] = field(default_factory=dict)
    is_static: bool = False

    @property
    def gateway_route(self) -> str:
        """Name the route of the HTTP API that leads here: it knows a greedy variable at the end only."""
        start, greedy, _ = self.path.partition(GREEDY)
        return f"{self.method} {start}{greedy}"

    def matches(self, path: str) -> bool:
        """Say whether a decoded path is one of this endpoint's."""
        start, greedy, end = self.path.partition(GREEDY)
        if not greedy:
            return path == self.path
        start = start[: start.rindex("{")]
        return path.startswith(start) and path.endswith(end) and len(path) > len(start) + len(end)


@dataclass(frozen=True)
class Route:
    """An endpoint, and what answers there: may raise BadParametersError, RefusedError, ImagepipeError."""

    endpoint: Endpoint
    answer: Callable[[Request], Reply]


def json_object(properties: Mapping[str, Any], *optional: str, **more: Any) -> dict[str, Any]:
    """Describe a JSON object that has these properties, all but the optional ones always, and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
        **more,
    }
