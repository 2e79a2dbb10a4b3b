"""Cognito's pages and endpoints for signing in, as far as a public client meets them.

https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
"""

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.page.host import Host

CLIENT = "1example23456789"


def unpadded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class Cognito:
    """A user pool with one client, and the API that takes its newest token.

    `given` are the codes that were given out and not used, with what was asked; `asked` is what came to the
    token endpoint. `nonce` is said in place of the one that was asked with, and `injected` is the code that
    somebody on the way puts in place of the one that was given.
    """

    host: Host
    url: str = ""
    callbacks: tuple[str, ...] = ()
    seconds: int = 3600
    nonce: str | None = None
    injected: str = ""
    is_away: bool = False
    refuses: str = ""
    given: dict[str, dict[str, str]] = field(default_factory=dict)
    refreshing: set[str] = field(default_factory=set)
    asked: list[dict[str, str]] = field(default_factory=list)
    begun: list[dict[str, str]] = field(default_factory=list)
    signed_out: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: count(1))

    def authorize(self, query: Mapping[str, str]) -> str:
        """Return where the browser is sent: back, with a code or an error."""
        assert query["client_id"] == CLIENT
        assert query["redirect_uri"] in self.callbacks, "Cognito shows an error page of its own"
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        self.begun.append(dict(query))
        if self.refuses:
            answer = {"error": "access_denied", "error_description": self.refuses}
        else:
            given = self.code(query)
            answer = {"code": self.injected or given}
        return f"{query['redirect_uri']}?{urlencode({**answer, 'state': query['state']})}"

    def code(self, query: Mapping[str, str]) -> str:
        code = f"code-{next(self.numbers)}"
        self.given[code] = dict(query)
        return code

    def tokens(self, asked: dict[str, str]) -> tuple[int, Mapping[str, object]]:
        self.asked.append(asked)
        if self.is_away:
            return 503, {}
        if asked.get("client_id") != CLIENT:
            return 400, {"error": "invalid_client"}
        if asked["grant_type"] == "refresh_token":
            if asked["refresh_token"] not in self.refreshing:
                return 400, {"error": "invalid_grant"}
            return 200, self.made(None)
        # A code is good once, for whoever has what its challenge was made of, and for the same address.
        query = self.given.pop(asked["code"], None)
        challenge = unpadded(sha256(asked.get("code_verifier", "").encode()).digest())
        if (
            query is None
            or challenge != query["code_challenge"]
            or asked["redirect_uri"] != query["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        refresh = f"refresh-{next(self.numbers)}"
        self.refreshing.add(refresh)
        return 200, {**self.made(query.get("nonce")), "refresh_token": refresh}

    def made(self, nonce: str | None) -> dict[str, object]:
        self.host.token = f"access-{next(self.numbers)}"
        claims = json.dumps({"nonce": self.nonce or nonce, "aud": CLIENT})
        return {
            "access_token": self.host.token,
            "id_token": f"e30.{unpadded(claims.encode())}.c2ln",
            "token_type": "Bearer",
            "expires_in": self.seconds,
        }


class CognitoHandler(BaseHTTPRequestHandler):
    cognito: Cognito

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        if parts.path == "/oauth2/authorize":
            self._send(302, {"location": self.cognito.authorize(query)})
        elif parts.path == "/logout":
            assert (query["client_id"], query["logout_uri"] in self.cognito.callbacks) == (CLIENT, True)
            self.cognito.signed_out.append(query["logout_uri"])
            self._send(302, {"location": query["logout_uri"]})
        else:
            self._send(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        assert self.headers["content-type"].startswith("application/x-www-form-urlencoded")
        asked = dict(parse_qsl(body))
        if urlsplit(self.path).path == "/oauth2/revoke":
            self.cognito.revoked.append(asked["token"])
            self._send(200, {})
            return
        status, answer = self.cognito.tokens(asked)
        headers = {"content-type": "application/json", "access-control-allow-origin": "*"}
        self._send(status, headers, json.dumps(answer).encode())

    def _send(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None: ...


def serve_cognito(host: Host, until: ExitStack) -> Cognito:
    """Serve on a free port until the stack is left, and have people sign in to the host there."""
    cognito = Cognito(host, callbacks=(host.url,))
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Of", (CognitoHandler,), {"cognito": cognito}))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    until.callback(server.server_close)
    until.callback(server.shutdown)
    cognito.url = f"http://127.0.0.1:{server.server_port}"
    return cognito
