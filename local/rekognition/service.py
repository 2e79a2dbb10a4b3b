"""Calls of Rekognition over its JSON 1.1, each counted, whoever answers; beside it a door for tests.

`POST /` with `X-Amz-Target: RekognitionService.DetectLabels` is Rekognition, as in
https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html. Signatures are not checked, and web
pages of others not answered (`OriginGuard`). The other paths are ours:

`GET /health`
    `{"status": "ok", "models": ["centernet", ...], "operations": ["DetectFaces", ...], "waiting":
    ["DetectText"], "workers": 2}`; `waiting` are the operations whose models are loaded at their first call.
    With canned answers `"canned": true`, without models, waiting and workers.

`GET /_local/settings`
    `{"rates": {"DetectLabels": 50.0}, "latencies_ms": {"DetectLabels": 300.0}}`; an operation that is
    not named has no limit and no added latency.

`PUT /_local/settings`
    Changes what it names: `{"rates": {"DetectLabels": 5, "DetectFaces": null}, "latencies_ms":
    {"DetectLabels": 0}}`. `null` lifts a limit. Answers like GET; 400 with the reason.

`GET /_local/calls`
    `{"operations": {"DetectLabels": {"accepted": 3, "throttled": 1, "answered": 2, "failed": 1,
    "errors": {"InvalidImageFormatException": 1}}}, "contents": {"DetectLabels": {SHA-256: calls}},
    "objects": {"DetectLabels": {"bucket/key": calls}}}`. `contents` and `objects` count accepted calls, so
    a count over 1 means that the same bytes, or the same object, were paid for twice. An object that could
    not be read has no content; canned answers read no objects. `?only=operations` leaves the long lists out.

`DELETE /_local/calls`
    Sets every count to zero.

`GET /_local/videos`, `PUT /_local/videos`
    The jobs on videos that are kept, and what goes wrong with those that end from now on: `{"faults":
    {"copies": 1, "late_seconds": 0, "fails": "", "holds": false}, "jobs": [...]}`; PUT takes faults
    (`local/rekognition/videos/completions.py`), and sets what it does not name right.

Beside them, `POST /model/{id}/invoke` is a model of Bedrock (`local/rekognition/bedrock.py`).

With `?region=us-west-2`, settings and calls are those of requests that are signed for that region, once it
was set up so (`local/rekognition/regions.py`). `{"away": true}` in its settings, or in everybody's, has all
calls answered by a 500.
"""

import asyncio
import json
import logging
import threading
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

from botocore.model import OperationNotFoundError, ServiceModel
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from contract.meaning import INVOKE_MODEL
from local.cloud.origin_guard import OriginGuard
from local.rekognition.quotas import CallQuotas, QuotaChangeError, read_change
from local.rekognition.regions import RegionalServices
from local.rekognition.request import ObjectPlace, RekognitionError, images_of, internal, validate


