"""A table in memory, with DynamoDB's limits, and reads that are as stale as they may be.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

import copy
from collections import UserDict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from contract.items import from_wire
from contract.usage import item_bytes
from loadtest.simulation.outages import client_error
from loadtest.simulation.table import Key, VirtualTable, Wire, inserted, key_of, put_or_key
from tests.fakes.calls import Calls

TABLE = "images"
MAX_ITEM_BYTES = 400 * 1024
MAX_KEY_BYTES = {"pk": 2048, "sk": 1024}
MAX_DIGITS = 38
LARGEST_EXPONENT, SMALLEST_EXPONENT = 125, -130
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
MAX_BATCH_BYTES = 16 * 1024 * 1024


class Items(UserDict[Key, Wire]):
    """The items as they are, and in `before` what stood at each place before the last change of it.

    The other is what a read that is not consistent is given: it may see any write late.
    """

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[Key, Wire | None] = {}

    def __setitem__(self, place: Key, item: Wire) -> None:
        self.before[place] = self.data.get(place)
        super().__setitem__(place, item)

    def __delitem__(self, place: Key) -> None:
        self.before[place] = self.data.get(place)
        super().__delitem__(place)

    def settle(self) -> None:
        """Have a while go by: every read sees everything."""
        self.before = dict(self.data)

    def read(self, place: Key, *, consistent: bool) -> Wire | None:
        """Return a copy of what a read may see at a place."""
        return copy.deepcopy(self.data.get(place) if consistent else self.before.get(place))


class FakeDynamoDB(VirtualTable):
    """The fleet's table, held to DynamoDB's limits, with calls that a test can step into, and late reads.

    `leave_unread` and `leave_unwritten` count what batch calls are still to leave undone.
    """

    items: Items

    def __init__(self, calls: Calls | None = None) -> None:
        super().__init__(now=lambda: 0.0)
        self.calls = calls or Calls()
        self.items = Items()
        self.leave_unread = self.leave_unwritten = 0

    def get_item(self, **asked: Any) -> dict[str, Any]:
        with self.calls.of("GetItem"):
            return super().get_item(**asked)

    def put_item(self, *, Item: Wire, **asked: Any) -> dict[str, Any]:
        with self.calls.of("PutItem"):
            _check_item(Item, "PutItem")
            return copy.deepcopy(super().put_item(Item=Item, **asked))

    def update_item(self, **asked: Any) -> dict[str, Any]:
        with self.calls.of("UpdateItem"):
            return copy.deepcopy(super().update_item(**asked))

    def delete_item(self, **asked: Any) -> dict[str, Any]:
        with self.calls.of("DeleteItem"):
            return copy.deepcopy(super().delete_item(**asked))

    def batch_execute_statement(self, *, Statements: list[Any]) -> dict[str, Any]:
        with self.calls.of("BatchExecuteStatement"):
            assert all(one["Statement"].startswith(f'INSERT INTO "{TABLE}" VALUE {{') for one in Statements)
            _check_batch([key_of(inserted(one)) for one in Statements], 25, "BatchExecuteStatement")
            return super().batch_execute_statement(Statements=Statements)

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        with self.calls.of("BatchGetItem"):
            asked = RequestItems[TABLE]
            _check_batch([key_of(key) for key in asked["Keys"]], 100, "BatchGetItem")
            left, keys = asked["Keys"][: self.leave_unread], asked["Keys"][self.leave_unread :]
            self.leave_unread -= len(left)
            answer = super().batch_get_item(RequestItems={TABLE: {**asked, "Keys": keys}})
        return {**answer, "UnprocessedKeys": {TABLE: {**asked, "Keys": left}} if left else {}}

    def query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str,
        ExpressionAttributeValues: Wire,
        ConsistentRead: bool = False,
        ExclusiveStartKey: Wire | None = None,
    ) -> dict[str, Any]:
        """Return what stands in a partition and begins so, or between two places, an item a page."""
        with self.calls.of("Query"):
            partition, low, *high = (value["S"] for value in ExpressionAttributeValues.values())
            names = [*ExpressionAttributeValues]
            meant = f"sk BETWEEN {names[1]} AND {names[-1]}" if high else f"begins_with(sk, {names[1]})"
            assert KeyConditionExpression == f"pk = {names[0]} AND {meant}"
            start = key_of(ExclusiveStartKey)[1] if ExclusiveStartKey else ""
            places = sorted({*self.items, *self.items.before})
            found = [
                item
                for pk, sk in places
                if pk == partition and (low <= sk <= high[0] if high else sk.startswith(low)) and sk > start
                if (item := self._read((pk, sk), consistent=ConsistentRead)) is not None
            ]
        last = {"pk": found[0]["pk"], "sk": found[0]["sk"]} if len(found) > 1 else None
        return {"Items": found[:1], **({"LastEvaluatedKey": last} if last else {})}

    def batch_write_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:
        with self.calls.of("BatchWriteItem"):
            requests = RequestItems[TABLE]
            items = [put_or_key(request) for request in requests]
            _check_batch([key_of(item) for item in items], 25, "BatchWriteItem")
            for item in items:
                _check_item(item, "BatchWriteItem")
            if sum(item_bytes(from_wire(item)) for item in items) > MAX_BATCH_BYTES:
                raise client_error("ValidationException", "BatchWriteItem", "more than 16 MB")
            left, taken = requests[: self.leave_unwritten], requests[self.leave_unwritten :]
            self.leave_unwritten -= len(left)
            super().batch_write_item(RequestItems={TABLE: taken})
        return {"UnprocessedItems": {TABLE: left} if left else {}}

    def _insert(self, statement: Wire) -> Wire:
        if refusal := _refusal(inserted(statement)):
            return {"Error": {"Code": "ValidationError", "Message": refusal}}
        return super()._insert(statement)

    def _read(self, at: Key, *, consistent: bool) -> Wire | None:
        return self.items.read(at, consistent=consistent)

    def _keep(self, at: Key, item: Wire) -> None:
        _check_item(item, "UpdateItem")
        self.items[at] = copy.deepcopy(item)

    def _spend(self, at: Key, item: Wire, operation: str) -> None:
        """Nothing is counted here, and no partition is hot."""


def _check_item(item: Wire, operation: str) -> None:
    if refusal := _refusal(item):
        raise client_error("ValidationException", operation, refusal)


def _refusal(item: Wire) -> str:
    """Say what DynamoDB has against an item or a key; nothing, if it takes it."""
    for name, most in MAX_KEY_BYTES.items():
        size = len(item[name]["S"].encode())
        if not 1 <= size <= most:
            return f"{name} has {size} bytes, and may have 1 to {most}"
    if (size := item_bytes(from_wire(item))) > MAX_ITEM_BYTES:
        return f"Item size has exceeded the maximum allowed size: {size}"
    return next(filter(None, map(_number_refusal, _numbers(item))), "")


def _numbers(tagged: Any) -> list[str]:
    """List all numbers of an item or a value, at any depth."""
    if isinstance(tagged, list):
        return [number for element in tagged for number in _numbers(element)]
    if not isinstance(tagged, dict):
        return []
    if isinstance(tagged.get("N"), str):
        return [tagged["N"]]
    return [number for value in tagged.values() for number in _numbers(value)]


def _number_refusal(text: str) -> str:
    number = Decimal(text)
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if len(digits) > MAX_DIGITS:
        return f"{text} has more than {MAX_DIGITS} significant digits"
    if number and not SMALLEST_EXPONENT <= number.adjusted() <= LARGEST_EXPONENT:
        return f"{text} is out of range"
    return ""


def _check_batch(keys: list[Key], most: int, operation: str) -> None:
    if not 1 <= len(keys) <= most or len(set(keys)) != len(keys):
        raise client_error(
            "ValidationException", operation, f"{len(keys)} keys, {len(set(keys))} of them different"
        )
