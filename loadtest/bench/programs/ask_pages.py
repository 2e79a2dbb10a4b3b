"""Asks the deployed query API and a bare boto3 handler in turn; prints how long each took, in milliseconds.

Arguments: the folders to import from, as JSON; a file with the events by name and the item that bare boto3
gets; the rounds. With `-I -S` nothing else is importable.
"""

import json
import sys
import time
from types import SimpleNamespace

sys.path[:0] = json.loads(sys.argv[1])

import boto3  # noqa: E402

import query_api.handler  # noqa: E402

CONTEXT = SimpleNamespace(
    function_name="query",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:query",
    aws_request_id="1",
)


WARM_UP_ROUNDS = 3
OK = 200


def bare_handler(table_name, key):
    """Make the least that answers: one item by its key, as it came."""
    client = boto3.client("dynamodb")

    def handler(_event, _context):
        item = client.get_item(TableName=table_name, Key=key, ConsistentRead=True)["Item"]
        return {"statusCode": OK, "body": json.dumps(item)}

    return handler


def main():
    """Ask everything in turn, so many rounds; those that make clients and connections do not count."""
    with open(sys.argv[2]) as file:  # noqa: PTH123
        asked = json.load(file)
    handlers = {"bare": (bare_handler(asked["table_name"], asked["head"]), {})}
    handlers |= {name: (query_api.handler.handler, event) for name, event in asked["events"].items()}
    took = {name: [] for name in handlers}
    for number in range(int(sys.argv[3]) + WARM_UP_ROUNDS):
        for name, (handler, event) in handlers.items():
            begun = time.perf_counter()
            answer = handler(event, CONTEXT)
            seconds = time.perf_counter() - begun
            assert answer["statusCode"] == OK, answer
            if number >= WARM_UP_ROUNDS:
                took[name].append(seconds * 1000)
    print("\n" + json.dumps(took))


main()
