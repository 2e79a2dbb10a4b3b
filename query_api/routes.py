"""Everything that can be asked, in one list. What answers more questions brings its routes in here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from contract.key_filter import EVERY_KEY, KeyFilter
from query_api.endpoints import counts, images, schemas, uploads
from query_api.endpoints.counts import CountingExactly
from query_api.endpoints.image_parameters import Offered
from query_api.endpoints.page import PageEndpoints, SignInPages
from query_api.http.messages import HTML, Request, Response
from query_api.http.routing import Endpoint, Route
from query_api.ports import (
    Counting,
    Counts,
    Neighbors,
    Queues,
    RequestLog,
    Signer,
    TableReader,
    Wording,
)
from query_api.search.cursors import Cursors
from query_api.search.listing import Listing

if TYPE_CHECKING:
    from contract.cameras import Cameras
    from contract.policy import Policy
    from query_api.endpoints.people import KnownPeople
    from query_api.endpoints.similar import Meanings
    from query_api.search.agreement import Agreement

OPENAPI = Endpoint("GET", "/openapi.json", "describeApi", "This document", {"type": "object"}, is_static=True)
ACCESS = Endpoint(
    "GET",
    "/access",
    "readAccess",
    "Which photos the caller may see",
    schemas.ACCESS,
    "Only where a claim of the token says so.",
    by_prefix=True,
)
DOCS = Endpoint(
    "GET", "/docs", "readManual", "The same as a page to read", content_type="text/html", is_static=True
)


@dataclass(frozen=True)
class Dependencies:
    """What answers are made of.

    `now` gives the time in UTC. `confidence_order` says whether the table has its index by rank,
    `near_duplicates` whether photos are found by their hash, `keep_location` whether it is told where they
    were taken. `photos_at` is the URL of the bucket, `renditions_at` that of what is made of photos, empty
    where nothing is; `uploads` says whether this deployment lets photos be added, `keys` under which keys.
    `prefix_claim` is the claim of the token that says what a caller may see, empty where all see everything;
    `visible` are the prefixes that the caller may see, None for everything. `sign_in` is where people sign
    in, None where that is not this deployment's.
    `operator` says whether there is a page for operators, `corrections` whether people may correct photos,
    `block_tag` whether photos that are to be blocked are shown nowhere.
    `policy` says what is shown, None for everything; then `table`, `listing` and `counts` are by it
    (query_api/by_policy.py), and `exact_counts` counts labels of which `counts` says only how many there can
    be. `agreement` reads how often people agree with it. `neighbors` finds photos by vectors, and `wording`
    makes vectors of words; None where photos are not searched by meaning. `people` are those who are looked
    for, None where nobody is. `cameras` are those whose events can be asked for.
    """

    table: TableReader
    listing: Listing
    cursors: Cursors
    signer: Signer
    log: RequestLog
    count: Counting
    counts: Counts
    queues: Queues
    now: Callable[[], datetime]
    photos_at: str
    renditions_at: str = ""
    confidence_order: bool = True
    uploads: bool = True
    near_duplicates: bool = False
    keep_location: bool = False
    keys: KeyFilter = EVERY_KEY
    prefix_claim: str = ""
    visible: tuple[str, ...] | None = None
    sign_in: SignInPages | None = None
    operator: bool = False
    policy: "Policy | None" = None
    exact_counts: CountingExactly | None = None
    corrections: bool = False
    block_tag: bool = False
    people: "KnownPeople | None" = None
    agreement: "Callable[[], Agreement] | None" = None
    neighbors: Neighbors | None = None
    wording: Wording | None = None
    cameras: "Cameras | None" = None


def all_routes(parts: Dependencies) -> tuple[Route, ...]:
    """Return every route, and the manual of them all. Where two match a path, the first is taken."""
    pictures = bool(parts.renditions_at)
    uploading = uploads.upload_endpoint(pictures=pictures, keys=parts.keys)
    upload = Route(uploading, partial(uploads.allow_upload, parts.signer, uploading))
    about_images = images.ImageEndpoints(
        parts.table,
        parts.listing,
        parts.cursors,
        parts.signer,
        parts.count,
        parts.log,
        Offered(
            parts.confidence_order,
            pictures,
            parts.near_duplicates,
            parts.keep_location,
            parts.policy,
            parts.corrections,
            parts.block_tag,
            parts.neighbors is not None,
            parts.people,
        ),
        _meanings(parts),
    )
    routes = (
        *about_images.routes(),
        Route(counts.HEALTH, partial(counts.check_health, parts.table, parts.log)),
        *((upload,) if parts.uploads else ()),
        *_of_people(parts.people),
        *_events(parts, about_images),
        *((Route(ACCESS, partial(_access, parts.visible)),) if parts.prefix_claim else ()),
        Route(counts.LABELS, partial(counts.list_labels, parts.counts, parts.exact_counts)),
        Route(
            counts.STATS,
            partial(
                counts.read_stats,
                parts.counts,
                parts.queues,
                parts.now,
                parts.policy,
                agreement=parts.agreement,
            ),
        ),
        *PageEndpoints(
            parts.photos_at,
            parts.renditions_at,
            parts.uploads,
            parts.near_duplicates,
            bool(parts.prefix_claim),
            parts.sign_in,
            parts.operator,
            parts.policy is not None,
            parts.keys.prefix,
            parts.neighbors is not None,
            parts.cameras is not None,
        ).routes(),
    )

    def described() -> tuple[Endpoint, ...]:
        described = (route.endpoint for route in routes)
        return (
            *described,
            *_of_corrections(parts.corrections),
            *_of_operators(parts.operator),
            OPENAPI,
            DOCS,
        )

    # The manual is needed for nothing else, so a cold start does without it.
    def openapi(_: Request) -> Response:
        from query_api.endpoints import manual

        return Response(200, manual.openapi(described()))

    def docs(_: Request) -> Response:
        from query_api.endpoints import manual

        return Response(200, manual.page(described()), HTML, manual.HEADERS)

    return (*routes, Route(OPENAPI, openapi), Route(DOCS, docs))


def _meanings(parts: Dependencies) -> "Meanings | None":
    if parts.neighbors is None or parts.wording is None:
        return None
    from query_api.endpoints.similar import Meanings
    from query_api.search.similar import SimilarImages

    return Meanings(SimilarImages(parts.table, parts.neighbors, parts.visible, parts.policy), parts.wording)


def _events(parts: Dependencies, about_images: images.ImageEndpoints) -> tuple[Route, ...]:
    if parts.cameras is None:
        return ()
    from query_api.endpoints.events import EventEndpoints

    return EventEndpoints(
        parts.cameras,
        parts.table,
        parts.cursors,
        about_images.in_list,
        parts.now,
        parts.visible,
        parts.policy,
        parts.people,
    ).routes()


def _access(visible: tuple[str, ...] | None, _: Request) -> Response:
    return Response(200, {"prefixes": None if visible is None else list(visible)})


def _of_people(people: "KnownPeople | None") -> tuple[Route, ...]:
    if people is None:
        return ()
    from query_api.endpoints.people import people_endpoint

    return (people_endpoint(people),)


def _of_corrections(is_on: bool) -> tuple[Endpoint, ...]:
    """Return what the function that takes corrections answers below the same address."""
    if not is_on:
        return ()
    from query_api.endpoints import correcting

    return correcting.ENDPOINTS


def _of_operators(is_on: bool) -> tuple[Endpoint, ...]:
    """Return what another function answers below the same address."""
    if not is_on:
        return ()
    from query_api.endpoints import operating

    return operating.ENDPOINTS
