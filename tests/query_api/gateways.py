"""The two HTTP APIs our events come from, as they treat a URL. test_keys.py holds them to recordings."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

Event = dict[str, Any]
Gateway = Callable[[str], Event]


class RefusedByGatewayError(Exception):
    """The request never reaches us."""


def ministack(target: str) -> Event:
    """Decode all escapes of the path once, but for `%25`."""
    path, query = _split(target)
    return _event("%25".join(unquote(part) for part in path.split("%25")), query)


def aws(target: str) -> Event:
    """Decode the path twice, refuse what is no escape the second time, cut it at a question mark."""
    path, query = _split(target)
    once = unquote(path).partition("?")[0]
    if re.search(r"%(?![0-9A-Fa-f]{2})", once):
        raise RefusedByGatewayError(target)
    return _event(unquote(once), query)


def _split(target: str) -> tuple[str, str]:
    path, _, query = target.partition("?")
    return path, query


def _event(raw_path: str, query: str) -> Event:
    """Give the parts that matter of an event; recorded from MiniStack 1.5.33 on a $default stage."""
    return {
        "version": "2.0",
        "routeKey": "GET /images/{key+}",
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": {"accept-encoding": "identity", "host": "5c066ef1.execute-api.localhost"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "5c066ef1",
            "domainName": "5c066ef1.execute-api.localhost",
            "http": {"method": "GET", "path": raw_path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "requestId": "385608d3-f91b-4092-b156-d059a2da7133",
            "routeKey": "GET /images/{key+}",
            "stage": "$default",
            "time": "23/Nov/2026:15:14:43 +0000",
            "timeEpoch": 1795446883537,
        },
        "isBase64Encoded": False,
    }
