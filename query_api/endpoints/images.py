"""`/images`: lists of images, and all that is known of one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from contract.records import ImageRecord, Status
from query_api.endpoints import presentation, schemas
from query_api.endpoints.image_parameters import FORMAT, KEY, PARAMETERS, Offered, read_question
from query_api.http import parameters
from query_api.http.messages import Request, Response, unknown_image
from query_api.http.parameters import QueryParams
from query_api.http.routing import Endpoint, Route
from query_api.ports import Counting, Details, QueryMetric, RequestLog, Signer, TableReader
from query_api.search.cursors import Cursors, ForeignCursorError
from query_api.search.listing import Listing
from query_api.search.questions import ListQuestion, Page

if TYPE_CHECKING:
    from query_api.endpoints.intervals import FilmShown
    from query_api.endpoints.similar import Meanings

Answer = TypeVar("Answer")

IMAGES = "/images/"
# Of contract/policy.py, which a deployment without a policy never loads.
BLOCK = "block"
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
    PARAMETERS,
    refusals=NO_SUCH_IMAGE,
    by_prefix=True,
)
IMAGE = Endpoint(
    "GET",
    "/images/{key+}",
    "getImage",
    "Everything known of one image",
    {"$ref": "#/components/schemas/Details"},
    "A key that holds `%` or `?`, or ends in `/raw`, is asked for as `/images?key=`.",
    path_parameters=(KEY,),
    refusals=NO_SUCH_IMAGE,
    by_prefix=True,
)
INTERVALS = Endpoint(
    "GET",
    "/images/{key+}/intervals",
    "getIntervals",
    "What is seen in a film, and when",
    schemas.INTERVALS,
    "In order of time; of a photo there are none. Any path that ends so is taken for this. For any key: "
    "`/images?key=…`, which has them too.",
    (FORMAT,),
    path_parameters=(KEY,),
    also_as="text/vtt",
    refusals=NO_SUCH_IMAGE,
    by_prefix=True,
)
RAW = Endpoint(
    "GET",
    "/images/{key+}/raw",
    "getRawAnswers",
    "What Rekognition itself answered about one image",
    schemas.RAW,
    "Any path that ends so is taken for this. For any key: `/images?key=…&raw=true`.",
    path_parameters=(KEY,),
    refusals=NO_SUCH_IMAGE,
    by_prefix=True,
)


@dataclass(frozen=True)
class ImageEndpoints:
    """Answers about images. `offered` says what this deployment can be asked."""

    table: TableReader
    listing: Listing
    cursors: Cursors
    signer: Signer
    count: Counting
    log: RequestLog
    offered: Offered
    meanings: "Meanings | None" = None

    def routes(self) -> tuple[Route, ...]:
        """Return the routes; those of a part of an image go before the one that takes every path."""
        return (
            Route(LIST, self._list_or_image),
            Route(INTERVALS, self._intervals),
            Route(RAW, lambda request: self._at_path(request, raw=True)),
            Route(IMAGE, lambda request: self._at_path(request, raw=False)),
            *self._review_routes(),
        )

    def _review_routes(self) -> tuple[Route, ...]:
        if self.offered.policy is None:
            return ()
        from query_api.endpoints.reviews import REVIEWS

        return (Route(REVIEWS, self._reviews),)

    def _at_path(self, request: Request, *, raw: bool) -> Response:
        path = request.path.removesuffix("/raw") if raw else request.path
        return self._image(object_key(path), raw=raw)

    def _intervals(self, request: Request) -> Response:
        params = QueryParams(INTERVALS.parameters, request.raw_query_string)
        params.finish()
        key = object_key(request.path.removesuffix("/intervals"))
        details = read_details(self.table, key)
        if details is None:
            raise unknown_image(key)
        return self._readable(details, lambda known: self._film(known).answer(key, params.one("format")))

    def _film(self, details: Details) -> "FilmShown":
        from query_api.endpoints.intervals import FilmShown

        offered = self.offered
        return FilmShown(details, self._signer_for(details.record), offered.policy, offered.people)

    def _list_or_image(self, request: Request) -> Response:
        params = QueryParams(PARAMETERS, request.raw_query_string)
        if "key" in params.given:
            for parameter in PARAMETERS:
                if parameter.name in params.given - {"key", "raw"}:
                    params.blame(parameter.name, "does not go together with key, which asks for one image")
            params.finish()
            return self._image(params.one("key"), raw=bool(params.one("raw")))
        question = read_question(params, self.offered)
        if question.near_duplicates_of is not None:
            question = question._replace(picture_hash=self._hash(question.near_duplicates_of, params))
        if question.like is not None or question.similar_to is not None:
            return self._similar(question, params)
        return self._list(self._resumed(question, params))

    def _similar(self, question: ListQuestion, params: QueryParams) -> Response:
        assert self.meanings is not None
        from query_api.endpoints.similar import vector_asked

        resumed = self._resumed(question, params)
        vector = vector_asked(question, params, self.table, self.meanings)
        return self._answered(question, self.meanings.images.page(resumed, vector))

    def _reviews(self, request: Request) -> Response:
        from query_api.endpoints.reviews import REVIEWS, read_review_question

        params = QueryParams(REVIEWS.parameters, request.raw_query_string)
        question = read_review_question(params, confidence_order=self.offered.confidence_order)
        return self._list(self._resumed(question, params))

    def _resumed(self, question: ListQuestion, params: QueryParams) -> ListQuestion:
        """Return the question as the cursor goes on with it, if one is given. Raises ProblemError."""
        cursor = params.one("cursor")
        if cursor is None:
            return question
        try:
            return self.cursors.resume(question, cursor)
        except ForeignCursorError:
            params.blame(
                "cursor", "not one of ours for this question; leave it out to start at the first page"
            )
            raise params.problem() from None

    def _hash(self, key: str, params: QueryParams) -> str:
        """Read the hash of a photo whose near duplicates are asked for. Raise ProblemError if it has none."""
        record = self.table.records([key]).get(key)
        photo = None if record is None else record.findings.photo
        if photo is not None and photo.hash is not None:
            return photo.hash
        if record is None or record.status is Status.DELETED:
            reason = "nothing is known of this key"
        else:
            reason = "this photo has no hash: its file was not looked at yet, or could not be"
        params.blame("near_duplicates_of", reason)
        raise params.problem()

    def _list(self, question: ListQuestion) -> Response:
        return self._answered(question, self.listing.page(question))

    def _answered(self, question: ListQuestion, page: Page) -> Response:
        people = self.offered.people
        persons = {} if people is None else people.on([match.record for match in page.matches])
        self.count(QueryMetric.ROWS_READ, page.rows_read)
        self.count(QueryMetric.ROWS_SKIPPED, page.rows_skipped)
        cursor = None if page.next_after is None else self.cursors.write(question, page.next_after)
        return Response(200, presentation.page(page, cursor, partial(self._shown, persons)))

    def _image(self, key: str, *, raw: bool) -> Response:
        details = read_details(self.table, key, corrected=self.offered.corrections and not raw)
        if details is None:
            raise unknown_image(key)
        if raw:
            return Response(200, presentation.raw(details))
        if not self.offered.corrections:
            return Response(200, self._detailed(details))
        from contract.corrections import NONE

        said = details.said or NONE
        shown = self._detailed(details._replace(said=said))
        if (people := self.offered.people) is not None:
            from query_api.endpoints.naming import with_names

            shown["corrections"] = with_names(shown["corrections"], said, people.names)
        return Response(200, shown, headers={"etag": f'"{said.number}"'})

    def _detailed(self, details: Details) -> schemas.Json:
        return self._readable(details, self._all_known)

    def _readable(self, details: Details, answer: Callable[[Details], Answer]) -> Answer:
        """Answer by what is known; without raw answers where they are not of the form that we know."""
        try:
            return answer(details)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            # The record says what lists say.
            self.log.exception("a raw result cannot be read, and is left out")
            self.count(QueryMetric.ITEMS_UNREADABLE, 1)
            return answer(details._replace(results={}, in_film=None))

    def _all_known(self, details: Details) -> schemas.Json:
        record, people, policy = details.record, self.offered.people, self.offered.policy
        shown = self._shown({} if people is None else people.on([record]), record)
        if "persons" in shown:
            from query_api.endpoints.people import with_boxes

            said = details.said.persons if details.said and record.corrections else {}
            by_people = {person for person, each in said.items() if each.is_there}
            shown["persons"] = with_boxes(shown["persons"], details.results.get("faces"), by_people)
        if policy is not None:
            shown = {**shown, "policy": policy.version}
        if self.meanings is not None:
            from query_api.endpoints.similar import vector_of

            shown = {
                **shown,
                "has_vector": vector_of(details, self.meanings.images.neighbors.space) is not None,
            }
        if presentation.is_film(details.record):
            shown = {**shown, "intervals": self._film(details).told()}
        return presentation.details(details, shown, policy)

    def in_list(self, record: ImageRecord) -> schemas.Json:
        """Write an image as lists do, but for who is on it."""
        return presentation.summary(record, self._shown({}, record))

    def _shown(self, persons: Mapping[str, list[schemas.Json]], record: ImageRecord) -> schemas.Json:
        """Write where an image is to be seen, and who is on it; `persons` are by key."""
        offered, signer = self.offered, self._signer_for(record)
        shown = presentation.shown(record, signer, pictures=offered.pictures, places=offered.keep_location)
        if persons.get(record.key):
            shown["persons"] = persons[record.key]
        if offered.policy is None:
            return shown
        return {"moderation_action": offered.policy.action_of(record), **shown}

    def _signer_for(self, record: ImageRecord) -> Signer | None:
        """Return what signs for an image; None where it is blocked, and so shown nowhere."""
        policy = self.offered.policy if self.offered.block_tag else None
        return None if policy is not None and policy.action_of(record) == BLOCK else self.signer


def read_details(table: TableReader, key: str, *, corrected: bool = False) -> Details | None:
    """Read what is known of an image; None if nothing is, if it was deleted, or if it is no possible key."""
    try:
        parameters.S3_KEY.read(key)
    except ValueError:
        return None
    details = table.details(key, corrected=corrected)
    return None if details is None or details.record.status is Status.DELETED else details


def object_key(raw_path: str) -> str:
    """Read the key that `GET /images/{key+}` asks for out of the event's `rawPath`, without its stage.

    `rawPath` is not raw: an HTTP API decodes it before we see it, `%2F`, `%23` and `%2B` included, and a `+`
    stays a plus. So the key is simply all that follows `/images/`, slashes at either end and doubled
    slashes included; decoding again would break keys. (`pathParameters` loses a key's leading slashes where
    the API drops those of a path.)

    `%` and `?` are another matter. MiniStack leaves `%25` as it is and decodes everything else, so turning
    `%25` into `%` gives the key back exactly. AWS decodes twice: `%25` followed by anything but two
    hexadecimal digits is refused with 400, `%2541` arrives as `A`; and it cuts the path at a decoded `?`.
    Nobody can restore such a key from the path, so the same question can be asked as `GET /images?key=`:
    a query string arrives exactly as sent on both.

    MiniStack: `decode_http_api_path` in ministack/services/apigateway.py, 1.5.33. AWS: documented only as
    "decodes URL-encoded request parameters before passing them" on
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html; measured in
    July 2026 by https://github.com/hotsock/voker/blob/main/vokerhttp/testdata/ingress-paths.json
    """
    return raw_path.removeprefix(IMAGES).replace("%25", "%")
