"""Endpoints: how each is described, which one a request is for, and how its response or problem goes back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from contract.errors import ImagepipeError
from query_api.http import messages
from query_api.http.messages import NOTHING, ProblemError, Request, Response
from query_api.http.parameters import Parameter, QueryParams, Schema
from query_api.ports import Counting, QueryMetric, RequestLog

GREEDY = "+}"
REFUSED, SERVER_FAULT = 400, 500


class Endpoint(NamedTuple):
    """One method of one path.

    `path` is written as an HTTP API does: a variable `{key+}` takes slashes too, and is last or has a fixed
    word after it (`/images/{key+}/raw`). `parameters` are those of the query, `body` the properties of a JSON
    body, `schema` is that of a successful answer (JSON, unless `content_type` says otherwise; `also_as` is
    another form of it, as text). `is_static` is what holds no data: it is open to all where people sign in by
    a token. Of the rest, callers who may see the photos below some prefixes only are refused unless it is
    `by_prefix`: then it answers from what is left to them (query_api/visibility.py). A query string is
    refused where there are no parameters, unless the endpoint `takes_any_query`.
    """

    method: str
    path: str
    name: str
    summary: str
    schema: Schema = NOTHING
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    path_parameters: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] = ()
    status: int = 200
    content_type: str = "application/json"
    also_as: str = ""
    refusals: Mapping[int, str] = NOTHING
    is_static: bool = False
    by_prefix: bool = False
    takes_any_query: bool = False

    @property
    def gateway_route(self) -> str:
        """Name the route of the HTTP API that leads here: it knows a greedy variable at the end only."""
        start, greedy, _ = self.path.partition(GREEDY)
        return f"{self.method} {start}{greedy}"

    def matches(self, path: str) -> bool:
        """Return whether a decoded path is one of this endpoint's."""
        start, greedy, end = self.path.partition(GREEDY)
        if not greedy:
            return path == self.path
        start = start[: start.rindex("{")]
        return path.startswith(start) and path.endswith(end) and len(path) > len(start) + len(end)


class Route(NamedTuple):
    """An endpoint, and what answers there: may raise ProblemError, ImagepipeError."""

    endpoint: Endpoint
    answer: Callable[[Request], Response]


@dataclass(frozen=True)
class Router:
    """Everything that can be asked. Of two routes that match a path, the first is taken."""

    routes: Sequence[Route]
    log: RequestLog
    count: Counting

    def respond(self, request: Request) -> Response:
        """Answer a request, or say why not. Raises nothing."""
        response = self._respond(request)
        outcome = QueryMetric.ANSWERED if response.status < REFUSED else QueryMetric.REFUSED
        self.count(QueryMetric.FAILED if response.status >= SERVER_FAULT else outcome, 1)
        return response

    def _respond(self, request: Request) -> Response:
        try:
            route = self._route(request)
            if not route.endpoint.parameters and not route.endpoint.takes_any_query:
                QueryParams((), request.raw_query_string).finish()
            return route.answer(request)
        except ProblemError as error:
            return error.to_response()
        except ImagepipeError as error:
            self.log.exception("the records cannot be read")
            return messages.not_answering(error).to_response()
        except Exception:
            self.log.exception("a question met a defect")
            return messages.defect().to_response()

    def _route(self, request: Request) -> Route:
        here = [route for route in self.routes if route.endpoint.matches(request.path)]
        if not here:
            raise messages.unknown_path(request.path)
        for route in here:
            if route.endpoint.method == request.method:
                return route
        allowed = sorted({route.endpoint.method for route in here})
        raise messages.method_not_allowed(request.method, allowed)
