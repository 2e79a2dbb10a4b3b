"""HTTP: which question a request asks, and how its answer or its problem travels back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from contract.errors import ImagepipeError
from query_api import paths, presentation, problems, requests
from query_api.details import Images
from query_api.listing import Listing
from query_api.problems import Problem
from query_api.questions import ImageQuestion, ListQuestion
from query_api.telemetry import Count, Counting

JSON = "application/json; charset=utf-8"
PROBLEM_JSON = "application/problem+json; charset=utf-8"
SERVER_FAULT = 500


class Health(Protocol):
    """Knows whether questions can be answered."""

    def check(self) -> None:
        """Raise ImagepipeError if they cannot."""
        ...


@dataclass(frozen=True)
class Routes:
    """Everything that can be asked. Answers are never cached: a photo may change or go at any time."""

    images: Images
    listing: Listing
    health: Health
    logger: Logger
    count: Counting

    def resolver(self) -> APIGatewayHttpResolver:
        """Lay the routes out. Keys may hold anything, line ends too."""
        app = APIGatewayHttpResolver()
        app.get("/health")(self._health)
        app.get("/images")(lambda: self._list_or_image(app.current_event.raw_query_string))
        app.get(r"/images/(?s:.+)\Z")(lambda: self._image(paths.object_key(app.current_event.path)))
        app.not_found(lambda _: self._no_route(app.current_event.http_method, app.current_event.path))
        app.exception_handler(requests.BadParametersError)(
            lambda error: self._problem(problems.bad_parameters(error))
        )
        app.exception_handler(ImagepipeError)(self._not_answering)
        app.exception_handler(Exception)(self._defect)
        return app

    def _health(self) -> Response[str]:
        try:
            self.health.check()
        except ImagepipeError as error:
            self.logger.exception("the table does not answer")
            return self._problem(problems.unhealthy(error))
        return self._answer({"status": "ok"})

    def _list_or_image(self, raw_query_string: str) -> Response[str]:
        question = requests.question(raw_query_string)
        match question:
            case ImageQuestion(key):
                return self._image(key)
            case ListQuestion():
                return self._list(question)

    def _list(self, question: ListQuestion) -> Response[str]:
        page = self.listing.page(question)
        self.count(Count.ROWS_READ, page.rows_read)
        self.count(Count.ROWS_SKIPPED, page.rows_skipped)
        return self._answer(presentation.page(question, page))

    def _image(self, key: str) -> Response[str]:
        details = self.images.details(key) if requests.is_possible_key(key) else None
        if details is None:
            return self._problem(problems.unknown_image(key))
        return self._answer(presentation.details(details))

    def _no_route(self, method: str, path: str) -> Response[str]:
        if method == "GET":
            return self._problem(problems.unknown_path(path))
        return self._problem(problems.method_not_allowed(method), {"allow": "GET"})

    def _not_answering(self, error: ImagepipeError) -> Response[str]:
        self.logger.error("the records cannot be read", exc_info=error)
        problem = problems.not_answering(error)
        retry = {"retry-after": str(problems.RETRY_AFTER_SECONDS)} if problem.name == "unavailable" else {}
        return self._problem(problem, retry)

    def _defect(self, error: Exception) -> Response[str]:
        self.logger.error("a question met a defect", exc_info=error)
        return self._problem(problems.defect())

    def _answer(self, content: dict[str, Any]) -> Response[str]:
        self.count(Count.ANSWERED, 1)
        return _reply(200, JSON, content, {})

    def _problem(self, problem: Problem, headers: dict[str, str] | None = None) -> Response[str]:
        self.count(Count.FAILED if problem.status >= SERVER_FAULT else Count.REFUSED, 1)
        return _reply(problem.status, PROBLEM_JSON, problem.to_json(), headers or {})


def _reply(status: int, content_type: str, content: dict[str, Any], headers: dict[str, str]) -> Response[str]:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(
        status, body=text, headers={"content-type": content_type, "cache-control": "no-store", **headers}
    )
