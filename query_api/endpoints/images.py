"""`/images`: lists of images, and everything known of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from query_api.endpoints import image_params, presentation, schemas
from query_api.endpoints.details import Details, ImageReader
from query_api.http import problems
from query_api.http.messages import Request, Response
from query_api.http.query_params import QueryParams, no_parameters, object_key
from query_api.http.routing import Endpoint, Route
from query_api.ports import RequestLog, Signer
from query_api.search.cursors import Cursors, ForeignCursorError
from query_api.search.listing import Listing
from query_api.search.questions import ImageQuestion, ListQuestion
from query_api.telemetry import Counting, QueryMetric

NO_SUCH_IMAGE = {
    404: "Nothing is known of this key: it was never uploaded, or deleted, or is not recognized yet."
}
LIST = Endpoint(
    "GET",
    "/images",
    "listImages",
    "Images that meet every condition",
    {
        "anyOf": [
            schemas.PAGE,
            {"$ref": "#/components/schemas/Details", "description": "With `key`."},
            {**schemas.RAW, "description": "With `key` and `raw`."},
        ]
    },
    "Names are matched without regard to case. A page may be shorter than its limit, even empty, where many "
    "images had to be passed over: it says how many as `looked_at`, and ends the list only where `cursor` is "
    "null. With `key`, one image instead of a list.",
    image_params.PARAMETERS,
    refusals=NO_SUCH_IMAGE,
)
IMAGE = Endpoint(
    "GET",
    "/images/{key+}",
    "getImage",
    "Everything known of one image",
    {"$ref": "#/components/schemas/Details"},
    "A key that holds `%` or `?`, or ends in `/raw`, is asked for as `/images?key=`.",
    path_parameters=(image_params.KEY,),
    refusals=NO_SUCH_IMAGE,
)
RAW = Endpoint(
    "GET",
    "/images/{key+}/raw",
    "getRawAnswers",
    "What Rekognition itself answered about one image",
    schemas.RAW,
    "Any path that ends so is taken for this. For any key: `/images?key=…&raw=true`.",
    path_parameters=(image_params.KEY,),
    refusals=NO_SUCH_IMAGE,
)


@dataclass(frozen=True)
class ImageEndpoints:
    """Answers about images. `confidence_order` says whether lists can be had in that order."""

    images: ImageReader
    listing: Listing
    cursors: Cursors
    signer: Signer
    count: Counting
    log: RequestLog
    confidence_order: bool

    def routes(self) -> tuple[Route, ...]:
        """Return the routes; that of raw answers goes before the one that takes every path."""
        return (
            Route(LIST, self._list_or_image),
            Route(RAW, lambda request: self._at_path(request, raw=True)),
            Route(IMAGE, lambda request: self._at_path(request, raw=False)),
        )

    def _at_path(self, request: Request, *, raw: bool) -> Response:
        no_parameters(request.raw_query_string)
        path = request.path.removesuffix("/raw") if raw else request.path
        return self._image(ImageQuestion(object_key(path), raw))

    def _list_or_image(self, request: Request) -> Response:
        params = QueryParams(image_params.PARAMETERS, request.raw_query_string)
        question = self._question(params)
        return self._image(question) if isinstance(question, ImageQuestion) else self._list(question)

    def _question(self, params: QueryParams) -> ImageQuestion | ListQuestion:
        question = image_params.question(params, confidence_order=self.confidence_order)
        cursor = None if isinstance(question, ImageQuestion) else params.one("cursor")
        if cursor is None or isinstance(question, ImageQuestion):
            return question
        try:
            return self.cursors.resume(question, cursor)
        except ForeignCursorError:
            params.blame(
                "cursor", "not one of ours for this question; leave it out to start at the first page"
            )
            params.finish()
            raise

    def _image(self, question: ImageQuestion) -> Response:
        details = self._details(question.key)
        present: Callable[[Details], presentation.Json] = presentation.raw if question.raw else self._detailed
        return Response(200, present(details))

    def _details(self, key: str) -> Details:
        details = self.images.details(key) if image_params.is_possible_key(key) else None
        if details is None:
            raise problems.RefusedError(problems.unknown_image(key))
        return details

    def _detailed(self, details: Details) -> presentation.Json:
        url = self.signer.photo(details.record.version)
        try:
            return presentation.details(details, url)
        except (KeyError, TypeError, AttributeError):
            # An answer that is not of Rekognition's form: the record says what lists say.
            self.log.exception("a raw result cannot be read, and is left out")
            self.count(QueryMetric.ITEMS_UNREADABLE, 1)
            return presentation.details(replace(details, results={}), url)

    def _list(self, question: ListQuestion) -> Response:
        page = self.listing.page(question)
        self.count(QueryMetric.ROWS_READ, page.rows_read)
        self.count(QueryMetric.ROWS_SKIPPED, page.rows_skipped)
        cursor = None if page.next_after is None else self.cursors.write(question, page.next_after)
        return Response(200, presentation.page(page, cursor, self.signer.photo))
