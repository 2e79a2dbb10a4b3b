"""A table in memory, with DynamoDB's limits on batches."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.calls import Calls, client_error
from tests.fleet.expressions import condition, update

TABLE = "images"
Wire = dict[str, Any]


@dataclass
class FakeDynamoDB:
    """One table. `leave_unread` and `leave_unwritten` count what batch calls are still to leave undone."""

    calls: Calls = field(default_factory=Calls)
    items: dict[tuple[str, str], Wire] = field(default_factory=dict)
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
            self.items[_key(Key)] = new
        return {"Attributes": copy.deepcopy(new)} if ReturnValues == "ALL_NEW" else {}

    def batch_execute_statement(self, *, Statements: list[Any]) -> dict[str, Any]:
        """Do up to 25 inserts, each by itself."""
        with self.calls.of("BatchExecuteStatement"):
            items = [_inserted(statement) for statement in Statements]
            _check_batch([_key(item) for item in items], 25, "BatchExecuteStatement")
            responses = []
            for item in items:
                if _key(item) in self.items:
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
            found = [
                copy.deepcopy(self.items[_key(key)])
                for key in keys
                if _key(key) in self.items and key not in left
            ]
            unprocessed = {TABLE: {**RequestItems[TABLE], "Keys": left}} if left else {}
        return {"Responses": {TABLE: found}, "UnprocessedKeys": unprocessed}

    def batch_write_item(self, *, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:
        """Write up to 25 items, none named twice."""
        with self.calls.of("BatchWriteItem"):
            requests = RequestItems[TABLE]
            _check_batch([_requested(request) for request in requests], 25, "BatchWriteItem")
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


def _check_batch(keys: list[tuple[str, str]], most: int, operation: str) -> None:
    if not 1 <= len(keys) <= most or len(set(keys)) != len(keys):
        raise client_error(
            "ValidationException", operation, f"{len(keys)} keys, {len(set(keys))} of them different"
        )


def _key(item: Wire) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _requested(request: Wire) -> tuple[str, str]:
    return _key(request["PutRequest"]["Item"] if "PutRequest" in request else request["DeleteRequest"]["Key"])
