"""HTTP as an HTTP API passes it on (payload format 2.0): an event in, a response or a problem out.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import gzip
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from contract.errors import ImagepipeError, TransientError

JSON = "application/json; charset=utf-8"
PROBLEM_JSON = "application/problem+json; charset=utf-8"
HTML = "text/html; charset=utf-8"

# What fits into one packet arrives no sooner for being smaller.
LEAST_PACKED_BYTES = 1_400
# On the page's script, half the time of the default for a result that is a twentieth larger.
GZIP_LEVEL = 4

NOTHING: Mapping[Any, Any] = MappingProxyType({})
RETRY_AFTER_SECONDS = 2


class Request(NamedTuple):
    """What is asked. `path` is decoded and has no stage; `raw_query_string` is as the client sent it.

    Names of `headers` are in lower case. `claims` are those of the token that the HTTP API has verified, as
    text; there are none where it verifies none. `signed_by` is the ARN of whoever signed the request by IAM.
    """

    method: str
    path: str
    raw_query_string: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = NOTHING
    claims: Mapping[str, Any] = NOTHING
    signed_by: str = ""

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "Request":
        """Read an event. AWS puts the stage before the path unless it is `$default`; MiniStack never does."""
        context = event["requestContext"]
        path, stage = str(event["rawPath"]), f"/{context['stage']}"
        if path.startswith(f"{stage}/"):
            path = path.removeprefix(stage)
        body = event.get("body") or ""
        # A lone surrogate has no place in UTF-8; it becomes a byte that is refused where text is expected.
        content = b64decode(body) if event.get("isBase64Encoded") else body.encode(errors="replace")
        headers = event.get("headers") or {}
        authorizer = context.get("authorizer") or {}
        claims = (authorizer.get("jwt") or {}).get("claims") or {}
        signed_by = str((authorizer.get("iam") or {}).get("userArn") or "")
        method, query = context["http"]["method"], event.get("rawQueryString") or ""
        return cls(method, path, query, content, headers, claims, signed_by)

    @property
    def takes_gzip(self) -> bool:
        """Return whether the client unpacks gzip. https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding"""
        accepted = self.headers.get("accept-encoding", "").lower()
        gzip_above_zero = r"gzip(\s*;\s*q=(1(\.0*)?|0\.\d*[1-9]\d*))?"
        return any(re.fullmatch(gzip_above_zero, coding.strip()) for coding in accepted.split(","))


class Response(NamedTuple):
    """What is answered: text as it is, anything else as JSON.

    Unless `headers` say otherwise, nothing is cached on its way: a photo may change or go at any time.
    """

    status: int
    content: Mapping[str, Any] | str
    content_type: str = JSON
    headers: Mapping[str, str] = NOTHING

    def to_event(self, *, gzipped: bool = False) -> dict[str, Any]:
        """Write the response for the HTTP API: text as it is read and not in escapes, or packed where asked.

        An HTTP API packs nothing by itself; bytes pass through it in base64.
        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
        """
        body = self.content if isinstance(self.content, str) else _as_json(self.content)
        headers = {
            "content-type": self.content_type,
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            **self.headers,
        }
        content = body.encode()
        if not gzipped or len(content) < LEAST_PACKED_BYTES:
            return {"statusCode": self.status, "headers": headers, "body": body}
        packed = gzip.compress(content, GZIP_LEVEL, mtime=0)
        return {
            "statusCode": self.status,
            "headers": {**headers, "content-encoding": "gzip"},
            "body": b64encode(packed).decode(),
            "isBase64Encoded": True,
        }


def _as_json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


class ParamFault(NamedTuple):
    """What is wrong with one parameter."""

    parameter: str
    reason: str


class ProblemError(Exception):
    """There is no answer, for a reason that the client is told as RFC 9457 has it.

    `name` is for machines and stays the same; the detail is for a person. `more` is what else is told.
    """

    def __init__(
        self,
        status: int,
        name: str,
        title: str,
        detail: str,
        faults: Sequence[ParamFault] = (),
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] = NOTHING,
    ) -> None:
        super().__init__(detail)
        self.status, self.name, self.title, self.faults = status, name, title, faults
        self.headers, self.more = headers or {}, more

    def to_response(self) -> Response:
        """Write the problem details; `faults` only where there are any. https://www.rfc-editor.org/rfc/rfc9457"""
        content: dict[str, Any] = {
            "type": f"urn:imagepipe:problem:{self.name}",
            "title": self.title,
            "status": self.status,
            "detail": str(self),
            **self.more,
        }
        if self.faults:
            content["faults"] = [fault._asdict() for fault in self.faults]
        return Response(self.status, content, PROBLEM_JSON, self.headers)


