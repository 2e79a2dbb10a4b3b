"""`/images`: its parameters, lists of images, and all that is known of one. `/uploads`: adding one."""

from dataclasses import dataclass

from contract.detectors import MAX_S3_IMAGE_BYTES
from contract.photos import MAX_PHOTO_BYTES
from contract.records import ImageRecord, ResultName, Status
from contract.table import MIN_WORD_CHARACTERS, plain_word
from query_api.endpoints import presentation
from query_api.http import parameters
from query_api.http.messages import Request, Response, unknown_image
from query_api.http.parameters import Parameter, QueryParams, read_body
from query_api.http.routing import Endpoint, Route
from query_api.ports import Content, Counting, QueryMetric, RequestLog, Signer, TableReader
from query_api.search.listing import Listing
from query_api.search.questions import DEFAULT_LIMIT, Cursors, ForeignCursorError, ListQuestion, Order

IMAGES = "/images/"
NAME = parameters.text_up_to(200)
MAX_LIMIT = 100
MAX_FACES = 100
MAX_WORDS = 10

KEY = Parameter("key", parameters.S3_KEY, "One image by its key, any key. Goes together with `raw` alone.")

PARAMETERS = (
    KEY,
    Parameter("raw", parameters.FLAG, "With `key`: what Rekognition itself answered."),
    Parameter(
        "label",
        NAME,
        "A label that the image carries; given more than once, all of them.",
        most=5,
        example="Dog",
    ),
    Parameter("any_label", NAME, "Labels of which the image carries at least one.", most=10, example="Dog"),
    Parameter("not_label", NAME, "Labels of which the image carries none.", most=10),
    Parameter(
        "include_parents",
        parameters.FLAG,
        "Whether labels count that another label of the image implies: `Animal`, where there is a `Dog`.",
        default=True,
    ),
    Parameter(
        "min_confidence", parameters.PERCENT, "Labels and categories less sure than this do not count."
    ),
    Parameter("min_faces", parameters.whole(1, MAX_FACES), "The least number of faces."),
    Parameter(
        "text", NAME, "Words that were read in the image; all of them, in any order.", most=5, example="stop"
    ),
    Parameter("moderation", NAME, "A moderation category that the image falls into.", example="Violence"),
    Parameter(
        "status",
        parameters.one_of(Status.RECOGNIZED, Status.REJECTED),
        "Where the images have ended.",
        default=str(Status.RECOGNIZED),
    ),
    Parameter("prefix", parameters.text_up_to(1024), "What the keys begin with."),
    Parameter("from", parameters.moment(), "Uploaded at this time or later; a date means its first moment."),
    Parameter(
        "to", parameters.moment(is_end=True), "Uploaded at this time or before; a date means its last moment."
    ),
    Parameter(
        "order",
        parameters.one_of(*Order),
        "What comes first. `confidence` is that of `label`, or else of `any_label`, or else of `moderation`.",
        default=str(Order.NEWEST),
    ),
    Parameter("limit", parameters.whole(1, MAX_LIMIT), "How many images make a page.", default=DEFAULT_LIMIT),
    Parameter(
        "cursor", parameters.text_up_to(1000), "Where the page before ended; with the same question as then."
    ),
)

_OF_RECOGNIZED = ("label", "any_label", "not_label", "min_faces", "text", "moderation")
_WITH_CONFIDENCE = ("label", "any_label", "not_label", "moderation")
_ORDERED_BY = ("label", "any_label", "moderation")


def read_question(params: QueryParams, *, confidence_order: bool = True) -> ListQuestion:
    """Read which images are asked for. Raises ProblemError.

    `confidence_order` says whether the table has its index by rank.
    """
    _hold_together(params, confidence_order=confidence_order)
    params.finish()
    return ListQuestion(
        labels=params.all("label"),
        any_labels=params.all("any_label"),
        not_labels=params.all("not_label"),
        include_parents=params.one("include_parents"),
        min_confidence_percent=params.one("min_confidence") or 0.0,
        min_faces=params.one("min_faces") or 0,
        words=_words(" ".join(params.all("text"))),
        moderation=params.one("moderation"),
        status=Status(params.one("status")),
        prefix=params.one("prefix") or "",
        uploaded_from=params.one("from"),
        uploaded_to=params.one("to"),
        order=Order(params.one("order")),
        limit=params.one("limit"),
    )


