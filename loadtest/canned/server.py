"""The wire: Rekognition's JSON 1.1, and the control API of the local Rekognition.

`POST /` with `X-Amz-Target: RekognitionService.DetectLabels`; `GET /health`; `GET`, `PUT /_local/settings`;
`GET`, `DELETE /_local/calls`. As in the local Rekognition; `/health` says `canned`. Objects are not read, so
calls are counted by object, and by content only where the bytes came along.
`GET /_local/calls?only=operations` leaves the long lists out.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from loadtest.canned.answers import OPERATIONS, answer
from loadtest.canned.changes import ChangeError, read_change
from loadtest.canned.counts import CallCounts
from loadtest.canned.pace import Latency, Quotas
from loadtest.canned.requests import RefusedError, read_request

_PREFIX = "RekognitionService."
_MAX_REQUEST_BYTES = 16 * 1024 * 1024


@dataclass
class CannedRekognition:
    """The endpoints, and what they share."""

    quotas: Quotas
    latency: Latency
    counts: CallCounts = field(default_factory=CallCounts)

    async def call(self, request: Request) -> Response:
        """Answer one call of Rekognition."""
        try:
            operation = _operation(request.headers.get("x-amz-target", ""))
            _refuse_too_many_bytes(int(request.headers.get("content-length", 0)))
            return _reply(await self._answer(operation, await request.body()))
        except RefusedError as refused:
            told = {"__type": refused.code, "Code": refused.code}
            return _reply({**told, "Message": refused.message, "message": refused.message}, refused.status)

    async def _answer(self, operation: str, body: bytes) -> dict[str, Any]:
        if not self.quotas.admits(operation):
            self.counts.count(operation, "throttled")
            raise RefusedError("ProvisionedThroughputExceededException", "Provisioned rate exceeded")
        self.counts.count(operation, "accepted")
        added_seconds = self.quotas.added_ms.get(operation, 0.0) / 1000
        await asyncio.sleep(self.latency.draw_seconds() + added_seconds)
        try:
            asked = read_request(body)
        except RefusedError as refused:
            self.counts.failed(operation, refused.code)
            raise
        self.counts.asked_for(operation, asked)
        self.counts.count(operation, "answered")
        return answer(operation, asked.picture)

    async def health(self, _request: Request) -> Response:
        """Answer that it works, and that it does not look."""
        return JSONResponse(
            {"status": "ok", "canned": True, "models": [], "operations": sorted(OPERATIONS), "workers": 0}
        )

    async def settings(self, request: Request) -> Response:
        """Return the settings, after changing what a PUT names."""
        if request.method == "PUT":
            try:
                change = read_change(await request.json(), OPERATIONS)
            except json.JSONDecodeError:
                return JSONResponse({"error": "the change is not JSON"}, 400)
            except ChangeError as fault:
                return JSONResponse({"error": str(fault)}, 400)
            self.quotas.change(change.rates, change.latencies_ms)
        return JSONResponse(self.quotas.as_json())

    async def calls(self, request: Request) -> Response:
        """Return the counts, after setting them to zero for a DELETE."""
        if request.method == "DELETE":
            self.counts.reset()
        report = self.counts.report()
        only = request.query_params.get("only")
        return JSONResponse({only: report[only]} if only in report else report)


def application(served: CannedRekognition) -> Starlette:
    """Return the ASGI application."""
    return Starlette(
        routes=[
            Route("/", served.call, methods=["POST"]),
            Route("/health", served.health),
            Route("/_local/settings", served.settings, methods=["GET", "PUT"]),
            Route("/_local/calls", served.calls, methods=["GET", "DELETE"]),
        ]
    )


def _operation(target: str) -> str:
    name = target.removeprefix(_PREFIX)
    if not target.startswith(_PREFIX) or name not in OPERATIONS:
        known = ", ".join(sorted(OPERATIONS))
        raise RefusedError("UnknownOperationException", f"no operation {target!r}; there are {known}")
    return name


def _refuse_too_many_bytes(size_bytes: int) -> None:
    if size_bytes > _MAX_REQUEST_BYTES:
        raise RefusedError("RequestEntityTooLargeException", "too many bytes", 413)


def _reply(members: dict[str, Any], status: int = 200) -> Response:
    headers = {"x-amzn-RequestId": str(uuid.uuid4())}
    return Response(json.dumps(members), status, headers, "application/x-amz-json-1.1")
