"""A table in memory with what operations call, around the one that the processor's tests use."""

# ruff: noqa: N803 - boto3 spells its parameters in capitals

import copy
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.models.dynamo_type import Item as MotoItem

from contract.table import CONTENT_PREFIX
from loadtest.simulation.outages import client_error
from tests.fakes.dynamodb import FakeDynamoDB


@dataclass
class ScannedDynamoDB:
    """A table that can be scanned, counted and updated, a few items a page, in no useful order."""

    table: FakeDynamoDB
    page: int = 4

    def batch_get_item(self, **asked: Any) -> Any:
        return self.table.batch_get_item(**asked)

    def batch_execute_statement(self, **asked: Any) -> Any:
        return self.table.batch_execute_statement(**asked)

    def batch_write_item(self, **asked: Any) -> Any:
        return self.table.batch_write_item(**asked)

    def get_item(self, **asked: Any) -> Any:
        return self.table.get_item(**asked)

    def put_item(self, **asked: Any) -> Any:
        return self.table.put_item(**asked)

    def delete_item(self, **asked: Any) -> Any:
        if "ConditionExpression" in asked:
            return self.table.delete_item(**asked)
        with self.table.calls.of("DeleteItem"):
            self.table.items.pop(_place(asked["Key"]), None)
        return {}

    def scan(
        self,
        *,
        TableName: str,
        FilterExpression: str,
        ProjectionExpression: str,
        ExpressionAttributeNames: dict[str, str],
        ExpressionAttributeValues: dict[str, Any],
        ExclusiveStartKey: dict[str, Any] | None = None,
        Segment: int = 0,
        TotalSegments: int = 1,
        ReturnConsumedCapacity: str = "NONE",
        ConsistentRead: bool = False,
    ) -> Any:
        with self.table.calls.of("Scan"):
            there = (place for place in self.table.items if hash(place[0]) % TotalSegments == Segment)
            places = sorted(there, key=hash)
        start = places.index(_place(ExclusiveStartKey)) + 1 if ExclusiveStartKey else 0
        shown = places[start : start + self.page]
        wanted = get_filter_expression(FilterExpression, ExpressionAttributeNames, ExpressionAttributeValues)
        items = [self.table.items[place] for place in shown]
        answer: dict[str, Any] = {
            "Items": [copy.deepcopy(item) for item in items if wanted.expr(_moto_item(item))]
        }
        if start + self.page < len(places):
            answer["LastEvaluatedKey"] = {"pk": {"S": shown[-1][0]}, "sk": {"S": shown[-1][1]}}
        if ReturnConsumedCapacity == "TOTAL":
            answer["ConsumedCapacity"] = {"CapacityUnits": 0.5 * len(shown)}
        return answer

    def query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str,
        ExpressionAttributeValues: dict[str, Any],
        Select: str = "",
        ExclusiveStartKey: dict[str, Any] | None = None,
        **asked: Any,
    ) -> Any:
        if not Select and KeyConditionExpression != "pk = :partition":
            return self.table.query(
                TableName=TableName,
                KeyConditionExpression=KeyConditionExpression,
                ExpressionAttributeValues=ExpressionAttributeValues,
                ExclusiveStartKey=ExclusiveStartKey,
                **asked,
            )
        partition = ExpressionAttributeValues[":partition"]["S"]
        places = sorted(place for place in self.table.items if place[0] == partition)
        start = places.index(_place(ExclusiveStartKey)) + 1 if ExclusiveStartKey else 0
        shown = places[start : start + self.page]
        answer: dict[str, Any] = {
            "Count": len(shown),
            "Items": [] if Select else [copy.deepcopy(self.table.items[place]) for place in shown],
            "ConsumedCapacity": {"CapacityUnits": 0.5},
        }
        if start + self.page < len(places):
            answer["LastEvaluatedKey"] = {"pk": {"S": shown[-1][0]}, "sk": {"S": shown[-1][1]}}
        return answer

    def update_item(
        self,
        *,
        TableName: str,
        Key: dict[str, Any],
        UpdateExpression: str,
        ConditionExpression: str | None = None,
        ExpressionAttributeValues: dict[str, Any] | None = None,
        ExpressionAttributeNames: dict[str, str] | None = None,
    ) -> Any:
        values = ExpressionAttributeValues or {}
        with self.table.calls.of("UpdateItem"):
            if UpdateExpression == "REMOVE #detectors.#picture":
                return self._forget_that_it_was_read(Key, values[":revision"])
            if _place(Key)[0].startswith(CONTENT_PREFIX):
                return self.table.update_item(
                    TableName=TableName,
                    Key=Key,
                    UpdateExpression=UpdateExpression,
                    ConditionExpression=ConditionExpression,
                    ExpressionAttributeValues=values,
                    ExpressionAttributeNames=ExpressionAttributeNames or {},
                )
            if ConditionExpression is None:
                return self._set_one(Key, UpdateExpression, values)
            assert UpdateExpression == "SET suspected_at = :suspected_at"
            assert ConditionExpression == "attribute_exists(pk)"
            item = self.table.items.get(_place(Key))
            if item is None:
                raise client_error("ConditionalCheckFailedException", "UpdateItem")
            item["suspected_at"] = values[":suspected_at"]
        return {}

    def _forget_that_it_was_read(self, key: dict[str, Any], revision: dict[str, Any]) -> Any:
        item = self.table.items.get(_place(key))
        if item is None or item["revision"] != revision:
            raise client_error("ConditionalCheckFailedException", "UpdateItem")
        item["detectors"]["M"].pop("picture", None)
        return {}

    def _set_one(self, key: dict[str, Any], update: str, values: dict[str, Any]) -> Any:
        verb, attribute, *rest = update.split()
        assert attribute in ("quota", "daily_limit")
        assert (verb, rest, list(values)) in (("SET", ["=", ":value"], [":value"]), ("REMOVE", [], []))
        item = self.table.items.setdefault(_place(key), dict(key))
        item.pop(attribute, None)
        if values:
            item[attribute] = values[":value"]
        return {}


def _place(key: dict[str, Any]) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]


def _moto_item(item: dict[str, Any]) -> Any:
    return MotoItem(item["pk"], item["sk"], copy.deepcopy(item))
