"""What is read back from the table, or why it cannot be read.

Rubbish, and what newer code has written in a way that this one does not know, stands in the way of its own
image only. It is neither written over nor paid for again: whoever rolled back may roll forward. The message
ends as a dead letter that names the item; with the item mended or removed, it can be sent again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from aws.calls import TableBatches
from contract.errors import ImagepipeError, NotReadyError, TransientError
from contract.records import ImageRecord, Result, ResultName
from contract.table import PARTITION_KEY, RECORD_PREFIX, SORT_KEY, Item, ItemKey, from_wire, key_to_wire

FAULTS = (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError, zlib.error)
UNREADABLE_ITEM = "UnreadableItem"


def read_items(batches: TableBatches, keys: Iterable[ItemKey]) -> list[Item]:
    """Return those items that are there. Raise a word for failure if any could not be read."""
    return [from_wire(item) for item in batches.read([key_to_wire(key) for key in keys])]


def record_in(item: Mapping[str, Any]) -> ImageRecord | ImagepipeError:
    """Return the record that an item holds, if writing it gives the item again, attributes of later apart."""
    try:
        record = ImageRecord.from_item(item)
        written = record.to_item()
        for name, value in item.items():
            if name in written and written[name] != value:
                raise ValueError(f"{name} is {value!r}")
    except FAULTS as fault:
        return _unreadable(item, fault)
    if object_key(item) != record.key:
        return _unreadable(item, ValueError(f"key is {record.key!r}"))
    return record


def object_key(item: Mapping[str, Any]) -> str:
    """Return the key of the object whose record an item is."""
    return str(item[PARTITION_KEY]).removeprefix(RECORD_PREFIX)


def result_in(name: ResultName, item: Mapping[str, Any]) -> Result | ImagepipeError | None:
    """Return the result that an item holds, None where it is a claim as yet."""
    try:
        result = Result.from_item(name, item)
        if result is not None and not isinstance(result.response, dict):
            raise TypeError(f"the answer is {type(result.response).__name__}")
    except FAULTS as fault:
        return _unreadable(item, fault)
    return result


def claim_of_another(name: ResultName, item: Mapping[str, Any], now: int) -> ImagepipeError:
    """Return what a claim that stands means to those who came later; `now` is in seconds since 1970."""
    until = item.get("claimed_until")
    try:
        seconds = int(until) - now if isinstance(until, Decimal) else None
    except FAULTS:
        seconds = None
    if seconds is None:
        return _unreadable(item, ValueError(f"claimed_until is {until!r}"))
    return NotReadyError(
        "InProgressElsewhere",
        f"another worker is asking {name.detector} about the same content",
        retry_within_seconds=max(0, seconds) + 1,
    )


def _unreadable(item: Mapping[str, Any], fault: Exception) -> TransientError:
    return TransientError(
        UNREADABLE_ITEM,
        f"the item {item[PARTITION_KEY]} {item[SORT_KEY]} cannot be read ({fault!r}) and is left as it is: "
        "if newer code wrote it, deploy that again; else remove the item; then redrive",
    )
