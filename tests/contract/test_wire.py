"""Our own type tags are DynamoDB's: what boto3 writes we read, what we write boto3 reads."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from contract.items import from_wire, to_wire

scalars = st.one_of(
    st.text(), st.booleans(), st.integers(-(10**30), 10**30), st.decimals(-1000, 1000, places=6).filter(bool)
)
values = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)), max_leaves=8
)
items = st.dictionaries(st.text(min_size=1), values)


@given(items)
def test_boto3_reads_what_we_write(item: dict[str, Any]) -> None:
    assert {name: TypeDeserializer().deserialize(value) for name, value in to_wire(item).items()} == item


@given(items)
def test_we_read_what_boto3_writes(item: dict[str, Any]) -> None:
    assert from_wire({name: TypeSerializer().serialize(value) for name, value in item.items()}) == item


def test_bytes_and_nothing_are_read() -> None:
    assert from_wire(to_wire({"packed": b"\0\1"})) == {"packed": b"\0\1"}
    assert from_wire({"nothing": {"NULL": True}}) == {"nothing": None}


def test_sets_are_read_though_we_write_none() -> None:
    item = {"texts": {"a", "b"}, "numbers": {Decimal(1)}, "packed": {b"x"}}
    assert from_wire({name: TypeSerializer().serialize(value) for name, value in item.items()}) == item


@pytest.mark.parametrize("value", [1.5, None, {1, 2}, object()])
def test_what_we_never_write_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        to_wire({"value": value})


def test_decimals_keep_their_digits() -> None:
    assert to_wire({"confidence": Decimal("98.10")}) == {"confidence": {"N": "98.10"}}
