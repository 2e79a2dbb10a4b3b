"""Problems as RFC 9457 has them: what a client is told when there is no answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract.errors import ImagepipeError, TransientError
from query_api.http.messages import PROBLEM_JSON, Response
from query_api.http.parameters import BadParametersError, ParamFault

RETRY_AFTER_SECONDS = 2


@dataclass(frozen=True)
class Problem:
    """One problem. `name` is for machines and stays the same; `detail` is for a person.

    `headers` go with it.
    """

    status: int
    name: str
    title: str
    detail: str
    faults: Sequence[ParamFault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Write the problem details; `faults` only where there are any. https://www.rfc-editor.org/rfc/rfc9457"""
        document: dict[str, Any] = {
            "type": f"urn:imagepipe:problem:{self.name}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.faults:
            document["faults"] = [
                {"parameter": each.parameter, "reason": each.reason} for each in self.faults
            ]
        return document

    def to_response(self) -> Response:
        """Write the answer."""
        return Response(self.status, self.to_json(), PROBLEM_JSON, self.headers)


class RefusedError(Exception):
    """There is no answer. `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def bad_parameters(error: BadParametersError) -> Problem:
    """Return what is wrong with a query string, everything at once."""
    return Problem(400, "bad-parameters", "The question cannot be read", str(error), error.faults)


def unknown_image(key: str) -> Problem:
    """Return the problem of a key of which nothing is known."""
    detail = (
        f"Nothing is known of an image {key!r}. It was never uploaded, or deleted, or is not recognized yet. "
        "Keys with % or ? are read reliably as GET /images?key=..."
    )
    return Problem(404, "unknown-image", "No such image", detail)


def unknown_path(path: str) -> Problem:
    """Return where the answers are."""
    detail = f"There is nothing at {path!r}; /docs says what there is."
    return Problem(404, "unknown-path", "No such page", detail)


def method_not_allowed(method: str, allowed: Sequence[str]) -> Problem:
    """Return how this is asked."""
    methods = ", ".join(allowed)
    title, detail = "Method not allowed", f"{method} is not supported here; use {methods}."
    return Problem(405, "method-not-allowed", title, detail, headers={"allow": methods})


def not_answering(error: ImagepipeError) -> Problem:
    """Return why the records cannot be read: for now, or until somebody has mended the deployment."""
    if isinstance(error, TransientError):
        detail = f"The records cannot be read at the moment ({error.code}). Ask again in a few seconds."
        later = {"retry-after": str(RETRY_AFTER_SECONDS)}
        return Problem(503, "unavailable", "No answer at the moment", detail, headers=later)
    detail = (
        f"The records cannot be read ({error.code}). Whoever runs this has to look; asking again is no use."
    )
    return Problem(500, "misconfigured", "Configuration error", detail)


def unhealthy(error: ImagepipeError) -> Problem:
    """Return why nothing can be answered now."""
    return Problem(503, "unhealthy", "The table does not answer", f"The table does not answer: {error.code}.")


def defect() -> Problem:
    """Return the problem of a defect of ours; what happened is in the log."""
    detail = "The question met a defect. It is logged with the time and the request's id."
    return Problem(500, "defect", "No answer because of a defect", detail)
