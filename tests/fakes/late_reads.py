"""A table of moto's whose reads are as stale as they may be: for adapters that call what the fake has not.

A read that is not strongly consistent may miss a write that has just been made:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3

Wire = dict[str, Any]


@dataclass(frozen=True)
class LateReads:
    """A client for one table. A write of an item reaches the replica when the item is written again.

    Consistent reads are answered from the table, all others from the replica.
    """

    client: Any
    table_name: str
    replica: str = "replica"

    def __post_init__(self) -> None:
        names = {"pk": "HASH", "sk": "RANGE"}
        self._upkeep.create_table(
            TableName=self.replica,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in names.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            BillingMode="PAY_PER_REQUEST",
        )

    def batch_get_item(self, *, RequestItems: Wire) -> Wire:
        asked = RequestItems[self.table_name]
        source = self._source(asked)
        answer = self.client.batch_get_item(RequestItems={source: asked})
        return {"Responses": {self.table_name: answer["Responses"][source]}, "UnprocessedKeys": {}}

    def get_item(self, **asked: Any) -> Wire:
        answer: Wire = self.client.get_item(**asked | {"TableName": self._source(asked)})
        return answer

    def query(self, **asked: Any) -> Wire:
        answer: Wire = self.client.query(**asked | {"TableName": self._source(asked)})
        return answer

    def scan(self, **asked: Any) -> Wire:
        answer: Wire = self.client.scan(**asked | {"TableName": self._source(asked)})
        return answer

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if name not in _KEYS:
            return method

        def write(**asked: Any) -> Wire:
            for key in _KEYS[name](asked):
                self._let_arrive(key)
            answer: Wire = method(**asked)
            return answer

        return write

    @cached_property
    def _upkeep(self) -> Any:
        """A client of its own, so that a test that counts the calls of the other does not count these."""
        return boto3.client(
            "dynamodb", self.client.meta.region_name, aws_access_key_id="x", aws_secret_access_key="x"
        )

    def _source(self, asked: Wire) -> str:
        return self.table_name if asked.get("ConsistentRead") else self.replica

    def _let_arrive(self, key: Wire) -> None:
        found = self._upkeep.get_item(TableName=self.table_name, Key=key)
        if "Item" in found:
            self._upkeep.put_item(TableName=self.replica, Item=found["Item"])
        else:
            self._upkeep.delete_item(TableName=self.replica, Key=key)


def _key(item: Wire) -> Wire:
    return {"pk": item["pk"], "sk": item["sk"]}


def _of_steps(steps: list[Wire]) -> list[Wire]:
    """Return the keys of steps such as `{"PutRequest": {"Item": …}}` or `{"Update": {"Key": …}}`."""
    return [_key(step.get("Key") or step["Item"]) for named in steps for step in named.values()]


# By write, how to find the keys that it names.
_KEYS: dict[str, Callable[[Wire], list[Wire]]] = {
    "put_item": lambda asked: [_key(asked["Item"])],
    "update_item": lambda asked: [_key(asked["Key"])],
    "delete_item": lambda asked: [_key(asked["Key"])],
    "batch_write_item": lambda asked: [
        key for steps in asked["RequestItems"].values() for key in _of_steps(steps)
    ],
    "transact_write_items": lambda asked: _of_steps(asked["TransactItems"]),
}
