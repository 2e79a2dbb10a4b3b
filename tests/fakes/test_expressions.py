from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from contract.claims import CLAIM_CONDITION
from loadtest.simulation.table import condition, update
from processors.adapters.dynamodb import COMMIT_CONDITION

NO_KEY = DynamoType({"S": ""})
NUMBERS = st.integers(-3, 3).map(lambda number: {"N": str(number)})
TEXTS = st.sampled_from(["", "a", "b"]).map(lambda text: {"S": text})
ITEMS = st.dictionaries(
    st.sampled_from(["pk", "sequencer", "revision", "answer", "claimed_until", "next_at", "expires_at"]),
    st.one_of(NUMBERS, TEXTS),
)
CONDITIONS = (
    COMMIT_CONDITION,
    CLAIM_CONDITION,
    "next_at = :now AND NOT (attribute_exists(answer))",
    "attribute_not_exists(next_at) OR next_at <= :now OR next_at > :sequencer",
    "claimed_until >= :now AND (sequencer = :seen OR sequencer < :sequencer)",
)


@given(ITEMS, st.sampled_from(CONDITIONS), st.data())
def test_conditions_hold_when_moto_says_so(item: dict[str, Any], text: str, data: st.DataObject) -> None:
    values = {
        ":now": data.draw(NUMBERS),
        ":soon": data.draw(NUMBERS),
        ":seen": data.draw(TEXTS),
        ":sequencer": data.draw(st.one_of(NUMBERS, TEXTS)),
    }
    try:
        expected = bool(get_filter_expression(text, {}, values).expr(Item(NO_KEY, NO_KEY, item)))
    except TypeError:  # it compares text with numbers, which DynamoDB says is not true
        return
    assert condition(text)(item, values) is expected


def test_an_update_sets_adds_and_removes_from_what_was_there_before() -> None:
    changed = update(
        "SET next_at = if_not_exists(next_at, :zero) + :span, #last = next_at REMOVE old ADD made :one",
        (("#last", "last"),),
    )
    values = {":zero": {"N": "0"}, ":span": {"N": "5"}, ":one": {"N": "1"}}
    before = {"next_at": {"N": "7"}, "old": {"S": "x"}}
    assert changed(before, values) == {
        "next_at": {"N": "12"},
        "last": {"N": "7"},
        "made": {"N": "1"},
    }
    assert before == {"next_at": {"N": "7"}, "old": {"S": "x"}}
    assert update("SET next_at = if_not_exists(next_at, :zero) + :span")({}, values) == {
        "next_at": {"N": "5"}
    }


def test_what_is_not_understood_is_refused() -> None:
    with pytest.raises((ValueError, KeyError)):
        condition("begins_with(pk, :now)")
