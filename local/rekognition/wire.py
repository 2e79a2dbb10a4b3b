"""The wire: Rekognition's JSON 1.1, beside a door for tests.

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
"""

import json
import uuid
from http import HTTPStatus
from typing import Any

from botocore.model import OperationNotFoundError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local.cloud.origin_guard import OriginGuard
from local.rekognition.errors import RekognitionError
from local.rekognition.quotas import QuotaChangeError, read_change
from local.rekognition.service import RekognitionService

_PREFIX = "RekognitionService."
_JSON = "application/x-amz-json-1.1"
_MAX_REQUEST_BYTES = 16 * 1024 * 1024
_HUNG_UP = Response(status_code=400)
"""For a client that is gone."""


def _reply(members: dict[str, Any], status: int = 200) -> Response:
    headers = {"x-amzn-RequestId": str(uuid.uuid4())}
    return Response(json.dumps(members), status, headers, _JSON)


def _refusal(error: RekognitionError) -> Response:
    members = {"__type": error.code, "Code": error.code, "Message": error.message, "message": error.message}
    return _reply(members, error.status)


async def _body_of(request: Request) -> bytes:
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


class _Endpoint:
    def __init__(self, service: RekognitionService) -> None:
        self.service = service

    async def rekognition(self, request: Request) -> Response:
        try:
            operation = self._operation(request.headers.get("x-amz-target", ""))
            body = await _body_of(request)
            return _reply(await self.service.call(operation, body, request.is_disconnected))
        except RekognitionError as error:
            return _refusal(error)
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
            "UnknownOperationException", f"the local Rekognition does not do {name}; it does {does}"
        )

    async def health(self, _request: Request) -> Response:
        recognition = self.service.recognition
        told = {"status": "ok", "operations": sorted(recognition.operations), **recognition.health()}
        return JSONResponse(told)

    async def settings(self, request: Request) -> Response:
        quotas = self.service.quotas
        if request.method == "PUT":
            try:
                change = read_change(json.loads(await _body_of(request)), self.service.recognition.operations)
            except RekognitionError as error:
                return JSONResponse({"error": error.message}, error.status)
            except ClientDisconnect:
                return _HUNG_UP
            except (ValueError, RecursionError):
                return JSONResponse({"error": "the change is not JSON"}, 400)
            except QuotaChangeError as error:
                return JSONResponse({"error": str(error)}, 400)
            quotas.change(change.rates, change.latencies_ms)
        return JSONResponse({"rates": quotas.rates(), "latencies_ms": quotas.latencies_ms()})

    async def calls(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.service.calls.reset()
        report = self.service.calls.report()
        only = request.query_params.get("only")
        return JSONResponse({only: report[only]} if only in report else report)


def application(service: RekognitionService, port: int, address: str = "127.0.0.1") -> ASGIApp:
    """Return the ASGI application of a server that listens on `address`."""
    endpoint = _Endpoint(service)
    answering = Starlette(
        routes=[
            Route("/", endpoint.rekognition, methods=["POST"]),
            Route("/health", endpoint.health),
            Route("/_local/settings", endpoint.settings, methods=["GET", "PUT"]),
            Route("/_local/calls", endpoint.calls, methods=["GET", "DELETE"]),
        ],
    )
    return OriginGuard(answering, port, address)
