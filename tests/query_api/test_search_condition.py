"""Searches of the vector index are held to what AWS documents: the local cloud meets ranges outside of it.

The grammar is that of the developer guide, and the shape of a request that of botocore's model. Neither says
how many conditions there may be.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearchFilterReference.html
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st
from mypy_boto3_dynamodb import DynamoDBClient

from contract.meaning import DIMENSIONS, IN_SPACE, MOST_NEIGHBORS, NARROWED_BY, PART_OF, SPACE
from query_api.adapters.meaning import VectorIndex
from query_api.ports import Narrowing
from query_api.search.similar import PREFIXES_AT_ONCE

VECTOR = tuple((number - 190) / 1e7 for number in range(DIMENSIONS))
# One comparison of an attribute by its alias with a value by its placeholder, or a range of two.
ONE = r"#\w+ (?:=|<|<=|>|>=) :\w+|#\w+ BETWEEN :\w+ AND :\w+"
ANY = rf"\((?:{ONE})(?: OR (?:{ONE}))+\)"
ALL = re.compile(rf"(?:{ONE}|{ANY})(?: AND (?:{ONE}|{ANY}))*")


@dataclass
class Recording:
    """Keeps what is asked of SearchVectors."""

    asked: list[dict[str, Any]] = field(default_factory=list)

    def search_vectors(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        return {"SearchResults": []}


@pytest.fixture(scope="module")
def shape() -> Any:
    return botocore.session.get_session().get_service_model("dynamodb").operation_model("SearchVectors")


@st.composite
def narrowings(draw: st.DrawFn) -> Narrowing:
    texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
    spans = st.none() | st.tuples(texts, texts).map(lambda span: (min(span), max(span)))
    prefixes = st.lists(texts, min_size=1, max_size=PREFIXES_AT_ONCE).map(tuple)
    parts = st.sampled_from([(number, parts) for parts in PART_OF for number in range(parts)])
    return Narrowing(draw(st.none() | prefixes), draw(spans), draw(spans), draw(st.none() | parts))


@given(within=narrowings())
def test_a_search_is_of_the_documented_form(shape: Any, within: Narrowing) -> None:
    recording = Recording()
    with ThreadPoolExecutor(1) as executor:
        index = VectorIndex(cast("DynamoDBClient", recording), "table", executor, SPACE, warn=print)
        index.nearest(VECTOR, [within], MOST_NEIGHBORS)
    (asked,) = recording.asked

    assert not ParamValidator().validate(asked, shape.input_shape).generate_report()
    expression, names = asked["SearchConditionExpression"], asked["ExpressionAttributeNames"]
    assert ALL.fullmatch(expression), expression
    hash_alias = next(alias for alias, name in names.items() if name == IN_SPACE)
    assert expression.startswith(f"{hash_alias} = :"), "the partition is named first, and with = alone"
    assert expression.count(hash_alias) == 1
    used = set(re.findall(r"#\w+", expression))
    assert {names[alias] for alias in used} <= {IN_SPACE, *NARROWED_BY}, (
        "the schema has these attributes alone"
    )
    projected = set(re.findall(r"#\w+", asked["ProjectionExpression"]))
    assert used | projected == set(names), "AWS refuses names that are not used, or not said"
    placeholders = re.findall(r":\w+", expression)
    assert sorted(placeholders) == sorted(asked["ExpressionAttributeValues"]), "and values likewise"
    assert all(set(value) == {"S"} for value in asked["ExpressionAttributeValues"].values())
    assert all(first <= last for first, last in _ranges(asked)), (
        "AWS refuses ranges that end before they begin"
    )


def _ranges(asked: dict[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the ends of ranges as DynamoDB compares them: by their bytes in UTF-8."""
    values = asked["ExpressionAttributeValues"]
    for ends in re.findall(r"BETWEEN (:\w+) AND (:\w+)", asked["SearchConditionExpression"]):
        first, last = (values[end]["S"].encode() for end in ends)
        yield first, last


def test_as_many_conditions_as_a_search_can_have() -> None:
    """One more than twelve wants a look at AWS's bound first."""
    recording = Recording()
    every = Narrowing(tuple("abcdefgh"), ("0", "~"), ("0", "~"), (3, 16))
    with ThreadPoolExecutor(1) as executor:
        index = VectorIndex(cast("DynamoDBClient", recording), "table", executor, SPACE, warn=print)
        index.nearest(VECTOR, [every], MOST_NEIGHBORS)

    assert len(every.prefixes or ()) == PREFIXES_AT_ONCE
    expression = recording.asked[0]["SearchConditionExpression"]
    assert len(re.findall(ONE, expression)) == PREFIXES_AT_ONCE + 4
