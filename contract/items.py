"""DynamoDB's items as they go over the wire: keys, and values with their type tags.

boto3 has its own way, at an eighth of a cold start.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

PARTITION_KEY = "pk"
SORT_KEY = "sk"


class ItemKey(NamedTuple):
    """The primary key of one item: its attributes are named as these fields are."""

    pk: str
    sk: str


Item = dict[str, Any]
WireItem = dict[str, Any]


def to_wire(item: Mapping[str, Any]) -> WireItem:
    """Write an item: text, bytes, int, Decimal, bool, mappings and lists, and no float: that would round."""
    return {name: _tagged(value) for name, value in item.items()}


def from_wire(item: Mapping[str, Any]) -> Item:
    """Read an item of whatever types. Numbers become Decimal, and sets, which we never write, frozensets."""
    return {name: _value(tagged) for name, tagged in item.items()}


def key_to_wire(key: ItemKey) -> WireItem:
    return to_wire(key._asdict())


def key_of(item: Mapping[str, Any]) -> ItemKey:
    return ItemKey(item[PARTITION_KEY]["S"], item[SORT_KEY]["S"])


def _tagged(value: object) -> dict[str, Any]:
    match value:
        case str():
            return {"S": str(value)}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case Mapping():
            return {"M": to_wire(value)}
        case list():
            return {"L": [_tagged(element) for element in value]}
    raise TypeError(f"no item of ours has values like {value!r}")


def _value(tagged: Mapping[str, Any]) -> Any:
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
        case "SS" | "NS" | "BS":
            return frozenset(_value({tag[0]: element}) for element in content)
    raise TypeError(f"no item of ours has values of type {tag}")


def beginning_with(partition: str, beginning: str) -> dict[str, Any]:
    """Return what a Query asks for that reads, as of now, what stands in a partition and begins so."""
    return {
        "KeyConditionExpression": f"{PARTITION_KEY} = :partition AND begins_with({SORT_KEY}, :beginning)",
        "ExpressionAttributeValues": {":partition": {"S": partition}, ":beginning": {"S": beginning}},
        "ConsistentRead": True,
    }
