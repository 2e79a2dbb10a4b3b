"""How large an item is to DynamoDB, and how many units its writing and reading take.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal

WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096
# What DynamoDB adds to an item that it keeps; it is not counted when the item is written.
STORED_BESIDE_BYTES = 100


def item_bytes(item: Mapping[str, object]) -> int:
    """Add up the names and values of an item's attributes, keys included."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def write_units(size_bytes: float) -> int:
    """Return what writing an item of that size takes; a condition costs nothing more."""
    return max(1, math.ceil(size_bytes / WRITE_UNIT_BYTES))


def read_units(size_bytes: float) -> int:
    """Return what reading an item as of now takes; one that is not there takes a unit too."""
    return max(1, math.ceil(size_bytes / READ_UNIT_BYTES))


def _value_bytes(value: object) -> int:
    match value:
        case str():
            return len(value.encode())
        case bytes():
            return len(value)
        case bool() | None:
            return 1
        case int() | Decimal():
            return _number_bytes(Decimal(value))
        case Mapping():
            return 3 + sum(1 + len(str(name).encode()) + _value_bytes(part) for name, part in value.items())
        case list():
            return 3 + sum(1 + _value_bytes(part) for part in value)
    raise TypeError(f"no item of ours has values like {value!r}")


def _number_bytes(value: Decimal) -> int:
    """A byte for two digits, one more, and one for the sign."""
    digits = value.normalize().as_tuple().digits
    return math.ceil(len(digits) / 2) + 1 + (value < 0)
