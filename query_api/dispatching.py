"""Which endpoint a request is for, and how its answer or its problem travels back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contract.errors import ImagepipeError
from query_api import problems
from query_api.endpoints import Route
from query_api.exchange import Reply, Request
from query_api.reading import BadParametersError
from query_api.telemetry import Count, Counting, Log

REFUSED, SERVER_FAULT = 400, 500


@dataclass(frozen=True)
class Dispatcher:
    """Everything that can be asked. Of two routes that match a path, the first is taken."""

    routes: Sequence[Route]
    log: Log
    count: Counting

    def reply(self, request: Request) -> Reply:
        """Answer a request, or say why not. Raises nothing."""
        reply = self._reply(request)
        outcome = Count.ANSWERED if reply.status < REFUSED else Count.REFUSED
        self.count(Count.FAILED if reply.status >= SERVER_FAULT else outcome, 1)
        return reply

    def _reply(self, request: Request) -> Reply:
        try:
            return self._route(request).answer(request)
        except BadParametersError as error:
            return problems.bad_parameters(error).to_reply()
        except problems.RefusedError as error:
            return error.problem.to_reply()
        except ImagepipeError as error:
            self.log.exception("the records cannot be read")
            return problems.not_answering(error).to_reply()
        except Exception:
            self.log.exception("a question met a defect")
            return problems.defect().to_reply()

    def _route(self, request: Request) -> Route:
        here = [route for route in self.routes if route.endpoint.matches(request.path)]
        if not here:
            raise problems.RefusedError(problems.unknown_path(request.path))
        for route in here:
            if route.endpoint.method == request.method:
                return route
        allowed = sorted({route.endpoint.method for route in here})
        raise problems.RefusedError(problems.method_not_allowed(request.method, allowed))