class CallLog:
    """Counts calls by operation and what became of them. Threads may count at once.

    Of the kind "outcomes" are all calls (accepted or throttled, then answered or failed), of "errors" the
    codes of those that failed. Of accepted calls, "objects" has what they named, "contents" what they saw.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._counts: dict[str, dict[str, Counter[str]]] = {}

    def count(self, kind: str, operation: str, what: str) -> None:
        with self._lock:
            self._counts.setdefault(kind, {}).setdefault(operation, Counter())[what] += 1

    def report(self) -> dict[str, Any]:
        with self._lock:
            counts = {
                kind: {operation: dict(counter) for operation, counter in found.items()}
                for kind, found in self._counts.items()
            }
        errors = counts.pop("errors", {})
        empty = dict.fromkeys(("accepted", "throttled", "answered", "failed"), 0)
        return {
            "operations": {
                operation: {**empty, **outcomes, "errors": errors.get(operation, {})}
                for operation, outcomes in counts.pop("outcomes", {}).items()
            },
            "contents": counts.get("contents", {}),
            "objects": counts.get("objects", {}),
        }


HasLeft = Callable[[], Awaitable[bool]]
"""Whether the caller has hung up."""


class ReadCall(NamedTuple):
    """A request, validated, the pictures that it shows or names, and the region that it is for."""

    request: dict[str, Any]
    images: list[bytes | ObjectPlace]
    region: str


ReadRequest = Callable[[], ReadCall]
"""Raises `RekognitionError`."""
DEFAULT_REGION = "us-east-1"
_log = logging.getLogger(__name__)


class RecognitionBackend(Protocol):
    """What answers requests: models that look, or canned answers."""

    @property
    def operations(self) -> Collection[str]: ...

    def health(self) -> dict[str, Any]:
        """Return what `GET /health` tells of it."""
        ...

    async def answer(
        self, operation: str, read: ReadRequest, calls: CallLog, has_left: HasLeft
    ) -> dict[str, Any]:
        """Return the members of the output shape. Raises `RekognitionError`."""
        ...


@dataclass
class RekognitionService:
    """The operations behind their quotas, with every call counted."""

    recognition: RecognitionBackend
    model: ServiceModel
    quotas: CallQuotas = field(default_factory=CallQuotas)
    calls: CallLog = field(default_factory=CallLog)
    is_away: bool = False
    region: str = DEFAULT_REGION

    async def call(self, operation: str, body: bytes, has_left: HasLeft) -> dict[str, Any]:
        """Answer one call. Raises `RekognitionError`, counted."""
        if self.is_away:
            self._failed(operation, "InternalServerError")
            raise internal("this region is away")
        try:
            self.quotas.admit(operation)
        except RekognitionError:
            self.calls.count("outcomes", operation, "throttled")
            raise
        self.calls.count("outcomes", operation, "accepted")
        await asyncio.sleep(self.quotas.latency_seconds(operation))
        try:
            read = partial(self._read, operation, body)
            answer = await self.recognition.answer(operation, read, self.calls, has_left)
        except RekognitionError as error:
            self._failed(operation, error.code)
            raise
        except Exception as error:  # the caller gets an answer whatever breaks
            _log.exception("%s broke", operation)
            self._failed(operation, "InternalServerError")
            raise internal(f"{operation} broke: {type(error).__name__}; see the server's log") from error
        self.calls.count("outcomes", operation, "answered")
        return answer

    def _failed(self, operation: str, code: str) -> None:
        self.calls.count("outcomes", operation, "failed")
        self.calls.count("errors", operation, code)

    def _read(self, operation: str, body: bytes) -> ReadCall:
        try:
            members = json.loads(body or b"{}")
        except (ValueError, RecursionError):  # the second where it is nested a thousand times
            raise RekognitionError("SerializationException", "the request is not JSON") from None
        shape = self.model.operation_model(operation).input_shape
        request = validate(members, shape) if shape else {}
        images = images_of(request)
        for image in images:
            if isinstance(image, ObjectPlace):
                self.calls.count("objects", operation, f"{image.bucket}/{image.key}")
        return ReadCall(request, images, self.region)


_PREFIX = "RekognitionService."
_JSON = "application/x-amz-json-1.1"
_MAX_REQUEST_BYTES = 16 * 1024 * 1024
_HUNG_UP = Response(status_code=400)
"""For a client that is gone."""


_NO_REGION = JSONResponse({"error": "no region is named so; they are as in us-west-2"}, 400)


def _reply(members: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(members), status, {"x-amzn-RequestId": str(uuid.uuid4())}, _JSON)


async def read_body(request: Request) -> bytes:
    """Return the body, read no further than the limit, whatever length it gives or does not (chunked).

    Raises `RekognitionError`, and `ClientDisconnect` where the client has sent less than it said.
    """
    too_large = RekognitionError(
        "RequestEntityTooLargeException",
        f"the request has more than {_MAX_REQUEST_BYTES} bytes",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    )
    if int(request.headers.get("content-length", 0)) > _MAX_REQUEST_BYTES:
        raise too_large
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MAX_REQUEST_BYTES:
            raise too_large
    return bytes(body)


@dataclass(frozen=True)
class _Endpoint:
    service: RekognitionService
    regions: RegionalServices

    async def rekognition(self, request: Request) -> Response:
        service = self.regions.signed_for(request.headers.get("authorization", ""))
        try:
            operation = self._operation(request.headers.get("x-amz-target", ""))
            body = await read_body(request)
            return _reply(await service.call(operation, body, request.is_disconnected))
        except RekognitionError as error:
            code, message = error.code, error.message
            refusal = {"__type": code, "Code": code, "Message": message, "message": message}
            return _reply(refusal, error.status)
        except ClientDisconnect:
            return _HUNG_UP

    def _operation(self, target: str) -> str:
        name, known = target.removeprefix(_PREFIX), self.service.recognition.operations
        if target.startswith(_PREFIX) and name in known:
            return name
        try:
            self.service.model.operation_model(name if target.startswith(_PREFIX) else "")
        except OperationNotFoundError:
            raise RekognitionError("UnknownOperationException", f"no operation {target!r}") from None
        does = ", ".join(sorted(known))
        raise RekognitionError(
            "UnknownOperationException",
            f"the local Rekognition has no model for {name}, and makes no answers up; it does {does}",
        )

    async def health(self, _request: Request) -> Response:
        doing = self.service.recognition
        return JSONResponse({"status": "ok", "operations": sorted(doing.operations), **doing.health()})

    async def settings(self, request: Request) -> Response:
        service = self.regions.named(request.query_params.get("region", ""))
        if service is None:
            return _NO_REGION
        quotas = service.quotas
        if request.method == "PUT":
            try:
                wanted = json.loads(await read_body(request))
                is_away = wanted.pop("away", service.is_away) if isinstance(wanted, dict) else False
                change = read_change(wanted, {*self.service.recognition.operations, INVOKE_MODEL})
            except RekognitionError as error:
                return JSONResponse({"error": error.message}, error.status)
            except ClientDisconnect:
                return _HUNG_UP
            except (ValueError, RecursionError):
                return JSONResponse({"error": "the change is not JSON"}, 400)
            except QuotaChangeError as error:
                return JSONResponse({"error": str(error)}, 400)
            quotas.change(change.rates, change.latencies_ms)
            service.is_away = bool(is_away)
        away = {"away": True} if service.is_away else {}
        return JSONResponse({"rates": quotas.rates(), "latencies_ms": quotas.latencies_ms(), **away})

    async def calls(self, request: Request) -> Response:
        service = self.regions.named(request.query_params.get("region", ""))
        if service is None:
            return _NO_REGION
        if request.method == "DELETE":
            service.calls.reset()
        report = service.calls.report()
        only = request.query_params.get("only")
        return JSONResponse({only: report[only]} if only in report else report)


def application(
    service: RekognitionService, port: int, address: str = "127.0.0.1", more_routes: Sequence[BaseRoute] = ()
) -> ASGIApp:
    others = RegionalServices(
        service, lambda region: RekognitionService(service.recognition, service.model, region=region)
    )
    endpoint = _Endpoint(service, others)
    answering = Starlette(
        routes=[
            Route("/", endpoint.rekognition, methods=["POST"]),
            Route("/health", endpoint.health),
            Route("/_local/settings", endpoint.settings, methods=["GET", "PUT"]),
            Route("/_local/calls", endpoint.calls, methods=["GET", "DELETE"]),
            *more_routes,
        ],
    )
    return OriginGuard(answering, port, address)
