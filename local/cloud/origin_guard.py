"""Who may speak to the local environment: programs of this machine and its own page, but no other web page.

Neither MiniStack nor the local Rekognition asks for credentials, and MiniStack tells every Origin
`Access-Control-Allow-Origin: *`. So any page that the developer's browser shows could create a function and
invoke it, which is running code on this machine. Three headers tell such a request from a wanted one; scripts
in a page can set none of them:

`Origin` is sent with whatever another page posts or reads: https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Origin
`Host` is the attacker's own name where that name was made to resolve to 127.0.0.1 (DNS rebinding).
`Sec-Fetch-Site` is there where Origin is not, as for images: https://www.w3.org/TR/fetch-metadata/
"""

import logging
import re

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

# A name below execute-api.localhost is what CloudFormation gives out as the address of an API.
_LOOPBACK = r"127\.0\.0\.1|localhost|\[::1]|[a-z0-9]+\.execute-api\.localhost"
_OTHER_NAMES = ("localhost", "[::1]")
_HTTP_PORT = 80
_FROM_HERE = frozenset({"same-origin", "none"})
_log = logging.getLogger("imagepipe.origin_guard")


class OriginGuard:
    """Passes requests on to the application at a port of this machine, and answers the others with 403.

    `address` is what it listens on, where that is not loopback.
    """

    def __init__(self, application: ASGIApp, port: int, address: str = "127.0.0.1") -> None:
        self._application = application
        self._port = port
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._application(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if refusal := why_refused(headers, self._port, self._address):
            _log.warning("refused %s %r: %s", scope.get("method", "websocket"), scope["path"], refusal)
            await PlainTextResponse(f"Refused: {refusal}.\n", 403)(scope, receive, send)
        elif _is_opened_under_another_name(headers):
            await RedirectResponse(self._under_its_own_name(scope))(scope, receive, send)
        else:
            await self._application(scope, receive, send)

    def _under_its_own_name(self, scope: Scope) -> str:
        query = f"?{scope['query_string'].decode('latin-1')}" if scope.get("query_string") else ""
        return f"http://127.0.0.1:{self._port}{scope['raw_path'].decode('latin-1')}{query}"


def why_refused(headers: Headers, port: int, own_address: str = "127.0.0.1") -> str:
    """Return why a request with these headers is refused at this port, or nothing if it is not."""
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    # At whatever port: a proxy hands on the Host that it was asked by, and an attacker's name stays one.
    if len(hosts) != 1 or _port_of(hosts[0], own_address) is None:
        return f"the Host {', '.join(hosts)!a} is not this machine"
    if origins:
        scheme, _, address = origins[0].partition("://")
        own = len(origins) == 1 and scheme == "http" and _port_of(address, own_address) == port
        return "" if own else f"a page of {', '.join(origins)!a} asks"
    if not _FROM_HERE.issuperset(headers.getlist("sec-fetch-site")):
        return "a page of another site asks"
    return ""


def _port_of(address: str, own_address: str) -> int | None:
    """Return the port of an address that is loopback or our own; None for any other address."""
    own = f"[{own_address}]" if ":" in own_address else own_address
    found = re.fullmatch(rf"(?:{_LOOPBACK}|{re.escape(own)})(?::(?P<port>[0-9]+))?", address.lower())
    return int(found["port"] or _HTTP_PORT) if found else None


def _is_opened_under_another_name(headers: Headers) -> bool:
    """Return whether the page is opened as localhost: its photos, at 127.0.0.1, would be another site's."""
    return headers.get("sec-fetch-mode") == "navigate" and headers["host"].lower().startswith(_OTHER_NAMES)
