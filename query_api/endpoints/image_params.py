"""The question in the query string of `GET /images`."""

from __future__ import annotations

from contract.records import Status
from contract.table import MIN_WORD_CHARACTERS, plain_word
from query_api.http.param_types import Flag, Key, Moment, OneOf, Parameter, Percent, Text, Whole
from query_api.http.query_params import QueryParams
from query_api.search.questions import DEFAULT_LIMIT, MAX_LIMIT, ImageQuestion, ListQuestion, Order

NAME = Text(200)
MAX_FACES = 100
MAX_WORDS = 10
ABOUT_ONE_IMAGE = ("key", "raw")

KEY = Parameter("key", Key(), "One image by its key, any key. Goes together with `raw` alone.")

PARAMETERS = (
    KEY,
    Parameter("raw", Flag(), "With `key`: what Rekognition itself answered."),
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
        Flag(),
        "Whether labels count that another label of the image implies: `Animal`, where there is a `Dog`.",
        default=True,
    ),
    Parameter("min_confidence", Percent(), "Labels and categories less sure than this do not count."),
    Parameter("min_faces", Whole(1, MAX_FACES), "The least number of faces."),
    Parameter(
        "text", NAME, "Words that were read in the image; all of them, in any order.", most=5, example="stop"
    ),
    Parameter("moderation", NAME, "A moderation category that the image falls into.", example="Violence"),
    Parameter(
        "status",
        OneOf((Status.RECOGNIZED, Status.REJECTED)),
        "Where the images have ended.",
        default=str(Status.RECOGNIZED),
    ),
    Parameter("prefix", Text(1024), "What the keys begin with."),
    Parameter("from", Moment(), "Uploaded at this time or later; a date means its first moment."),
    Parameter("to", Moment(is_end=True), "Uploaded at this time or before; a date means its last moment."),
    Parameter(
        "order",
        OneOf(tuple(Order)),
        "What comes first. `confidence` is that of `label`, or else of `any_label`, or else of `moderation`.",
        default=str(Order.NEWEST),
    ),
    Parameter("limit", Whole(1, MAX_LIMIT), "How many images make a page.", default=DEFAULT_LIMIT),
    Parameter("cursor", Text(1000), "Where the page before ended; with the same question as then."),
)

_OF_RECOGNIZED = ("label", "any_label", "not_label", "min_faces", "text", "moderation")
_WITH_CONFIDENCE = ("label", "any_label", "not_label", "moderation")
_ORDERED_BY = ("label", "any_label", "moderation")


def is_possible_key(key: str) -> bool:
    """Return whether an object can have this key at all."""
    try:
        KEY.kind.read(key)
    except ValueError:
        return False
    return True


def question(params: QueryParams, *, confidence_order: bool = True) -> ImageQuestion | ListQuestion:
    """Read what is asked for. Raises BadParametersError.

    `confidence_order` says whether the table has its index by rank.
    """
    if "key" in params.given:
        for parameter in PARAMETERS:
            if parameter.name in params.given and parameter.name not in ABOUT_ONE_IMAGE:
                params.blame(parameter.name, "does not go together with key, which asks for one image")
        params.finish()
        return ImageQuestion(params.one("key"), raw=bool(params.one("raw")))
    _hold_together(params, confidence_order=confidence_order)
    params.finish()
    return _list(params)


def _list(params: QueryParams) -> ListQuestion:
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
