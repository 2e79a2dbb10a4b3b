"""Everything that can be asked, in one list. What answers more questions brings its routes in here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from query_api.endpoints.details import ImageReader
from query_api.endpoints.docs import DocsEndpoints
from query_api.endpoints.health import HealthEndpoints
from query_api.endpoints.images import ImageEndpoints
from query_api.endpoints.labels import LabelEndpoints
from query_api.endpoints.page import PageEndpoints
from query_api.endpoints.stats import StatsEndpoints
from query_api.endpoints.uploads import UploadEndpoints
from query_api.http.routing import Route
from query_api.ports import Counts, Health, LabelCounts, Queues, RequestLog, Signer
from query_api.search.cursors import Cursors
from query_api.search.listing import Listing
from query_api.telemetry import Counting


@dataclass(frozen=True)
class Dependencies:
    """What answers are made of.

    `now` gives the time in UTC. `confidence_order` says whether the table has its index by rank. `photos_at`
    is the URL of the bucket, `uploads` whether this deployment lets photos be added to it.
    """

    images: ImageReader
    listing: Listing
    cursors: Cursors
    signer: Signer
    health: Health
    log: RequestLog
    count: Counting
    labels: LabelCounts
    counts: Counts
    queues: Queues
    now: Callable[[], datetime]
    photos_at: str
    confidence_order: bool = True
    uploads: bool = True


def all_routes(parts: Dependencies) -> tuple[Route, ...]:
    """Return every route, and the manual of them all. Where two match a path, the first is taken."""
    routes = (
        *ImageEndpoints(
            parts.images,
            parts.listing,
            parts.cursors,
            parts.signer,
            parts.count,
            parts.log,
            parts.confidence_order,
        ).routes(),
        *HealthEndpoints(parts.health, parts.log).routes(),
        *(UploadEndpoints(parts.signer).routes() if parts.uploads else ()),
        *LabelEndpoints(parts.labels).routes(),
        *StatsEndpoints(parts.counts, parts.queues, parts.now).routes(),
        *PageEndpoints(parts.photos_at, parts.uploads).routes(),
    )
    return (*routes, *DocsEndpoints([route.endpoint for route in routes]).routes())
