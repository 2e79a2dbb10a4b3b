"""`/health`: whether questions can be answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from contract.errors import ImagepipeError
from query_api import problems, schemas
from query_api.endpoints import Endpoint, Route
from query_api.exchange import Reply, Request
from query_api.reading import no_parameters
from query_api.telemetry import Log

ENDPOINT = Endpoint("GET", "/health", "checkHealth", "Whether the table answers", schemas.HEALTH)


class Health(Protocol):
    """Knows whether questions can be answered."""

    def check(self) -> None:
        """Raise ImagepipeError if they cannot."""
        ...


@dataclass(frozen=True)
class HealthAnswers:
    """Answers whether the table answers."""

    health: Health
    log: Log

    def routes(self) -> tuple[Route, ...]:
        """Give the one route."""
        return (Route(ENDPOINT, self._check),)

    def _check(self, request: Request) -> Reply:
        no_parameters(request.raw_query_string)
        try:
            self.health.check()
        except ImagepipeError as error:
            self.log.exception("the table does not answer")
            return problems.unhealthy(error).to_reply()
        return Reply(200, {"status": "ok"})
