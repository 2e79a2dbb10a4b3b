"""The query API over a table in memory, asked by URL."""

import gzip
import json
from base64 import b64decode
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from contract.cameras import Cameras
from contract.policy import Policy
from contract.records import ImageVersion
from query_api.by_policy import answered_by
from query_api.endpoints.page import SignInPages
from query_api.endpoints.people import KnownPeople
from query_api.http.messages import Request
from query_api.http.routing import Router
from query_api.ports import Content, QueryMetric, UploadGrant
from query_api.routes import Dependencies, all_routes
from query_api.search.cursors import Cursors
from query_api.search.listing import Listing
from query_api.visibility import routes_by_prefix
from tests.query_api.counts import MemoryCounts
from tests.query_api.gateways import Event, Gateway, ministack
from tests.query_api.memory_table import MemoryTable
from tests.query_api.vectors import MemoryNeighbors, of_words


def signed_in(event: Event, claims: Mapping[str, Any]) -> Event:
    """Give the event as it is where the HTTP API has verified a token: with its claims, as text.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    """
    authorizer = {"jwt": {"claims": {name: claim_text(value) for name, value in claims.items()}}}
    return {**event, "requestContext": {**event["requestContext"], "authorizer": authorizer}}


def claim_text(value: object) -> str:
    """Write a claim as an HTTP API passes it on (measured: query_api/http/claims.py)."""
    if isinstance(value, list):
        return f"[{' '.join(map(claim_text, value))}]"
    return json.dumps(value) if isinstance(value, dict | bool | int | float) else str(value)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    json: Any

    @property
    def keys(self) -> list[str]:
        return [image["key"] for image in self.json["images"]]


def headers_of(content: Content, replace: bool) -> dict[str, str]:
    """Give the headers that S3 is to be sent."""
    headers = {"content-type": content.content_type, "x-amz-checksum-sha256": content.sha256}
    return headers if replace else {**headers, "if-none-match": "*"}


class FakeSigner:
    """Signs nothing."""

    def photo(self, version: ImageVersion, form: str | None = None) -> str:
        return f"https://photos/{quote(version.key)}?signed"

    def rendition(self, key: str) -> str:
        return f"https://renditions/{quote(key)}?signed"

    def upload(self, content: Content, *, replace: bool) -> UploadGrant:
        return UploadGrant(f"https://photos/{quote(content.key)}?put", headers_of(content, replace), 900)


@dataclass
class Site:
    """The API; `counted` and `logged` say what operators would see."""

    table: MemoryTable = field(default_factory=MemoryTable)
    counted: Counter[QueryMetric] = field(default_factory=Counter)
    logged: list[object] = field(default_factory=list)
    confidence_order: bool = True
    uploads: bool = True
    pictures: bool = True
    near_duplicates: bool = False
    keep_location: bool = True
    operator: bool = False
    corrections: bool = False
    block_tag: bool = False
    counts: MemoryCounts = field(default_factory=MemoryCounts)
    prefix_claim: str = ""
    claims: Mapping[str, Any] | None = None
    sign_in: SignInPages | None = None
    policy: Policy | None = None
    meaning: bool = False
    people: Mapping[str, str] = field(default_factory=dict)
    cameras: Cameras | None = None

    def exception(self, msg: object) -> None:
        self.logged.append(msg)

    def _count(self, count: QueryMetric, by: int) -> None:
        self.counted[count] += by

    def reply(self, event: Event) -> dict[str, Any]:
        routes = routes_by_prefix(self.parts) if self.prefix_claim else all_routes(self.parts)
        router = Router(routes, self, self._count)
        request = Request.from_event(event if self.claims is None else signed_in(event, self.claims))
        return router.respond(request).to_event(gzipped=request.takes_gzip)

    def answer(self, event: Event) -> Answer:
        reply = self.reply(event)
        is_json = "json" in reply["headers"]["content-type"]
        text = text_of(reply)
        return Answer(reply["statusCode"], reply["headers"], json.loads(text) if is_json else text)

    @property
    def parts(self) -> Dependencies:
        return self._plain if self.policy is None else answered_by(self._plain, self.policy)

    @property
    def _plain(self) -> Dependencies:
        return Dependencies(
            table=self.table,
            listing=Listing(self.table),
            cursors=Cursors(lambda: (b"secret",)),
            signer=FakeSigner(),
            log=self,
            count=self._count,
            counts=self.counts,
            queues=self.counts,
            now=lambda: datetime(2026, 11, 23, 18, 30, tzinfo=UTC),
            photos_at="https://photos",
            renditions_at="https://renditions" if self.pictures else "",
            confidence_order=self.confidence_order,
            uploads=self.uploads,
            near_duplicates=self.near_duplicates,
            keep_location=self.keep_location,
            prefix_claim=self.prefix_claim,
            sign_in=self.sign_in,
            operator=self.operator,
            corrections=self.corrections,
            block_tag=self.block_tag,
            neighbors=self.neighbors if self.meaning else None,
            wording=of_words if self.meaning else None,
            people=KnownPeople(lambda: self.people, 90.0) if self.people else None,
            cameras=self.cameras,
        )

    @cached_property
    def neighbors(self) -> MemoryNeighbors:
        return MemoryNeighbors(self.table)

    def post(self, path: str, body: object) -> Answer:
        event = ministack(path)
        event["requestContext"]["http"]["method"] = "POST"
        return self.answer({**event, "body": body if isinstance(body, str) else json.dumps(body)})

    def get(self, target: str, gateway: Gateway = ministack) -> Answer:
        return self.answer(gateway(target))

    def list(self, **parameters: object) -> Answer:
        return self.get("/images?" + urlencode(parameters, doseq=True))


def sent(reply: Event) -> bytes:
    """Give the bytes that an HTTP API sends for an answer of ours."""
    body: str = reply["body"]
    return b64decode(body) if reply.get("isBase64Encoded") else body.encode()


def text_of(reply: Event) -> str:
    """Give what a client reads."""
    packed = reply["headers"].get("content-encoding") == "gzip"
    return (gzip.decompress(sent(reply)) if packed else sent(reply)).decode()


def path_of(key: str) -> str:
    """Give the path of an image as a careful client writes it."""
    return f"/images/{quote(key, safe='/')}"


def query_of(key: str) -> str:
    """Give the form of the same question that fits every key."""
    return f"/images?key={quote(key, safe='')}"
