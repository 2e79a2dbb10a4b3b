"""The keys whose records have changed, out of an event of the table's stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.table import PARTITION_KEY, RECORD, RECORD_PREFIX, SORT_KEY


def changed_keys(event: Mapping[str, Any]) -> list[str]:
    """List the keys, each once, in the order of their first change.

    The event source hands on nothing but records; what is no record is passed over here as well.
    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html#events-sample-dynamodb
    """
    places = [record["dynamodb"]["Keys"] for record in event["Records"]]
    records = [place[PARTITION_KEY]["S"] for place in places if place[SORT_KEY]["S"] == RECORD]
    return list(
        dict.fromkeys(pk.removeprefix(RECORD_PREFIX) for pk in records if pk.startswith(RECORD_PREFIX))
    )
