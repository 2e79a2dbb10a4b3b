"""The keys whose heads have changed, out of an event of the table's stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.table import HEAD, HEAD_PREFIX, PARTITION_KEY, SORT_KEY


def changed_keys(event: Mapping[str, Any]) -> list[str]:
    """List the keys, each once, in the order of their first change.

    The event source hands on nothing but heads; what is no head is passed over here as well.
    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html#events-sample-dynamodb
    """
    places = [record["dynamodb"]["Keys"] for record in event["Records"]]
    heads = [place[PARTITION_KEY]["S"] for place in places if place[SORT_KEY]["S"] == HEAD]
    return list(dict.fromkeys(pk.removeprefix(HEAD_PREFIX) for pk in heads if pk.startswith(HEAD_PREFIX)))
