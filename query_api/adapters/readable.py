"""Items of the table, out of DynamoDB's answers; they may be anything, of a newer version or changed by hand.

What cannot be read is told of and left out, so that one bad item never fails a page. Attributes that are not
known here are no reason: a newer writer may add some.
"""

import json
import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from botocore.parsers import JSONParser, ResponseParserFactory
from botocore.session import Session

from contract import table
from contract.items import PARTITION_KEY, SORT_KEY
from contract.records import ImageRecord
from contract.results import Result, ResultName
from contract.table import RANK, RECORD_PREFIX, IndexRow

Item = Mapping[str, Any]
Read = TypeVar("Read")
# Is told which item cannot be read, and why.
Unreadable = Callable[[str, Exception], None]

# Whatever a reader raises that meets an item of another shape.
BROKEN = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, zlib.error)


# Those of contract/corrections.py, which most deployments never load.
DECISIONS = ("allow", "block")


def row(item: Item, *, by_rank: bool) -> IndexRow:
    """Read an index row. Raise one of BROKEN."""
    sort_key = _text(item, SORT_KEY)
    # Places are compared and cut out as text of one form; one of another would end a walk, or turn it back.
    if not (sort_key.isascii() and sort_key.isprintable() and sort_key.count("#") == 2):  # noqa: PLR2004
        raise ValueError(f"{sort_key!r} is no sort key of a row")
    for name in ("key", "revision"):
        _text(item, name)
    if "confidence" in item:
        _percent(item["confidence"])
    found = IndexRow.from_item(item)
    if by_rank and item.get(RANK) != table.rank(found.confidence or 0.0, sort_key):
        raise ValueError(f"{item.get(RANK)!r} is not the rank of a confidence of {found.confidence}")
    return found


def record(item: Item) -> ImageRecord:
    """Read a record. Raise one of BROKEN."""
    key = _text(item, "key")
    if item[PARTITION_KEY] != RECORD_PREFIX + key:
        raise ValueError(f"it says that its key is {key!r}")
    for name in ("etag", "uploaded_at", "decided_at", "revision"):
        _text(item, name)
    _count(item["size_bytes"])
    _count(item.get("faces", 0))
    for name in ("version_id", "rejection_code", "rejection_message", "rejection_detector"):
        if name in item:
            _text(item, name)
    for name in ("words", "parents", "colors", "equipment"):
        _texts(item.get(name, []))
    for name in ("labels", "moderation", "celebrities"):
        for confidence in item.get(name, {}).values():
            _percent(confidence)
    for match in item.get("persons", {}).values():
        _percent(match["similarity"])
        _count(match.get("face", 0))
    _texts([*item.get("detectors", {}).values(), *item.get("renamed", {}).values()])
    _count(item.get("corrections", 0))
    if "decision" in item and item["decision"] not in DECISIONS:
        raise ValueError(f"{item['decision']!r} is no decision")
    return ImageRecord.from_item(item)


def result(name: ResultName, item: Item) -> Result | None:
    """Read a raw result, as far as it is shown; None where it is a claim as yet. Raise one of BROKEN."""
    found = Result.from_item(name, item)
    if found is not None and not isinstance(found.response, dict):
        raise TypeError("the answer is no JSON object")
    return found and found.shown


def or_none(read: Callable[[], Read], what: str, unreadable: Unreadable) -> Read | None:
    """Return what is read; None, and tell of it, where it cannot be."""
    try:
        return read()
    except BROKEN as error:
        unreadable(what, error)
        return None


def count(value: object) -> int:
    """Return a count that may be below zero for a moment. Raise ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or value != int(value):
        raise ValueError(f"{value!r} is no count")
    return int(value)


def _text(item: Item, name: str) -> str:
    value = item[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}, which is no text")
    return value


def _count(value: object) -> None:
    if count(value) < 0:
        raise ValueError(f"{value!r} is below zero")


def _percent(value: object) -> None:
    # Somewhat above a hundred is rounding, and no reason to hide a photo; beyond it, a rank has no order.
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 <= value <= 101:  # noqa: PLR2004
        raise ValueError(f"{value!r} is no confidence in percent")


def _texts(values: object) -> None:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"{values!r} is no list of text")


class _PlainJSONParser(JSONParser):
    """Takes a JSON body as it is.

    botocore's own parser walks every value of every item by the service's model, which for a page of 50
    images takes three times as long as everything else together. What it would do for our items is little:
    JSON is JSON, and bytes come in base64. A botocore that knows no such method parses as it always did.
    """

    def _handle_json_body(self, raw_body: bytes, shape: Any) -> Any:  # noqa: ARG002
        return json.loads(raw_body) if raw_body else {}


class _PlainFactory(ResponseParserFactory):
    def create_parser(self, protocol_name: str) -> Any:
        if protocol_name == "json":
            return _PlainJSONParser()
        return super().create_parser(protocol_name)


def parse_plainly(session: Session) -> None:
    """Let clients of a session give the JSON of answers as it came. Before a client is made."""
    session.register_component("response_parser_factory", _PlainFactory())


def read_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Read an item with its type tags. Numbers become int or float: nothing here is written again.

    Sets, which no item of ours has, stay lists of text: one in an attribute that is not asked for is no harm.
    """
    return {name: _value(tagged) for name, tagged in item.items()}


def _value(tagged: Mapping[str, Any]) -> Any:
    for tag, content in tagged.items():
        if tag in {"S", "BOOL"}:
            return content
        if tag == "N":
            return float(content) if "." in content or "E" in content else int(content)
        if tag == "M":
            return read_item(content)
        if tag == "L":
            return [_value(element) for element in content]
        if tag == "B":
            return b64decode(content) if isinstance(content, str) else bytes(content)
    return None if "NULL" in tagged else next(iter(tagged.values()), None)
