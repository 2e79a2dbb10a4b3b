"""The query API over a table in memory, asked by URL."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from query_api.details import Images
from query_api.exchange import Request
from query_api.listing import Listing
from query_api.routes import Routes
from query_api.telemetry import Count
from tests.query_api.gateways import Event, Gateway, ministack
from tests.query_api.memory_table import MemoryTable


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    json: Any

    @property
    def keys(self) -> list[str]:
        return [image["key"] for image in self.json["images"]]


@dataclass
class Site:
    """The API; `counted` and `logged` say what operators would see."""

    table: MemoryTable = field(default_factory=MemoryTable)
    counted: Counter[Count] = field(default_factory=Counter)
    logged: list[object] = field(default_factory=list)

    def exception(self, msg: object) -> None:
        self.logged.append(msg)

    def _count(self, count: Count, by: int) -> None:
        self.counted[count] += by

    def answer(self, event: Event) -> Answer:
        routes = Routes(
            Images(self.table, self.table), Listing(self.table, self.table), self.table, self, self._count
        )
        reply = routes.reply(Request.from_event(event)).to_event()
        return Answer(reply["statusCode"], reply["headers"], json.loads(reply["body"]))

    def get(self, target: str, gateway: Gateway = ministack) -> Answer:
        return self.answer(gateway(target))

    def list(self, **parameters: object) -> Answer:
        return self.get("/images?" + urlencode(parameters))


def path_of(key: str) -> str:
    """Give the path of an image as a careful client writes it."""
    return f"/images/{quote(key, safe='/')}"


def query_of(key: str) -> str:
    """Give the form of the same question that fits every key."""
    return f"/images?key={quote(key, safe='')}"
