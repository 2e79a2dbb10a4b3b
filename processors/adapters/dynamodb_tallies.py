"""The tally's ports on DynamoDB: shares and counts change together, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.errors import ThrottledError
from contract.table import HEAD, HEAD_PREFIX, PARTITION_KEY, SORT_KEY, ItemKey, head_key
from contract.tallies import COUNTED, COUNTED_PREFIX, NAME_PREFIX, Counted, Differences, counted_key
from contract.wire import Item, from_wire, key_of, key_to_wire, to_wire
from processors.adapters.aws_errors import translated
from processors.tallying.recounting import KeysPage
from processors.tallying.tally import Change, Standing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class DynamoDBTallies:
    """The one table. Each call is tried once: who tries again has to read again first."""

    client: DynamoDBClient
    table_name: str

    def read(self, keys: Sequence[str]) -> Mapping[str, Standing]:
        """Read what is stored of up to 80 keys: first all shares, then all heads, as of now."""
        shares = self._items([counted_key(key) for key in keys])
        heads = self._items([head_key(key) for key in keys])
        return {
            key: Standing(
                counted=Counted.from_item(shares[counted_key(key)]) if counted_key(key) in shares else None,
                head=heads.get(head_key(key)),
            )
            for key in keys
        }

    def write(self, changes: Sequence[Change], differences: Differences) -> None:
        """Write shares and counts in one transaction. Raises TransientError if one of them was overtaken."""
        puts = [{"Put": self._put(change)} for change in changes]
        updates = [{"Update": self._update(at, counts)} for at, counts in differences.by_item.items()]
        items: Any = [*puts, *updates]
        with translated(f"TransactWriteItems of {len(changes)} shares on {self.table_name}"):
            self.client.transact_write_items(TransactItems=items)

    def keys(self, after: ItemKey | None) -> KeysPage:
        """Read one page of the table, 1 MB of it, for the keys that have a head or are counted."""
        start: Any = {"ExclusiveStartKey": key_to_wire(after)} if after else {}
        with translated(f"Scan of {self.table_name}"):
            page = self.client.scan(
                TableName=self.table_name,
                FilterExpression="sk IN (:head, :counted)",
                ExpressionAttributeValues={":head": {"S": HEAD}, ":counted": {"S": COUNTED}},
                ProjectionExpression="pk, sk",
                **start,
            )
        places = [key_of(item) for item in page["Items"]]
        last = page.get("LastEvaluatedKey")
        return KeysPage([_object_key(at) for at in places], key_of(last) if last else None)

    def _items(self, keys: Sequence[ItemKey]) -> dict[ItemKey, Item]:
        asked: Any = {"Keys": [key_to_wire(key) for key in keys], "ConsistentRead": True}
        with translated(f"BatchGetItem on {self.table_name}"):
            answer = self.client.batch_get_item(RequestItems={self.table_name: asked})
        if answer.get("UnprocessedKeys"):
            raise ThrottledError("UnprocessedKeys", f"{self.table_name} did not answer for all keys")
        found = answer["Responses"].get(self.table_name, [])
        return {key_of(item): from_wire(item) for item in found}

    def _put(self, change: Change) -> dict[str, Any]:
        at = counted_key(change.key)
        put: dict[str, Any] = {
            "TableName": self.table_name,
            "Item": to_wire({PARTITION_KEY: at.pk, SORT_KEY: at.sk, **change.counted.to_item()}),
        }
        if change.seen is None:
            return {**put, "ConditionExpression": f"attribute_not_exists({PARTITION_KEY})"}
        return {
            **put,
            "ConditionExpression": "turn = :seen",
            "ExpressionAttributeValues": to_wire({":seen": change.seen.turn}),
        }

    def _update(self, at: ItemKey, counts: Mapping[str, int]) -> dict[str, Any]:
        additions = ", ".join(f"#{place} :{place}" for place in range(len(counts)))
        return {
            "TableName": self.table_name,
            "Key": key_to_wire(at),
            "UpdateExpression": f"ADD {additions}",
            "ExpressionAttributeNames": {
                f"#{place}": f"{NAME_PREFIX}{name}" for place, name in enumerate(counts)
            },
            "ExpressionAttributeValues": to_wire(
                {f":{place}": by for place, by in enumerate(counts.values())}
            ),
        }


def _object_key(at: ItemKey) -> str:
    return at.pk.removeprefix(HEAD_PREFIX if at.sk == HEAD else COUNTED_PREFIX)
