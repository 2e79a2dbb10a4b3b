"""Everything that can be asked, in one list. What answers more questions brings its routes in here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from query_api.cursors import Cursors
from query_api.details import Images
from query_api.endpoints import Route
from query_api.health import Health, HealthAnswers
from query_api.images import ImageAnswers
from query_api.labels import LabelAnswers, LabelCounts
from query_api.listing import Listing
from query_api.manual import Manual
from query_api.signing import Signer
from query_api.static import PageAnswers
from query_api.stats import Counts, Queues, StatsAnswers
from query_api.telemetry import Counting, Log
from query_api.uploads import UploadAnswers


@dataclass(frozen=True)
class Parts:
    """What answers are made of.

    `now` gives the time in UTC. `confidence_order` says whether the table has its index by rank. `photos_at`
    is the URL of the bucket, `uploads` whether this deployment lets photos be added to it.
    """

    images: Images
    listing: Listing
    cursors: Cursors
    signer: Signer
    health: Health
    log: Log
    count: Counting
    labels: LabelCounts
    counts: Counts
    queues: Queues
    now: Callable[[], datetime]
    photos_at: str
    confidence_order: bool = True
    uploads: bool = True


def all_routes(parts: Parts) -> tuple[Route, ...]:
    """Give every route, and the manual of them all. Where two match a path, the first is taken."""
    routes = (
        *ImageAnswers(
            parts.images,
            parts.listing,
            parts.cursors,
            parts.signer,
            parts.count,
            parts.log,
            parts.confidence_order,
        ).routes(),
        *HealthAnswers(parts.health, parts.log).routes(),
        *(UploadAnswers(parts.signer).routes() if parts.uploads else ()),
        *LabelAnswers(parts.labels).routes(),
        *StatsAnswers(parts.counts, parts.queues, parts.now).routes(),
        *PageAnswers(parts.photos_at, parts.uploads).routes(),
    )
    return (*routes, *Manual([route.endpoint for route in routes]).routes())
