"""The query API as a WSGI application, through the HTTP API's events: for tools that speak HTTP."""

import http
from collections.abc import Callable, Iterable
from typing import Any

from tests.query_api.gateways import Event
from tests.query_api.site import Site, sent

Environ = dict[str, Any]


def application(site: Site) -> Callable[[Environ, Callable[..., Any]], Iterable[bytes]]:
    """Serve a site."""

    def serve(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        reply = site.reply(_event(environ))
        status = reply["statusCode"]
        start_response(f"{status} {http.HTTPStatus(status).phrase}", list(reply["headers"].items()))
        return [sent(reply)]

    return serve


def _event(environ: Environ) -> Event:
    path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace").replace("%", "%25")
    path = path if path.startswith("/") else f"/{path}"
    # A client of HTTP takes the dot out of an address before it sends it.
    path = "/" if path == "/./" else path
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return event_of(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), body)


def event_of(method: str, path: str, query: str, body: bytes) -> Event:
    """Give the parts of an event that are read."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {},
        "body": body.decode("utf-8", "surrogateescape") if body else None,
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        "isBase64Encoded": False,
    }
