"""Items with DynamoDB's type tags, read. boto3's own reader would cost a cold start an eighth of its time."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from contract.table import PARTITION_KEY, SORT_KEY, ItemKey

WireItem = Mapping[str, Any]


def from_wire(item: WireItem) -> dict[str, Any]:
    """Read an item. Numbers become Decimal."""
    return {name: _value(tagged) for name, tagged in item.items()}


def key_to_wire(key: ItemKey) -> dict[str, dict[str, str]]:
    """Write a primary key."""
    return {PARTITION_KEY: {"S": key.pk}, SORT_KEY: {"S": key.sk}}


def key_of(item: WireItem) -> ItemKey:
    """Read the primary key of an item."""
    return ItemKey(item[PARTITION_KEY]["S"], item[SORT_KEY]["S"])


def _value(tagged: WireItem) -> Any:
    ((tag, content),) = tagged.items()
    match tag:
        case "S" | "B" | "BOOL":
            return content
        case "N":
            return Decimal(content)
        case "M":
            return from_wire(content)
        case "L":
            return [_value(element) for element in content]
        case "NULL":
            return None
    raise TypeError(f"no item of ours has values of type {tag}")
