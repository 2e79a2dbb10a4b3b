"""`/openapi.json` and `/docs`: what can be asked, for machines and for people. Made when first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from query_api.endpoints import Endpoint, Route
from query_api.exchange import HTML, Reply, Request
from query_api.reading import no_parameters

OPENAPI = Endpoint("GET", "/openapi.json", "describeApi", "This document", {"type": "object"}, is_static=True)
DOCS = Endpoint(
    "GET", "/docs", "readManual", "The same as a page to read", content_type="text/html", is_static=True
)


@dataclass(frozen=True)
class Manual:
    """Describes endpoints, its own included."""

    endpoints: Sequence[Endpoint]

    def routes(self) -> tuple[Route, ...]:
        """Give both routes."""
        return Route(OPENAPI, self._document), Route(DOCS, self._page)

    # Neither module is needed for anything else, so a cold start does without them.

    def _document(self, request: Request) -> Reply:
        from query_api import openapi

        no_parameters(request.raw_query_string)
        return Reply(200, openapi.document((*self.endpoints, OPENAPI, DOCS)))

    def _page(self, request: Request) -> Reply:
        from query_api import manual_page

        no_parameters(request.raw_query_string)
        page = manual_page.page((*self.endpoints, OPENAPI, DOCS))
        return Reply(200, page, HTML, manual_page.HEADERS)
