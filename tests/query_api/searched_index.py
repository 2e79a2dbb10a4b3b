"""The real index of vectors on a table in memory, searched as DynamoDB documents it, or by `=` alone."""

# ruff: noqa: N803 - boto3 spells its parameters in capitals

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.models.dynamo_type import Item as MotoItem

from contract.items import to_wire
from contract.meaning import SPACE, VECTOR
from loadtest.simulation.outages import client_error
from query_api.adapters.meaning import VectorIndex
from tests.query_api.memory_table import MemoryTable
from tests.query_api.vectors import likeness, numbers_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EXECUTOR = ThreadPoolExecutor(2)


@dataclass
class SearchedDynamoDB:
    """DynamoDB's SearchVectors on what stands in a table: as documented, or with `=` alone, as when new.

    `asked` are the conditions of every search, those that were refused too.
    """

    table: MemoryTable
    takes_ranges: bool = True
    asked: list[str] = field(default_factory=list)

    def search_vectors(
        self,
        *,
        SearchVector: Sequence[Mapping[str, str]],
        TopK: int,
        SearchConditionExpression: str,
        ExpressionAttributeNames: dict[str, str],
        ExpressionAttributeValues: dict[str, Any],
        **_: Any,
    ) -> dict[str, Any]:
        self.asked.append(SearchConditionExpression)
        if not self.takes_ranges and re.search(r"BETWEEN| OR |<|>", SearchConditionExpression):
            message = "Invalid operator used in SearchConditionExpression"
            raise client_error("ValidationException", "SearchVectors", message)
        meets = get_filter_expression(
            SearchConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues
        )
        vector = tuple(float(number["N"]) for number in SearchVector)
        found = [
            (1 - likeness(vector, numbers_of(item)), item)
            for item in self.table.items.values()
            if VECTOR in item and meets.expr(_without_vector(item))
        ]
        return {
            "SearchResults": [
                {"Item": to_wire({name: item[name] for name in ("key", "revision")}), "Score": score}
                for score, item in sorted(found, key=lambda each: each[0])[:TopK]
            ]
        }


def _without_vector(item: Mapping[str, object]) -> MotoItem:
    wire = to_wire({name: value for name, value in item.items() if name != VECTOR})
    return MotoItem(wire["pk"], wire["sk"], wire)


def vector_index(table: MemoryTable, *, takes_ranges: bool, warned: list[str] | None = None) -> VectorIndex:
    """Return the real index on such a table; what it warns of is kept in a list."""
    client = cast("DynamoDBClient", SearchedDynamoDB(table, takes_ranges))
    return VectorIndex(client, "table", EXECUTOR, SPACE, ([] if warned is None else warned).append)
