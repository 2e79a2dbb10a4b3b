"""Talking to an ASGI application without a socket."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp

PORT = 4567


@dataclass(frozen=True)
class Answer:
    """Header names are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Http:
    """Sends one request at a time.

    A client that hangs up does so as soon as it has sent its request; one that breaks off has said that there
    is more.
    """

    application: ASGIApp
    hangs_up: bool = False
    breaks_off: bool = False

    def send(
        self, method: str, path: str, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        length = {"content-length": str(len(content))}
        return self.send_parts(method, path, [content], {**length, **(headers or {})})

    def send_parts(
        self, method: str, path: str, parts: Iterable[bytes], headers: dict[str, str] | None = None
    ) -> Answer:
        """As with `Transfer-Encoding: chunked`: without a length, unless the headers give one."""
        named = {"host": f"127.0.0.1:{PORT}", **(headers or {})}
        scope = {
            "type": "http",
            "method": method,
            "path": path.partition("?")[0],
            "query_string": path.partition("?")[2].encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
        }
        sent: list[dict[str, Any]] = []
        waiting = iter(parts)
        coming = next(waiting, None)

        async def receive() -> dict[str, Any]:
            nonlocal coming
            if coming is not None:
                body, coming = coming, next(waiting, None)
                return {
                    "type": "http.request",
                    "body": body,
                    "more_body": coming is not None or self.breaks_off,
                }
            if self.hangs_up or self.breaks_off:
                return {"type": "http.disconnect"}
            await asyncio.Event().wait()  # for ever: nothing more is sent
            raise AssertionError

        async def send(message: Any) -> None:
            sent.append(dict(message))

        async def answer() -> None:
            await self.application(scope, receive, send)

        asyncio.run(answer())
        headers_sent = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], headers_sent, body)

    def get(self, path: str) -> Any:
        return self.send("GET", path).json()
