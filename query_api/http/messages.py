"""HTTP as an HTTP API passes it on (payload format 2.0): an event in, a response out.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json; charset=utf-8"
PROBLEM_JSON = "application/problem+json; charset=utf-8"
HTML = "text/html; charset=utf-8"

# What fits into one packet arrives no sooner for being smaller.
LEAST_PACKED_BYTES = 1_400
# On the page's script, half the time of the default for a result that is a twentieth larger.
GZIP_LEVEL = 4


@dataclass(frozen=True)
class Request:
    """What is asked. `path` is decoded and has no stage; `raw_query_string` is as the client sent it.

    Names of `headers` are in lower case.
    """

    method: str
    path: str
    raw_query_string: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Request:
        """Read an event. AWS puts the stage before the path unless it is `$default`; MiniStack never does."""
        context = event["requestContext"]
        path, stage = str(event["rawPath"]), f"/{context['stage']}"
        if path.startswith(f"{stage}/"):
            path = path.removeprefix(stage)
        body = event.get("body") or ""
        # A lone surrogate has no place in UTF-8; it becomes a byte that is refused where text is expected.
        content = b64decode(body) if event.get("isBase64Encoded") else body.encode(errors="replace")
        headers = event.get("headers") or {}
        return cls(context["http"]["method"], path, event.get("rawQueryString") or "", content, headers)

    @property
    def takes_gzip(self) -> bool:
        """Return whether the client unpacks gzip. https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding"""
        accepted = self.headers.get("accept-encoding", "").lower()
        gzip_above_zero = r"gzip(\s*;\s*q=(1(\.0*)?|0\.\d*[1-9]\d*))?"
        return any(re.fullmatch(gzip_above_zero, coding.strip()) for coding in accepted.split(","))


@dataclass(frozen=True)
class Response:
    """What is answered: text as it is, anything else as JSON.

    Unless `headers` say otherwise, nothing is cached on its way: a photo may change or go at any time.
    """

    status: int
    content: Mapping[str, Any] | str
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)

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
