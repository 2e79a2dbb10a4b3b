"""Made-up images, the same for the same number: labels of known frequency, independent of each other."""

import asyncio
import json
import socket
import sys
import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contract import table
from contract.items import PARTITION_KEY, SORT_KEY, ItemKey, key_of, to_wire
from contract.moments import to_text
from contract.picture_usage import TYPICAL
from contract.records import Findings, ImageRecord, ImageVersion, Status
from contract.usage import item_bytes, read_units

# How many images of a thousand carry each.
FREQUENCIES = {"Person": 500, "Outdoors": 400, "Tree": 300}
# Carried by so many images in all, spread over the whole time, however many images there are.
RARE, RARE_IMAGES = "Lighthouse", 60
# What fills a photo up to the number of labels that the cost model assumes.
FILLERS = 12
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
# Photos were taken within this time, in another order than they were uploaded in.
_TAKEN_FROM, _TAKEN_WITHIN = datetime(2016, 1, 1, tzinfo=UTC), timedelta(days=3650)


def key(number: int) -> str:
    return f"made/{number // 1000:03}/{number:06}.jpg"


def record(number: int, of: int = 0) -> ImageRecord:
    """Return the record of an image. `of` is how many there are, by which the rare label is spread."""
    drawn = blake2b(str(number).encode(), digest_size=16).digest()
    labels = {
        name: 60.0 + drawn[place] % 40
        for place, (name, frequency) in enumerate(FREQUENCIES.items())
        if int.from_bytes(drawn[4 + 2 * place : 6 + 2 * place], "big") % 1000 < frequency
    }
    if of and number % max(1, of // RARE_IMAGES) == 0:
        labels[RARE] = 88.0
    for filler in range(FILLERS):
        labels[f"Thing {number % 97} {filler}"] = 55.5
    uploaded_at = to_text(_BEGAN + timedelta(seconds=number))
    taken = _TAKEN_FROM + _TAKEN_WITHIN * (int.from_bytes(drawn[10:14], "big") / 2**32)
    return ImageRecord(
        version=ImageVersion(key(number), f"{number:032x}", 250_000, f"{number:032x}", uploaded_at),
        status=Status.RECOGNIZED,
        sequencer=f"{number:018X}1",
        generation=1,
        decided_at=uploaded_at,
        detectors={},
        findings=Findings(
            labels=labels,
            parents=frozenset({"Outdoors"} & set(labels)),
            photo=replace(TYPICAL, taken_at=taken.isoformat(timespec="milliseconds").partition("+")[0]),
        ),
    )


_TARGET = "x-amz-target"
_JSON = "application/x-amz-json-1.0"


@dataclass
class CannedTable:
    """Images by number; of the index rows, only where they stand. Items are made when they are read."""

    number: int
    units: int = 0
    calls: int = 0
    partitions: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    numbers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number in range(self.number):
            made = record(number, self.number)
            self.numbers[table.record_key(key(number)).pk] = number
            for row in table.index_rows(made):
                if ":thing" in row.at.pk:
                    continue  # nobody asks for these
                self.partitions[row.at.pk].append((row.at.sk, number))
        for rows in self.partitions.values():
            rows.sort()

    def query(self, asked: Mapping[str, Any]) -> str:
        """Return rows between two sort keys, as JSON."""
        values = {name: value["S"] for name, value in asked["ExpressionAttributeValues"].items()}
        rows = self.partitions.get(values[":partition"], [])
        first = bisect_left(rows, (values[":low"], -1))
        last = bisect_right(rows, (values[":high"], self.number))
        found = rows[first:last][: asked["Limit"]]
        if not asked["ScanIndexForward"]:
            found = rows[max(first, last - asked["Limit"]) : last][::-1]
        items = [_row(values[":partition"], number, self.number) for _, number in found]
        self.units += read_units(sum(size for _, size in items))
        more = ""
        if len(found) == asked["Limit"]:
            more = f', "LastEvaluatedKey": {json.dumps(_place(values[":partition"], found[-1][0]))}'
        return f'{{"Items": [{", ".join(item for item, _ in items)}]{more}}}'

    def batch_get_item(self, asked: Mapping[str, Any]) -> str:
        ((name, request),) = asked["RequestItems"].items()
        items = ", ".join(self._items(request["Keys"]))
        return f'{{"Responses": {{{json.dumps(name)}: [{items}]}}, "UnprocessedKeys": {{}}}}'

    def get_item(self, asked: Mapping[str, Any]) -> str:
        found = list(self._items([asked["Key"]]))
        return f'{{"Item": {found[0]}}}' if found else "{}"

    def _items(self, keys: Iterable[Mapping[str, Any]]) -> Iterable[str]:
        for wanted in keys:
            at = key_of(wanted)
            item, size = self._item(at)
            self.units += read_units(size)
            if item is not None:
                yield item

    def _item(self, at: ItemKey) -> tuple[str | None, int]:
        if at == table.signing_key():
            made_at = {"N": str(int(time.time()))}
            secret = {"secret": {"B": "c2VjcmV0IG9mIGEgYmVuY2g="}, "made_at": made_at}
            return json.dumps({**_place(at.pk, at.sk), **secret}), 60
        number = self.numbers.get(at.pk)
        return (None, 0) if number is None else _record(number, self.number)


@lru_cache(maxsize=200_000)
def _row(partition: str, number: int, of: int) -> tuple[str, int]:
    (row,) = (row for row in table.index_rows(record(number, of)) if row.at.pk == partition)
    return json.dumps(to_wire(row.to_item())), item_bytes(row.to_item())


@lru_cache(maxsize=200_000)
def _record(number: int, of: int) -> tuple[str, int]:
    made: ImageRecord = record(number, of)
    at = table.record_key(made.key)
    item = at._asdict() | made.to_item()
    return json.dumps(to_wire(item)), item_bytes(item)


def _place(partition: str, sort_key: str) -> dict[str, Any]:
    return {PARTITION_KEY: {"S": partition}, SORT_KEY: {"S": sort_key}}


def application(canned: CannedTable, answers_after_seconds: float) -> Starlette:
    """Serve a table, and at `/_local/units` what was read of it since that was last asked."""

    async def call(request: Request) -> Response:
        asked = json.loads(await request.body())
        canned.calls += 1
        await asyncio.sleep(answers_after_seconds)
        match request.headers.get(_TARGET, "").rpartition(".")[2]:
            case "Query":
                answer = canned.query(asked)
            case "BatchGetItem":
                answer = canned.batch_get_item(asked)
            case "GetItem":
                answer = canned.get_item(asked)
            case other:
                return JSONResponse({"__type": "UnknownOperation", "message": other}, 400)
        return Response(answer, media_type=_JSON)

    async def units(_: Request) -> Response:
        read = {"units": canned.units, "calls": canned.calls}
        canned.units = canned.calls = 0
        return JSONResponse(read)

    return Starlette(routes=[Route("/", call, methods=["POST"]), Route("/_local/units", units)])


def main() -> None:
    """Serve as many images as the first argument says, on a free port of loopback."""
    canned = CannedTable(int(sys.argv[1]))
    with socket.socket() as listening:
        # Otherwise the second part of an answer waits 40 ms for the first to be acknowledged.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind(("127.0.0.1", 0))
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        server = uvicorn.Server(
            uvicorn.Config(application(canned, float(sys.argv[2]) / 1000), log_level="error")
        )
        server.run(sockets=[listening])


if __name__ == "__main__":
    main()
