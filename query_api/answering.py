"""How a function of the API that writes no metrics answers events, once its routes are put together."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths

from query_api.http.messages import Request
from query_api.http.routing import Route, Router

Answering = Callable[[Mapping[str, Any], Any], dict[str, Any]]


def answering(routes: Sequence[Route], logger: Logger) -> Answering:
    """Return what answers events, and logs with the request's id."""
    router = Router(routes, logger, lambda _what, _by: None)

    def answer(event: Mapping[str, Any], _: Any) -> dict[str, Any]:
        request = Request.from_event(event)
        return router.respond(request).to_event(gzipped=request.takes_gzip)

    return cast(
        "Answering",
        logger.inject_lambda_context(answer, correlation_id_path=correlation_paths.API_GATEWAY_HTTP),
    )
