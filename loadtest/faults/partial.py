"""Batches of which AWS takes only a part: what is passed on, and what is added to its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from loadtest.faults.calls import AwsAnswer, Call

_ENTRIES = "PublishBatchRequestEntries.member."


@dataclass(frozen=True)
class Split:
    """The call with the part that is passed on, and what turns its answer into that of the whole call."""

    call: Call
    complete: Callable[[AwsAnswer], AwsAnswer]


def split(call: Call, left_out: float) -> Split | None:
    """Leave out this share of a batch, at least one entry and not all; None for what is no batch of two."""
    way = _WAYS.get(call.operation)
    return way(call, left_out) if way is not None else None


def _count(size: int, left_out: float) -> int:
    return min(size - 1, max(1, round(size * left_out)))


def _write(call: Call, left_out: float) -> Split | None:
    ((table, requests),) = call.members["RequestItems"].items()
    if len(requests) < 2:
        return None
    count = _count(len(requests), left_out)
    passed = _with_members(call, {"RequestItems": {table: requests[count:]}})
    return Split(passed, _adding({"UnprocessedItems": {table: requests[:count]}}))


def _read(call: Call, left_out: float) -> Split | None:
    ((table, asked),) = call.members["RequestItems"].items()
    keys = asked["Keys"]
    if len(keys) < 2:
        return None
    count = _count(len(keys), left_out)
    passed = _with_members(call, {"RequestItems": {table: {**asked, "Keys": keys[count:]}}})
    return Split(passed, _adding({"UnprocessedKeys": {table: {**asked, "Keys": keys[:count]}}}))


def _delay(call: Call, left_out: float) -> Split | None:
    entries = call.members["Entries"]
    if len(entries) < 2:
        return None
    count = _count(len(entries), left_out)
    failed = [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in entries[:count]]
    return Split(_with_members(call, {"Entries": entries[count:]}), _adding({"Failed": failed}))


def _publish(call: Call, left_out: float) -> Split | None:
    rest = [(name, value) for name, value in call.form if not name.startswith(_ENTRIES)]
    entries: dict[str, list[tuple[str, str]]] = {}
    for name, value in call.form:
        if name.startswith(_ENTRIES):
            place, _, field = name.removeprefix(_ENTRIES).partition(".")
            entries.setdefault(place, []).append((field, value))
    batch = list(entries.values())
    if len(batch) < 2:
        return None
    count = _count(len(batch), left_out)
    passed = [
        (f"{_ENTRIES}{place}.{field}", value)
        for place, entry in enumerate(batch[count:], start=1)
        for field, value in entry
    ]
    refused = [dict(entry)["Id"] for entry in batch[:count]]
    return Split(_with_body(call, urlencode([*rest, *passed]).encode()), _failing(refused))


def _failing(identifiers: Sequence[str]) -> Callable[[AwsAnswer], AwsAnswer]:
    members = "".join(
        f"<member><Id>{identifier}</Id><Code>InternalError</Code><SenderFault>false</SenderFault></member>"
        for identifier in identifiers
    )

    def complete(answer: AwsAnswer) -> AwsAnswer:
        text = answer.body.decode()
        for empty in ("<Failed/>", "<Failed></Failed>"):
            text = text.replace(empty, "")
        end = "</PublishBatchResult>"
        return replace(answer, body=text.replace(end, f"<Failed>{members}</Failed>{end}").encode())

    return complete


def _adding(members: Mapping[str, Any]) -> Callable[[AwsAnswer], AwsAnswer]:
    def complete(answer: AwsAnswer) -> AwsAnswer:
        body = json.dumps({**json.loads(answer.body), **members}).encode()
        # DynamoDB's checksum is that of its own answer.
        kept = tuple(header for header in answer.headers if header[0].lower() != "x-amz-crc32")
        return replace(answer, headers=kept, body=body)

    return complete


def _with_members(call: Call, changed: Mapping[str, Any]) -> Call:
    return _with_body(call, json.dumps({**call.members, **changed}).encode())


def _with_body(call: Call, body: bytes) -> Call:
    return Call(call.method, call.path, call.headers, body)


_WAYS: Mapping[str, Callable[[Call, float], Split | None]] = {
    "BatchWriteItem": _write,
    "BatchGetItem": _read,
    "ChangeMessageVisibilityBatch": _delay,
    "PublishBatch": _publish,
}
