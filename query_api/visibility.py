"""Access by prefix: who may see the photos below some prefixes is answered as if there were no others.

An endpoint is given no other table, list, cursor, signer or count than those made here, so it cannot forget
to ask who is asking. An endpoint that does not say that it is `by_prefix` is closed to such callers.
docs/decisions/0021-access-by-prefix.md
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from contract.records import ImageRecord, ImageVersion
from contract.results import Result
from contract.scenes import SCENE
from contract.table import IndexRow
from query_api.http.claims import visible_prefixes
from query_api.http.messages import ParamFault, Request, Response, bad_parameters, not_by_prefix
from query_api.http.routing import Route
from query_api.ports import Backlog, Content, Details, LabelCounts, Signer, TableReader, UploadGrant
from query_api.routes import Dependencies, all_routes
from query_api.search.listing import Listing
from query_api.search.questions import ListQuestion

if TYPE_CHECKING:
    from query_api.search.postings import RowRange

Prefixes = tuple[str, ...]
# Routes are made once for those who see the same; people share groups.
KEPT_ROUTES = 128
# Labels are counted on so many of the newest photos, and so much is read of the index to find them: half of
# what a page may cost (docs/security.md).
COUNTED_PHOTOS = 100
COUNTED_READ_BUDGET = 2_400


def routes_by_prefix(parts: Dependencies) -> tuple[Route, ...]:
    """Return every route, each of which answers callers from what the claim of their token lets them see."""
    everything = all_routes(parts)

    @lru_cache(maxsize=KEPT_ROUTES)
    def routes_below(prefixes: Prefixes) -> tuple[Route, ...]:
        return all_routes(seen_below(parts, prefixes))

    def guarded(number: int, route: Route) -> Route:
        def answer(request: Request) -> Response:
            prefixes = visible_prefixes(parts.prefix_claim, request.claims)
            if prefixes is None:
                return route.answer(request)
            if not route.endpoint.by_prefix:
                raise not_by_prefix()
            return routes_below(prefixes)[number].answer(request)

        return route if route.endpoint.is_static else Route(route.endpoint, answer)

    return tuple(guarded(number, route) for number, route in enumerate(everything))


def seen_below(parts: Dependencies, prefixes: Prefixes) -> Dependencies:
    """Return what answers are made of for those who may see what is below some prefixes."""
    table = VisibleTable(parts.table, prefixes)
    listing = replace(parts.listing, table=table, visible=prefixes)
    return replace(
        parts,
        table=table,
        listing=listing,
        cursors=replace(parts.cursors, visible=prefixes),
        signer=VisibleSigner(parts.signer, prefixes),
        counts=CountsOfNewest(replace(listing, max_read_budget=COUNTED_READ_BUDGET)),
        queues=NoQueues(),
        agreement=None,
        visible=prefixes,
    )


class HiddenError(Exception):
    """An endpoint would have told of what the caller may not see: a defect, and no answer."""


@dataclass(frozen=True)
class VisibleTable:
    """Has the records below some prefixes alone. It does not even read others, so they take no time."""

    table: TableReader
    prefixes: Prefixes

    def rows(self, ranges: "Sequence[RowRange]", limit: int) -> Sequence[Sequence[IndexRow]]:
        """Read rows, also of other images: they say where to look, and the listing passes those over."""
        return self.table.rows(ranges, limit)

    def records(self, keys: Sequence[str]) -> Mapping[str, ImageRecord]:
        """Read records, without the content that was asked about instead: it may be another photo's."""
        visible = [key for key in keys if key.startswith(self.prefixes)]
        found = self.table.records(visible) if visible else {}
        return {key: _alone(record) for key, record in found.items()}

    def details(self, key: str, *, corrected: bool) -> Details | None:
        """Read what is known, without what tells of other photos.

        A call before the upload says that somebody has the same photo, and where answers are another photo's,
        they name its content. What people say is of this photo alone, for photos with the same bytes are
        apart here.
        """
        found = self.table.details(key, corrected=corrected) if key.startswith(self.prefixes) else None
        if found is None:
            return None
        results = {detector: _without_others(result) for detector, result in found.results.items()}
        return found._replace(record=_alone(found.record), results=results)

    def check(self) -> None:
        self.table.check()


def _alone(record: ImageRecord) -> ImageRecord:
    return replace(record, findings=replace(record.findings, scene=None))


def _without_others(result: Result) -> Result:
    response = {name: value for name, value in result.response.items() if name != SCENE}
    return replace(result, response=response, called_at="")


@dataclass(frozen=True)
class VisibleSigner:
    """Signs for what is below some prefixes."""

    signer: Signer
    prefixes: Prefixes

    def photo(self, version: ImageVersion, form: str | None = None) -> str:
        if not version.key.startswith(self.prefixes):
            raise HiddenError("a photo that the caller may not see was to be signed for")
        return self.signer.photo(version, form)

    def rendition(self, key: str) -> str:
        return self.signer.rendition(key)

    def upload(self, content: Content, *, replace: bool) -> UploadGrant:
        """Permit an upload below the prefixes. Raise ProblemError elsewhere, whatever is there."""
        if not content.key.startswith(self.prefixes):
            reason = f"must begin with {' or '.join(self.prefixes)}, where you may add photos"
            raise bad_parameters(ParamFault("key", reason))
        return self.signer.upload(content, replace=replace)


@dataclass(frozen=True)
class CountsOfNewest:
    """Counts labels on the newest photos that may be seen: what was counted of all would tell of others."""

    listing: Listing

    def labels(self) -> LabelCounts:
        page = self.listing.page(ListQuestion(limit=COUNTED_PHOTOS))
        counts = Counter(name for match in page.matches for name in match.record.findings.labels)
        return LabelCounts(counts, None if page.next_after is None else len(page.matches))

    def statuses_and_days(
        self, _: Sequence[str]
    ) -> tuple[Mapping[str, int], Mapping[str, Mapping[str, int]]]:
        raise HiddenError("counts of all photos were asked for")


class NoQueues:
    """Says nothing: what waits is everybody's."""

    def backlog(self) -> Backlog:
        raise HiddenError("the depth of the queues was asked for")
