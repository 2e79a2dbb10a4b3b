"""A table in memory, with DynamoDB's limits, and reads that are as stale as they may be.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from __future__ import annotations

import copy
import re
from collections import UserDict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from contract.cost_model.item_sizes import item_bytes
from contract.wire import from_wire
from loadtest.simulation.outages import client_error
from loadtest.simulation.table import condition, update
from tests.fakes.calls import Calls

TABLE = "images"
MAX_ITEM_BYTES = 400 * 1024
MAX_KEY_BYTES = {"pk": 2048, "sk": 1024}
MAX_DIGITS = 38
LARGEST_EXPONENT, SMALLEST_EXPONENT = 125, -130
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
MAX_BATCH_BYTES = 16 * 1024 * 1024
Wire = dict[str, Any]
Place = tuple[str, str]


class Items(UserDict[Place, Wire]):
    """The items as they are, and in `before` what stood at each place before the last change of it.

    The other is what a read that is not consistent is given: it may see any write late.
    """

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[Place, Wire | None] = {}

    def __setitem__(self, place: Place, item: Wire) -> None:
        self.before[place] = self.data.get(place)
        super().__setitem__(place, item)

    def __delitem__(self, place: Place) -> None:
        self.before[place] = self.data.get(place)
        super().__delitem__(place)

    def settle(self) -> None:
        """Have a while go by: every read sees everything."""
        self.before = dict(self.data)

    def read(self, place: Place, *, consistent: bool) -> Wire | None:
        """Return a copy of what a read may see at a place."""
        return copy.deepcopy(self.data.get(place) if consistent else self.before.get(place))


@dataclass
class FakeDynamoDB:
    """One table. `leave_unread` and `leave_unwritten` count what batch calls are still to leave undone."""

    calls: Calls = field(default_factory=Calls)
    items: Items = field(default_factory=Items)
    leave_unread: int = 0
    leave_unwritten: int = 0

    def put_item(
        self,
        *,
        TableName: str,
        Item: Wire,
        ConditionExpression: str | None = None,
        ExpressionAttributeValues: Wire | None = None,
        ReturnValues: str = "NONE",
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> dict[str, Any]:
        """Put an item if its condition holds."""
        with self.calls.of("PutItem"):
            _check_item(Item, "PutItem")
            at = _key(Item)
            old = self.items.get(at)
            if ConditionExpression is not None:
                keys = {"pk": {"S": at[0]}, "sk": {"S": at[1]}}
                if not _holds(keys, old or {}, ConditionExpression, ExpressionAttributeValues or {}):
                    extra = {"Item": old} if ReturnValuesOnConditionCheckFailure == "ALL_OLD" else {}
                    raise client_error("ConditionalCheckFailedException", "PutItem", "not now", **extra)
            self.items[at] = copy.deepcopy(Item)
        return {"Attributes": old} if old and ReturnValues == "ALL_OLD" else {}

    def update_item(
        self,
        *,
        TableName: str,
        Key: Wire,
        UpdateExpression: str,
        ExpressionAttributeValues: Wire,
        ConditionExpression: str | None = None,
        ReturnValues: str = "NONE",
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> dict[str, Any]:
        """Do `SET a = :x, b = b + :y ADD c :z` if a condition holds."""
        with self.calls.of("UpdateItem"):
            old = self.items.get(_key(Key))
            if ConditionExpression is not None and not _holds(
                Key, old or {}, ConditionExpression, ExpressionAttributeValues
            ):
                extra = {"Item": old} if old and ReturnValuesOnConditionCheckFailure == "ALL_OLD" else {}
                raise client_error("ConditionalCheckFailedException", "UpdateItem", "not now", **extra)
            new = update(UpdateExpression)({**Key, **(old or {})}, ExpressionAttributeValues)
            _check_item(new, "UpdateItem")
            self.items[_key(Key)] = new
        return {"Attributes": copy.deepcopy(new)} if ReturnValues == "ALL_NEW" else {}

    def batch_execute_statement(self, *, Statements: list[Any]) -> dict[str, Any]:
        """Do up to 25 inserts, each by itself."""
        with self.calls.of("BatchExecuteStatement"):
            items = [_inserted(statement) for statement in Statements]
            _check_batch([_key(item) for item in items], 25, "BatchExecuteStatement")
            responses = []
            for item in items:
                if refusal := _refusal(item):
                    error = {"Code": "ValidationError", "Message": refusal}
                    responses.append({"Error": error, "TableName": TABLE})
                elif _key(item) in self.items:
                    error = {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}
                    responses.append({"Error": error, "TableName": TABLE})
                else:
                    self.items[_key(item)] = copy.deepcopy(item)
                    responses.append({"TableName": TABLE})
        return {"Responses": responses}

    def delete_item(
        self,
        *,
        TableName: str,
        Key: Wire,
        ConditionExpression: str,
        ExpressionAttributeValues: Wire,
    ) -> dict[str, Any]:
        """Delete an item if its condition holds."""
        with self.calls.of("DeleteItem"):
            old = self.items.get(_key(Key))
            if old is None or not _holds(Key, old, ConditionExpression, ExpressionAttributeValues):
                raise client_error("ConditionalCheckFailedException", "DeleteItem", "not now")
            del self.items[_key(Key)]
        return {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        """Read up to 100 items, none named twice."""
        with self.calls.of("BatchGetItem"):
            keys = RequestItems[TABLE]["Keys"]
            _check_batch([_key(key) for key in keys], 100, "BatchGetItem")
            left = keys[: self.leave_unread]
            self.leave_unread -= len(left)
            consistent = RequestItems[TABLE].get("ConsistentRead", False)
            seen = [self.items.read(_key(key), consistent=consistent) for key in keys if key not in left]
            found = [item for item in seen if item is not None]
            unprocessed = {TABLE: {**RequestItems[TABLE], "Keys": left}} if left else {}
        return {"Responses": {TABLE: found}, "UnprocessedKeys": unprocessed}

    def batch_write_item(self, *, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:
        """Write up to 25 items, none named twice."""
        with self.calls.of("BatchWriteItem"):
            requests = RequestItems[TABLE]
            _check_batch([_requested(request) for request in requests], 25, "BatchWriteItem")
            for request in requests:
                _check_item(_put_or_key(request), "BatchWriteItem")
            if sum(item_bytes(from_wire(_put_or_key(request))) for request in requests) > MAX_BATCH_BYTES:
                raise client_error("ValidationException", "BatchWriteItem", "more than 16 MB")
            left = requests[: self.leave_unwritten]
            self.leave_unwritten -= len(left)
            for request in requests:
                if request in left:
                    continue
                if "PutRequest" in request:
                    self.items[_requested(request)] = copy.deepcopy(request["PutRequest"]["Item"])
                else:
                    self.items.pop(_requested(request), None)
        return {"UnprocessedItems": {TABLE: left} if left else {}}


def _holds(keys: Wire, item: Wire, expression: str, values: Wire) -> bool:
    return condition(expression)({**keys, **item} if item else {}, values)


def _inserted(statement: Any) -> Wire:
    names = re.findall(r"'(\w+)': \?", statement["Statement"])
    assert statement["Statement"].startswith(f'INSERT INTO "{TABLE}" VALUE {{')
    return dict(zip(names, statement["Parameters"], strict=True))


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


def _check_batch(keys: list[Place], most: int, operation: str) -> None:
    if not 1 <= len(keys) <= most or len(set(keys)) != len(keys):
        raise client_error(
            "ValidationException", operation, f"{len(keys)} keys, {len(set(keys))} of them different"
        )


def _key(item: Wire) -> Place:
    return item["pk"]["S"], item["sk"]["S"]


def _requested(request: Wire) -> Place:
    return _key(_put_or_key(request))


def _put_or_key(request: Wire) -> Wire:
    item: Wire = request["PutRequest"]["Item"] if "PutRequest" in request else request["DeleteRequest"]["Key"]
    return item
