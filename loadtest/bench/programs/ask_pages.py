"""Ask the deployed query API and a bare boto3 handler in turn: `ask_pages.py PATHS ASKED ROUNDS`.

PATHS are the folders to import from, as JSON; ASKED is a file with the events by name and the item that bare
boto3 gets. Prints how many milliseconds each took, round by round.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

Handler = Callable[[Any, Any], Any]

CONTEXT = SimpleNamespace(
    function_name="query",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:query",
    aws_request_id="1",
)
WARM_UP_ROUNDS = 3
OK = 200


def bare_handler(table_name: str, key: Any) -> Handler:
    """Make the least that answers: one item by its key, as it came."""
    import boto3

    client = boto3.client("dynamodb")

    def handler(_event: Any, _context: Any) -> Any:
        item = client.get_item(TableName=table_name, Key=key, ConsistentRead=True)["Item"]
        return {"statusCode": OK, "body": json.dumps(item)}

    return handler


def main(paths: str, asked_file: str, rounds: str) -> None:
    """Ask everything in turn, so many rounds; those that make clients and connections do not count."""
    sys.path[:0] = json.loads(paths)
    with open(asked_file) as file:  # noqa: PTH123 - no pathlib: nothing beside is measured
        asked = json.load(file)
    deployed: Handler = import_module("query_api.handler").handler
    bare = bare_handler(asked["table_name"], asked["record"])
    handlers = {"bare": (bare, {}), **{name: (deployed, event) for name, event in asked["events"].items()}}
    took: dict[str, list[float]] = {name: [] for name in handlers}
    for number in range(int(rounds) + WARM_UP_ROUNDS):
        for name, (handler, event) in handlers.items():
            begun = time.perf_counter()
            answer = handler(event, CONTEXT)
            seconds = time.perf_counter() - begun
            assert answer["statusCode"] == OK, answer
            if number >= WARM_UP_ROUNDS:
                took[name].append(seconds * 1000)
    print("\n" + json.dumps(took))


if __name__ == "__main__":
    main(*sys.argv[1:])
