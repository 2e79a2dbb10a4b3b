"""`/openapi.json` and `/docs`: what can be asked, for machines and for people. Made when first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from query_api.http.messages import HTML, Request, Response
from query_api.http.query_params import no_parameters
from query_api.http.routing import Endpoint, Route

OPENAPI = Endpoint("GET", "/openapi.json", "describeApi", "This document", {"type": "object"}, is_static=True)
DOCS = Endpoint(
    "GET", "/docs", "readManual", "The same as a page to read", content_type="text/html", is_static=True
)


@dataclass(frozen=True)
class DocsEndpoints:
    """Describes endpoints, its own included."""

    endpoints: Sequence[Endpoint]

    def routes(self) -> tuple[Route, ...]:
        """Return both routes."""
        return Route(OPENAPI, self._document), Route(DOCS, self._page)

    # Neither module is needed for anything else, so a cold start does without them.

    def _document(self, request: Request) -> Response:
        from query_api.endpoints import openapi

        no_parameters(request.raw_query_string)
        return Response(200, openapi.document((*self.endpoints, OPENAPI, DOCS)))

    def _page(self, request: Request) -> Response:
        from query_api.endpoints import docs_page

        no_parameters(request.raw_query_string)
        page = docs_page.page((*self.endpoints, OPENAPI, DOCS))
        return Response(200, page, HTML, docs_page.HEADERS)
