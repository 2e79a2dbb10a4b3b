"""A table of moto's whose reads are as stale as they may be: for adapters that call what the fake has not.

A read that is not strongly consistent may miss a write that has just been made:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Wire = dict[str, Any]


@dataclass(frozen=True)
class LateReads:
    """A client for one table. A write of an item reaches `replica` when the item is written again.

    Consistent reads are answered from the table, all others from the replica.
    """

    client: Any
    table_name: str
    replica: str

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

    def __getattr__(self, write: str) -> Callable[..., Wire]:
        def call(**asked: Any) -> Wire:
            for key in _KEYS[write](asked):
                self._let_arrive(key)
            answer: Wire = getattr(self.client, write)(**asked)
            return answer

        return call

    def _source(self, asked: Wire) -> str:
        return self.table_name if asked.get("ConsistentRead") else self.replica

    def _let_arrive(self, key: Wire) -> None:
        found = self.client.get_item(TableName=self.table_name, Key=key)
        if "Item" in found:
            self.client.put_item(TableName=self.replica, Item=found["Item"])
        else:
            self.client.delete_item(TableName=self.replica, Key=key)


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
