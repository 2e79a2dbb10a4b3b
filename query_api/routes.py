"""Which question a request asks, and how its answer or its problem travels back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from contract.errors import ImagepipeError
from query_api import paths, presentation, problems, requests
from query_api.details import Images
from query_api.exchange import PROBLEM_JSON, Reply, Request
from query_api.listing import Listing
from query_api.problems import Problem
from query_api.questions import ImageQuestion, ListQuestion
from query_api.telemetry import Count, Counting, Log

SERVER_FAULT = 500


class Health(Protocol):
    """Knows whether questions can be answered."""

    def check(self) -> None:
        """Raise ImagepipeError if they cannot."""
        ...


@dataclass(frozen=True)
class Routes:
    """Everything that can be asked."""

    images: Images
    listing: Listing
    health: Health
    log: Log
    count: Counting

    def reply(self, request: Request) -> Reply:
        """Answer a request, or say why not. Raises nothing."""
        try:
            return self._route(request)
        except requests.BadParametersError as error:
            return self._problem(problems.bad_parameters(error))
        except ImagepipeError as error:
            self.log.exception("the records cannot be read")
            return self._problem(problems.not_answering(error))
        except Exception:
            self.log.exception("a question met a defect")
            return self._problem(problems.defect())

    def _route(self, request: Request) -> Reply:
        route = self._at(request.path)
        if route is None:
            return self._problem(problems.unknown_path(request.path))
        if request.method != "GET":
            return self._problem(problems.method_not_allowed(request.method))
        return route(request)

    def _at(self, path: str) -> Callable[[Request], Reply] | None:
        if path.startswith(paths.IMAGES) and path != paths.IMAGES:
            return self._image_of_path
        return {"/health": self._health, "/images": self._list_or_image}.get(path)

    def _health(self, request: Request) -> Reply:
        requests.no_parameters(request.raw_query_string)
        try:
            self.health.check()
        except ImagepipeError as error:
            self.log.exception("the table does not answer")
            return self._problem(problems.unhealthy(error))
        self.count(Count.ANSWERED, 1)
        return Reply(200, {"status": "ok"})

    def _list_or_image(self, request: Request) -> Reply:
        question = requests.question(request.raw_query_string)
        match question:
            case ImageQuestion(key):
                return self._image(key)
            case ListQuestion():
                return self._list(question)

    def _image_of_path(self, request: Request) -> Reply:
        requests.no_parameters(request.raw_query_string)
        return self._image(paths.object_key(request.path))

    def _image(self, key: str) -> Reply:
        details = self.images.details(key) if requests.is_possible_key(key) else None
        if details is None:
            return self._problem(problems.unknown_image(key))
        self.count(Count.ANSWERED, 1)
        return Reply(200, presentation.details(details))

    def _list(self, question: ListQuestion) -> Reply:
        page = self.listing.page(question)
        self.count(Count.ANSWERED, 1)
        self.count(Count.ROWS_READ, page.rows_read)
        self.count(Count.ROWS_SKIPPED, page.rows_skipped)
        return Reply(200, presentation.page(question, page))

    def _problem(self, problem: Problem) -> Reply:
        self.count(Count.FAILED if problem.status >= SERVER_FAULT else Count.REFUSED, 1)
        return Reply(problem.status, problem.to_json(), PROBLEM_JSON, problem.headers)
