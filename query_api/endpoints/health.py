"""`/health`: whether questions can be answered."""

from __future__ import annotations

from dataclasses import dataclass

from contract.errors import ImagepipeError
from query_api.endpoints import schemas
from query_api.http import problems
from query_api.http.messages import Request, Response
from query_api.http.query_params import no_parameters
from query_api.http.routing import Endpoint, Route
from query_api.ports import Health, RequestLog

ENDPOINT = Endpoint("GET", "/health", "checkHealth", "Whether the table answers", schemas.HEALTH)


@dataclass(frozen=True)
class HealthEndpoints:
    """Answers whether the table answers."""

    health: Health
    log: RequestLog

    def routes(self) -> tuple[Route, ...]:
        """Return the one route."""
        return (Route(ENDPOINT, self._check),)

    def _check(self, request: Request) -> Response:
        no_parameters(request.raw_query_string)
        try:
            self.health.check()
        except ImagepipeError as error:
            self.log.exception("the table does not answer")
            return problems.unhealthy(error).to_response()
        return Response(200, {"status": "ok"})
