"""What MiniStack lacks of vector indexes by itself, and what searches find once that is mended."""

import math
from typing import Any

import pytest
from ministack.services import dynamodb  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.cloud.vectors import VectorSearches

NAMES = {"#in": "space", "#on": "taken"}
INDEX = {
    "IndexName": "near",
    "VectorAttribute": {"AttributeName": "vector"},
    "SearchSchema": [
        {"AttributeName": "space", "SearchSchemaElementType": "HASH"},
        {"AttributeName": "taken", "SearchSchemaElementType": "INLINE_FILTER"},
    ],
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["shown"]},
    "Dimensions": 2,
    "DistanceFunction": "COSINE",
}
DEFINITIONS = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "space", "taken")]


@pytest.fixture
def table() -> Any:
    properties = {
        "TableName": "vectors-of-a-test",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": DEFINITIONS,
        "VectorIndexes": [INDEX],
    }
    provisioners._ddb_create("Table", properties, "stack")
    made = dynamodb._tables["vectors-of-a-test"]
    yield made
    del dynamodb._tables["vectors-of-a-test"]


def test_ministack_alone_drops_the_index_that_a_template_has(table: Any) -> None:
    """Once it does not, _mend_stacks in local/cloud/vectors.py is to go."""
    assert "VectorIndexes" not in table


def test_ministack_alone_refuses_ranges() -> None:
    """Once it does not, VectorSearches in local/cloud/vectors.py is to go."""
    _, refusal = dynamodb._vector_condition_terms("taken > :when", {}, {":when": {"S": "2026"}}, INDEX)
    assert "Invalid comparator" in refusal


def search(table: Any, condition: str, **values: str) -> list[tuple[str, float]]:
    table["VectorIndexes"] = [INDEX]
    for number, taken in enumerate(("2024", "2025", "2026")):
        angle = number * math.pi / 4
        table["items"][str(number)][""] = {
            "pk": {"S": str(number)},
            "space": {"S": "one"},
            "taken": {"S": taken},
            "shown": {"S": "yes"},
            "vector": {"L": [{"N": str(math.cos(angle))}, {"N": str(math.sin(angle))}]},
        }
    table["items"]["elsewhere"][""] = {**table["items"]["0"][""], "space": {"S": "other"}}
    table["items"]["lacking"][""] = {"pk": {"S": "lacking"}, "vector": table["items"]["0"][""]["vector"]}
    _, _, body = VectorSearches(dynamodb).answer(
        {
            "TableName": table["TableName"],
            "IndexName": "near",
            "TopK": 2,
            "SearchVector": [{"N": "1"}, {"N": "0"}],
            "SearchConditionExpression": condition,
            "ExpressionAttributeNames": {name: to for name, to in NAMES.items() if name in condition},
            "ExpressionAttributeValues": {f":{name}": {"S": text} for name, text in values.items()},
        }
    )
    found = dynamodb.json.loads(body)["SearchResults"]
    assert all(set(each["Item"]) == {"pk", "space", "taken", "shown"} for each in found)
    return [(each["Item"]["pk"]["S"], round(each["Score"], 3)) for each in found]


def test_the_nearest_of_a_partition_come_first_with_their_distance(table: Any) -> None:
    assert search(table, "#in = :space", space="one") == [("0", 0.0), ("1", 0.293)]


def test_a_range_is_met_before_neighbors_are_counted(table: Any) -> None:
    narrowed = "#in = :space AND #on BETWEEN :first AND :last"

    assert search(table, narrowed, space="one", first="2025", last="2026~") == [("1", 0.293), ("2", 1.0)]


def test_what_is_wrong_with_a_search_is_left_to_ministack() -> None:
    assert VectorSearches(dynamodb).answer({"TableName": "none", "IndexName": "near"}) is None
