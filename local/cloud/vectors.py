"""MiniStack's index of vectors, where AWS's goes further: made by CloudFormation, narrowed by comparisons.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearchFilterReference.html
"""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from contract.meaning import MOST_NEIGHBORS


def mend_vectors() -> None:
    """Have CloudFormation make indexes of vectors, and searches take every comparison that AWS's do.

    tests/local/cloud/test_vectors.py fails once MiniStack does it by itself; then this goes.
    """
    from ministack.services import dynamodb  # type: ignore[import-untyped]
    from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

    _mend_stacks(dynamodb, provisioners)
    search, searches = dynamodb._search_vectors, VectorSearches(dynamodb)
    # What is wrong with a search, MiniStack says as AWS does.
    dynamodb._search_vectors = lambda data: searches.answer(data) or search(data)


def _mend_stacks(dynamodb: Any, provisioners: Any) -> None:
    handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    create, update = handlers["create"], handlers["update"]

    def index(name: str, properties: Mapping[str, Any]) -> None:
        table = dynamodb._tables[name]
        table["AttributeDefinitions"] = properties.get("AttributeDefinitions", [])
        table["VectorIndexes"] = [
            dynamodb._vector_index_record(name, {**each, "Dimensions": int(each["Dimensions"])}, online=False)
            for each in properties.get("VectorIndexes") or []
        ]

    def created(logical_id: str, properties: Mapping[str, Any], *more: Any, **named: Any) -> Any:
        made = create(logical_id, properties, *more, **named)
        index(made[0], properties)
        return made

    def updated(name: str, old: Mapping[str, Any], new: Mapping[str, Any], *more: Any, **named: Any) -> Any:
        made = update(name, old, new, *more, **named)
        index(made[0], new)
        return made

    handlers["create"], handlers["update"] = created, updated


class VectorSearches:
    """Answers SearchVectors by looking at every vector. Those that were read as numbers once are kept."""

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb
        self._read: dict[tuple[str, str, str], tuple[Any, np.ndarray]] = {}

    def answer(self, data: Mapping[str, Any]) -> Any:
        """Return MiniStack's form of an answer; None where the search is not one that we know to be right."""
        table = self._dynamodb._tables.get(self._dynamodb._normalize_table_name(data.get("TableName")))
        indexes = (table or {}).get("VectorIndexes") or []
        index = next((each for each in indexes if each["IndexName"] == data.get("IndexName")), None)
        if index is None or not _is_plain(data, index):
            return None
        items, vectors = self._vectors(table, index)
        if not items:
            found = []
        else:
            asked = np.array([float(number["N"]) for number in data["SearchVector"]], np.float32)
            lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(asked)
            distances = 1 - (vectors @ asked) / np.maximum(lengths, np.float32(1e-12))
            nearest = ((items[each], float(distances[each])) for each in np.argsort(distances, kind="stable"))
            found = list(islice(self._meeting(nearest, data), data["TopK"]))
        shown = [{"Item": self._shown(table, index, item, data), "Score": score} for item, score in found]
        answer: dict[str, Any] = {"SearchResults": shown}
        if data.get("ReturnConsumedCapacity", "NONE") != "NONE":
            answer["ConsumedCapacity"] = {
                "VectorSearchRequestBytes": float(4 * index["Dimensions"] * (len(items) + 1))
            }
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answer)

    def _vectors(self, table: Any, index: Mapping[str, Any]) -> tuple[list[Any], np.ndarray]:
        """Return the items that are in an index, and their vectors, one a row."""
        attribute, needed = index["VectorAttribute"]["AttributeName"], self._dynamodb._vector_hash_attr(index)
        items, vectors = [], []
        for pk, bucket in list(table["items"].items()):
            for sk, item in list(bucket.items()):
                if attribute not in item or (needed and needed not in item):
                    continue
                at, numbers = (table["TableName"], pk, sk), item[attribute]
                kept = self._read.get(at)
                if kept is None or kept[0] is not numbers:
                    read = np.array([float(each["N"]) for each in numbers["L"]], np.float32)
                    kept = self._read[at] = (numbers, read)
                items.append(item)
                vectors.append(kept[1])
        return items, np.stack(vectors) if vectors else np.empty((0, index["Dimensions"]), np.float32)

    def _meeting(self, nearest: Iterator[tuple[Any, float]], data: Mapping[str, Any]) -> Iterator[Any]:
        """Leave out what does not meet the condition, by what MiniStack filters a Query with."""
        condition = data.get("SearchConditionExpression", "")
        values, names = (
            data.get("ExpressionAttributeValues") or {},
            data.get("ExpressionAttributeNames") or {},
        )
        for item, score in nearest:
            if self._dynamodb._evaluate_condition(condition, item, values, names, slot="FilterExpression"):
                yield item, score

    def _shown(self, table: Any, index: Mapping[str, Any], item: Any, data: Mapping[str, Any]) -> Any:
        if projected := data.get("ProjectionExpression"):
            return self._dynamodb._project_item(item, projected, data.get("ExpressionAttributeNames") or {})
        kept = {table["pk_name"], table["sk_name"], *self._dynamodb._vector_search_attrs(index)}
        kept |= set(index["Projection"].get("NonKeyAttributes") or [])
        return {name: value for name, value in item.items() if name in kept}


def _is_plain(data: Mapping[str, Any], index: Mapping[str, Any]) -> bool:
    vector, most = data.get("SearchVector"), data.get("TopK")
    return (
        isinstance(most, int)
        and 0 < most <= MOST_NEIGHBORS
        and isinstance(vector, list)
        and len(vector) == index["Dimensions"]
        and all(isinstance(number, dict) and set(number) == {"N"} for number in vector)
        and bool(data.get("SearchConditionExpression"))
        and index["DistanceFunction"] == "COSINE"
    )
