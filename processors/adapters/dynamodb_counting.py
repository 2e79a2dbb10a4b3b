"""The tally's ports on DynamoDB: shares and counts change together, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aws.calls import BatchGet
from contract.errors import ThrottledError
from contract.table import (
    CONTENT_PREFIX,
    PARTITION_KEY,
    RECORD,
    RECORD_PREFIX,
    Item,
    ItemKey,
    from_wire,
    key_of,
    key_to_wire,
    record_key,
    to_wire,
)
from contract.tallies import COUNT_PREFIX, COUNTED, COUNTED_PREFIX, Differences, counted_key
from processors.adapters.aws_errors import translated
from processors.counting.label_counter import ShareChange, StoredShare, WriteRefusedError
from processors.counting.recounting import KeyPage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


# The second is what a transaction says of one of its items; the first, of the request.
REFUSALS = frozenset({"ValidationException", "ValidationError", "ItemCollectionSizeLimitExceeded"})


@dataclass(frozen=True)
class DynamoDBTallies:
    """The one table. Each call is tried once: who tries again has to read again first."""

    client: DynamoDBClient
    table_name: str

    def read(self, keys: Sequence[str]) -> Mapping[str, StoredShare]:
        """Read what is stored of up to 80 keys: first all shares, then all records, as of now."""
        shares = self._items([counted_key(key) for key in keys])
        records = self.read_records(keys)
        return {
            key: StoredShare(counted=shares.get(counted_key(key)), record=records.get(key)) for key in keys
        }

    def read_records(self, keys: Collection[str]) -> Mapping[str, Mapping[str, object]]:
        """Read the attributes of records, of those keys that have one, as of now."""
        at = {record_key(key): key for key in keys}
        return {at[place]: item for place, item in self._items(list(at)).items()}

    def write(self, changes: Sequence[ShareChange], differences: Differences) -> None:
        """Write shares and counts in one transaction.

        Raise TransientError if one of them was overtaken, RefusedError if it can never be written.
        """
        puts = [{"Put": self._put(change)} for change in changes]
        updates = [{"Update": self._update(at, counts)} for at, counts in differences.by_item.items()]
        items: Any = [*puts, *updates]
        with translated(f"TransactWriteItems of {len(changes)} shares on {self.table_name}"):
            try:
                self.client.transact_write_items(TransactItems=items)
            except ClientError as error:
                if _is_refused(error):
                    raise WriteRefusedError(str(error)) from error
                raise

    def keys(self, after: ItemKey | None) -> KeyPage:
        """Read one page of the table, 1 MB of it, for the keys that have a record or are counted."""
        values = {":record": {"S": RECORD}, ":counted": {"S": COUNTED}}
        places, cursor = self._scan("sk IN (:record, :counted)", values, after)
        return KeyPage([_object_key(at) for at in places], cursor)

    def contents(self, after: ItemKey | None) -> KeyPage:
        """Read one page of the table for contents, each once."""
        values = {":content": {"S": CONTENT_PREFIX}}
        places, cursor = self._scan("begins_with(pk, :content)", values, after)
        return KeyPage(list(dict.fromkeys(at.pk.removeprefix(CONTENT_PREFIX) for at in places)), cursor)

    def _scan(
        self, wanted: str, values: Mapping[str, Any], after: ItemKey | None
    ) -> tuple[list[ItemKey], ItemKey | None]:
        start: Any = {"ExclusiveStartKey": key_to_wire(after)} if after else {}
        with translated(f"Scan of {self.table_name}"):
            page = self.client.scan(
                TableName=self.table_name,
                FilterExpression=wanted,
                ExpressionAttributeValues=values,
                ProjectionExpression="pk, sk",
                ConsistentRead=True,  # a record that is missed would leave its results to nobody
                **start,
            )
        last = page.get("LastEvaluatedKey")
        return [key_of(item) for item in page["Items"]], key_of(last) if last else None

    def _items(self, keys: Sequence[ItemKey]) -> dict[ItemKey, Item]:
        """Read items as of now. An answer holds 16 MB at most; while there is one, the rest is asked for.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
        """
        wire_keys = [key_to_wire(key) for key in keys]
        get = BatchGet(self.client, self.table_name, translated, wire_keys, consistent=True)
        answered = 0
        while not get.ask():
            if len(get.found) == answered:
                raise ThrottledError("UnprocessedKeys", f"{self.table_name} did not answer for all keys")
            answered = len(get.found)
        return {key_of(item): from_wire(item) for item in get.found}

    def _put(self, change: ShareChange) -> dict[str, Any]:
        put: dict[str, Any] = {
            "TableName": self.table_name,
            "Item": to_wire(counted_key(change.key)._asdict() | change.counted.to_item()),
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
                f"#{place}": f"{COUNT_PREFIX}{name}" for place, name in enumerate(counts)
            },
            "ExpressionAttributeValues": to_wire(
                {f":{place}": by for place, by in enumerate(counts.values())}
            ),
        }


def _is_refused(error: ClientError) -> bool:
    """Return whether a transaction failed for what is in it, and not for who else was writing.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """
    response: Any = error.response
    codes = {
        response["Error"]["Code"],
        *(reason.get("Code") for reason in response.get("CancellationReasons", [])),
    }
    return bool(codes & REFUSALS)


def _object_key(at: ItemKey) -> str:
    return at.pk.removeprefix(RECORD_PREFIX if at.sk == RECORD else COUNTED_PREFIX)
