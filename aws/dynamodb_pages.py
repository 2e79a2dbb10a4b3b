"""Query and Scan of DynamoDB, read to the end: an answer holds at most one megabyte."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def pages(call: Callable[..., Mapping[str, Any]], **request: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the answers to a request, each when it is asked for. `call` makes one of them."""
    while True:
        page = call(**request)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