def bad_parameters(*faults: ParamFault) -> ProblemError:
    """Return what is wrong with a request, everything at once."""
    detail = "; ".join(f"{fault.parameter}: {fault.reason}" for fault in faults)
    return ProblemError(400, "bad-parameters", "The question cannot be read", detail, faults)


def require_json(request: Request) -> None:
    """Raise ProblemError unless the body is declared as JSON.

    A page of another origin can post without asking only what a form could
    (https://fetch.spec.whatwg.org/#cors-safelisted-request-header): so where nobody has to sign in, nobody is
    led to change something by a page that he merely looks at.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ProblemError(
            415, "not-json", "The body is not JSON", "Send the header content-type: application/json."
        )


def nothing_visible(detail: str) -> ProblemError:
    """Return why a caller may see nothing at all: the token does not say what."""
    return ProblemError(403, "nothing-visible", "Nothing may be seen with this token", detail)


def not_by_prefix() -> ProblemError:
    """Return why a caller who may see some photos is not answered: the answer would be about all."""
    detail = "This is about all photos, of which you may see some."
    return ProblemError(403, "not-by-prefix", "Not for you", detail)


def unknown_image(key: str) -> ProblemError:
    detail = (
        f"Nothing is known of an image {key!r}. It was never uploaded, or deleted, or is not recognized yet. "
        "Keys with % or ? are read reliably as GET /images?key=..."
    )
    return ProblemError(404, "unknown-image", "No such image", detail)


def unknown_path(path: str) -> ProblemError:
    detail = f"There is nothing at {path!r}; /docs says what there is."
    return ProblemError(404, "unknown-path", "No such page", detail)


def method_not_allowed(method: str, allowed: Sequence[str]) -> ProblemError:
    methods = ", ".join(allowed)
    title, detail = "Method not allowed", f"{method} is not supported here; use {methods}."
    return ProblemError(405, "method-not-allowed", title, detail, headers={"allow": methods})


def not_answering(error: ImagepipeError) -> ProblemError:
    """Return why the records cannot be read: for now, or until somebody has mended the deployment."""
    if isinstance(error, TransientError):
        detail = f"The records cannot be read at the moment ({error.code}). Ask again in a few seconds."
        later = {"retry-after": str(RETRY_AFTER_SECONDS)}
        return ProblemError(503, "unavailable", "No answer at the moment", detail, headers=later)
    detail = (
        f"The records cannot be read ({error.code}). Whoever runs this has to look; asking again is no use."
    )
    return ProblemError(500, "misconfigured", "Configuration error", detail)


def day_used_up(retry_after_seconds: int) -> ProblemError:
    """Return that words cannot be compared any more today."""
    detail = (
        "Words are compared by a model that is paid for, and its calls of today (UTC) are used up. Ask by "
        "label or by similar_to, or tomorrow; whoever runs this can allow more (imagepipe quotas)."
    )
    later = {"retry-after": str(retry_after_seconds)}
    return ProblemError(503, "day-used-up", "No more questions by words today", detail, headers=later)


def unhealthy(error: ImagepipeError) -> ProblemError:
    return ProblemError(
        503, "unhealthy", "The table does not answer", f"The table does not answer: {error.code}."
    )


def defect() -> ProblemError:
    """Return the problem of a defect of ours; what happened is in the log."""
    detail = "The question met a defect. It is logged with the time and the request's id."
    return ProblemError(500, "defect", "No answer because of a defect", detail)