def _words(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are kept. Short ones are not, and left out beside longer ones."""
    words = tuple(dict.fromkeys(map(plain_word, text.split())))
    return tuple(word for word in words if len(word) >= MIN_WORD_CHARACTERS) or words


def _hold_together(params: QueryParams, *, confidence_order: bool) -> None:
    """Blame parameters that make no sense beside the others."""

    def is_given(*names: str) -> bool:
        return any(name in params.given for name in names)

    if len(" ".join(params.all("text")).split()) > MAX_WORDS:
        params.blame("text", f"more than {MAX_WORDS} words")
    if is_given("raw"):
        params.blame("raw", "is about one image; give key too")
    if is_given("min_confidence") and not is_given(*_WITH_CONFIDENCE):
        params.blame("min_confidence", f"is about {', '.join(_WITH_CONFIDENCE)}; give one of them too")
    if params.one("status") == Status.REJECTED and is_given(*_OF_RECOGNIZED):
        params.blame("status", "only recognized images have labels, faces and text")
    if params.one("order") == Order.CONFIDENCE:
        if not confidence_order:
            params.blame(
                "order",
                "this deployment keeps no order by confidence (its setting confidence_order); "
                "ask for newest or oldest",
            )
        elif not is_given(*_ORDERED_BY):
            params.blame("order", f"confidence is about {', '.join(_ORDERED_BY)}; give one of them too")


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
            presentation.PAGE,
            {"$ref": "#/components/schemas/Details", "description": "With `key`."},
            {**presentation.RAW, "description": "With `key` and `raw`."},
        ]
    },
    "Names are matched without regard to case. A page may be shorter than its limit, even empty, where many "
    "images had to be passed over: it says how many as `looked_at`, and ends the list only where `cursor` is "
    "null. With `key`, one image instead of a list.",
    PARAMETERS,
    refusals=NO_SUCH_IMAGE,
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
)
RAW = Endpoint(
    "GET",
    "/images/{key+}/raw",
    "getRawAnswers",
    "What Rekognition itself answered about one image",
    presentation.RAW,
    "Any path that ends so is taken for this. For any key: `/images?key=…&raw=true`.",
    path_parameters=(KEY,),
    refusals=NO_SUCH_IMAGE,
)
REKOGNITIONS = ("image/jpeg", "image/png")
# What is read beside by those who look at pictures.
OTHERS = ("image/heic", "image/heif", "image/avif", "image/webp", "image/gif", "image/bmp", "image/tiff")


def upload_endpoint(*, pictures: bool) -> Endpoint:
    """Describe how photos are added: of more formats, and larger ones, where pictures are looked at."""
    types = (*REKOGNITIONS, *OTHERS) if pictures else REKOGNITIONS
    most_bytes = MAX_PHOTO_BYTES if pictures else MAX_S3_IMAGE_BYTES
    body = (
        Parameter("key", parameters.SHOWABLE_S3_KEY, "Under which key.", required=True),
        Parameter("content_type", parameters.one_of(*types), "What it is.", required=True),
        Parameter("size_bytes", parameters.whole(1, most_bytes), "Its exact size.", required=True),
        Parameter("sha256", parameters.SHA256, "Its SHA-256 in base64.", required=True),
        Parameter(
            "replace", parameters.FLAG, "Whether a photo that has the key already is replaced.", default=False
        ),
    )
    return Endpoint(
        "POST",
        "/uploads",
        "allowUpload",
        "Permission to upload one photo",
        presentation.UPLOAD,
        "PUT the photo to `url` with all `headers`: these bytes and no others. Where the key has a photo "
        "already, the bucket keeps it and answers 412, unless `replace` was asked for. The photo appears in "
        "answers once it is recognized.",
        body=body,
        status=201,
    )


@dataclass(frozen=True)
class ImageEndpoints:
    """Answers about images.

    `confidence_order` says whether lists can be had in that order, `pictures` whether photos' files are
    looked at.
    """

    table: TableReader
    listing: Listing
    cursors: Cursors
    signer: Signer
    count: Counting
    log: RequestLog
    confidence_order: bool
    pictures: bool

    def routes(self) -> tuple[Route, ...]:
        """Return the routes; that of raw answers goes before the one that takes every path."""
        return (
            Route(LIST, self._list_or_image),
            Route(RAW, lambda request: self._at_path(request, raw=True)),
            Route(IMAGE, lambda request: self._at_path(request, raw=False)),
        )

    def _at_path(self, request: Request, *, raw: bool) -> Response:
        path = request.path.removesuffix("/raw") if raw else request.path
        return self._image(object_key(path), raw=raw)

    def _list_or_image(self, request: Request) -> Response:
        params = QueryParams(PARAMETERS, request.raw_query_string)
        if "key" in params.given:
            for parameter in PARAMETERS:
                if parameter.name in params.given - {"key", "raw"}:
                    params.blame(parameter.name, "does not go together with key, which asks for one image")
            params.finish()
            return self._image(params.one("key"), raw=bool(params.one("raw")))
        question = read_question(params, confidence_order=self.confidence_order)
        cursor = params.one("cursor")
        if cursor is not None:
            try:
                question = self.cursors.resume(question, cursor)
            except ForeignCursorError:
                params.blame(
                    "cursor", "not one of ours for this question; leave it out to start at the first page"
                )
                params.finish()
        return self._list(question)

    def _list(self, question: ListQuestion) -> Response:
        page = self.listing.page(question)
        self.count(QueryMetric.ROWS_READ, page.rows_read)
        self.count(QueryMetric.ROWS_SKIPPED, page.rows_skipped)
        cursor = None if page.next_after is None else self.cursors.write(question, page.next_after)
        return Response(200, presentation.page(page, cursor, self._shown))

    def _image(self, key: str, *, raw: bool) -> Response:
        details = read_details(self.table, key)
        if details is None:
            raise unknown_image(key)
        return Response(200, presentation.raw(details) if raw else self._detailed(details))

    def _detailed(self, details: presentation.Details) -> presentation.Json:
        shown = self._shown(details.record)
        try:
            return presentation.details(details, shown)
        except (KeyError, TypeError, AttributeError):
            # An answer that is not of Rekognition's form: the record says what lists say.
            self.log.exception("a raw result cannot be read, and is left out")
            self.count(QueryMetric.ITEMS_UNREADABLE, 1)
            return presentation.details(details._replace(results={}), shown)

    def _shown(self, record: ImageRecord) -> presentation.Json:
        return presentation.shown(record, self.signer, pictures=self.pictures)


def read_details(table: TableReader, key: str) -> presentation.Details | None:
    """Read what is known of an image; None if nothing is, if it was deleted, or if it is no possible key."""
    try:
        parameters.S3_KEY.read(key)
    except ValueError:
        return None
    record = table.records([key]).get(key)
    if record is None or record.status is Status.DELETED:
        return None
    names = [
        ResultName(record.content_id, detector, fingerprint)
        for detector, fingerprint in record.detectors.items()
    ]
    found = table.results(names) if names else {}
    return presentation.Details(record, {name.detector: result for name, result in found.items()})


def allow_upload(signer: Signer, described: Endpoint, request: Request) -> Response:
    """Permit the upload of the content that the body describes."""
    asked = read_body(described.body, request.body)
    content = Content(asked["key"], asked["content_type"], asked["size_bytes"], asked["sha256"])
    upload = signer.upload(content, replace=asked["replace"])
    answer = {
        "url": upload.url,
        "method": "PUT",
        "headers": dict(upload.headers),
        "key": content.key,
        "expires_in_seconds": upload.expires_in_seconds,
    }
    return Response(201, answer)


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
