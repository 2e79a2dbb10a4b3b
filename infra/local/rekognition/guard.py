"""Who is answered: programs on this machine, not the web pages that its owner has open.

A page can send requests to 127.0.0.1, and nothing here asks for credentials. A browser says whose page it is
that asks (`Origin`, https://fetch.spec.whatwg.org/#origin-header), and a page whose own name has been pointed
at 127.0.0.1 gives itself away by `Host` (DNS rebinding). Programs send the first not at all, and as the
second what they were told.
"""

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class OwnOrigin:
    """Refuses what a page of another origin asks. `Host` must have been checked before."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        own = f"http://{headers.get('host')}"
        if all(origin == own for origin in headers.getlist("origin")):
            await self._app(scope, receive, send)
        else:
            refusal = PlainTextResponse("pages of other origins are not answered", 403)
            await refusal(scope, receive, send)


def guards(address: str) -> list[Middleware]:
    """Return what every request to a server on `address` has to pass."""
    hosts = [*LOOPBACK, f"[{address}]" if ":" in address else address]
    return [Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False), Middleware(OwnOrigin)]
