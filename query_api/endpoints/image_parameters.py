"""The parameters of `GET /images`: what each means, which go together, and the question that they make."""

from typing import TYPE_CHECKING, Any, NamedTuple

from contract.meaning import MOST_TEXT_CHARACTERS
from contract.records import Status
from contract.table import MIN_WORD_CHARACTERS, plain_word
from query_api.http import parameters
from query_api.http.parameters import Parameter, QueryParams
from query_api.search.near import Near
from query_api.search.postings import label_terms
from query_api.search.questions import BY_CAPTURE, DEFAULT_LIMIT, ListQuestion, Order

if TYPE_CHECKING:
    from contract.policy import ModerationAction, Policy
    from query_api.endpoints.people import KnownPeople

NAME = parameters.text_up_to(200)
MAX_LIMIT = 100
MAX_FACES = 100
MAX_WORDS = 10
# Of those asked for, with all names of aliases.
MAX_LABEL_TERMS = 30

KEY = Parameter("key", parameters.S3_KEY, "One image by its key, any key. Goes together with `raw` alone.")

FORMAT = Parameter(
    "format", parameters.one_of("json", "vtt"), "`vtt` gives WebVTT, a cue for each interval.", default="json"
)

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
        "moderation_action",
        parameters.one_of("allow", "review", "block"),
        "What this deployment's policy asks to do with the images.",
    ),
    Parameter(
        "celebrity",
        NAME,
        "A well-known person who is in the image, where the deployment has the detector `celebrities`.",
        most=3,
        example="Grace Hopper",
    ),
    Parameter(
        "color",
        NAME,
        "A colour that covers at least a tenth of the image, by Rekognition's simplified names, where the "
        "deployment has the detector `image_properties`.",
        most=3,
        example="blue",
    ),
    Parameter(
        "equipment",
        parameters.one_of("face_cover", "hand_cover", "head_cover"),
        "What somebody in the image wears, where the deployment has the detector `protective_equipment`.",
        most=3,
        example="head_cover",
    ),
    Parameter(
        "person",
        NAME,
        "The name of somebody who agreed to be looked for, where the deployment has people on; given more "
        "than once, all of them.",
        most=3,
        example="Ann",
    ),
    Parameter(
        "status",
        parameters.one_of(Status.RECOGNIZED, Status.REJECTED),
        "Where the images have ended.",
        default=str(Status.RECOGNIZED),
    ),
    Parameter("kind", parameters.one_of("photo", "video"), "Whether photos are meant, or films."),
    Parameter("prefix", parameters.text_up_to(1024), "What the keys begin with."),
    Parameter("from", parameters.moment(), "Uploaded at this time or later; a date means its first moment."),
    Parameter(
        "to", parameters.moment(is_end=True), "Uploaded at this time or before; a date means its last moment."
    ),
    Parameter(
        "taken_from",
        parameters.local_time(),
        "Taken at this time or later, by the camera's clock; a date means its first moment.",
    ),
    Parameter(
        "taken_to",
        parameters.local_time(is_end=True),
        "Taken at this time or before, by the camera's clock; a date means its last moment.",
    ),
    Parameter("camera", NAME, "The name of the camera, as `photo` has it.", example="Pixel 9"),
    Parameter(
        "near",
        parameters.AROUND,
        "Taken no further from a place than this: latitude, longitude, kilometres (up to 150).",
        example="48.8584,2.2945,5",
    ),
    Parameter(
        "near_duplicates_of",
        parameters.S3_KEY,
        "The key of a photo: what looks nearly the same. `distance` says in how many of 64 bits it differs, "
        "3 at most. The photo itself is left out.",
    ),
    Parameter(
        "like",
        parameters.text_up_to(MOST_TEXT_CHARACTERS),
        "What the image means, in any words, where the deployment has the setting `meaning`. The most "
        "similar come first, `similarity` says how similar they are: every image is, to some degree.",
        example="a dog on a beach",
    ),
    Parameter(
        "similar_to",
        parameters.S3_KEY,
        "The key of a photo: what means about the same. The photo itself is left out.",
    ),
    Parameter(
        "min_similarity",
        parameters.SIMILARITY,
        "With `like` or `similar_to`: images less similar than this are left out.",
    ),
    Parameter(
        "order",
        parameters.one_of(*Order),
        "What comes first. `confidence` is that of `label`, or else of `any_label`, or else of `moderation`; "
        "`taken` and `taken_oldest` are by the time of capture, of photos that have one.",
        default=str(Order.NEWEST),
    ),
    Parameter("limit", parameters.whole(1, MAX_LIMIT), "How many images make a page.", default=DEFAULT_LIMIT),
    Parameter(
        "cursor", parameters.text_up_to(1000), "Where the page before ended; with the same question as then."
    ),
)

_OF_FILES = ("taken_from", "taken_to", "camera", "near", "near_duplicates_of")
_BY_MEANING = ("like", "similar_to")
_BY_CHOICE = ("celebrity", "color", "equipment", "person")
_OF_LABELS = ("label", "any_label", "not_label")
_OF_MODERATION = ("moderation", "moderation_action")
_OF_RECOGNIZED = (
    *("kind", *_OF_LABELS, "min_faces", "text", *_OF_MODERATION),
    *(*_BY_CHOICE, *_OF_FILES, *_BY_MEANING),
)
_WITH_CONFIDENCE = (*_OF_LABELS, "moderation")
_ORDERED_BY = ("label", "any_label", "moderation")


class Offered(NamedTuple):
    """What a deployment can be asked.

    `confidence_order` says whether the table has its index by rank, `pictures` whether photos' files are
    read, `near_duplicates` whether such are found by them, `keep_location` whether it is told where they were
    taken, `corrections` whether people may correct what is said of photos, `block_tag` whether photos that
    are to be blocked are shown nowhere, `meaning` whether photos are found by what they mean. `policy` says
    what is shown and what moderation asks for; None where there is none. `people` are those who are looked
    for, None where nobody is.
    """

    confidence_order: bool = True
    pictures: bool = True
    near_duplicates: bool = True
    keep_location: bool = True
    policy: "Policy | None" = None
    corrections: bool = False
    block_tag: bool = False
    meaning: bool = False
    people: "KnownPeople | None" = None


def read_question(params: QueryParams, offered: Offered) -> ListQuestion:
    """Read which images are asked for, but for the hash of a photo. Raises ProblemError."""
    _hold_together(params)
    _hold_against(params, offered)
    params.finish()
    near = params.one("near")
    return ListQuestion(
        labels=params.all("label"),
        any_labels=params.all("any_label"),
        not_labels=params.all("not_label"),
        include_parents=params.one("include_parents"),
        min_confidence_percent=params.one("min_confidence") or 0.0,
        min_faces=params.one("min_faces") or 0,
        words=_words(" ".join(params.all("text"))),
        moderation=params.one("moderation"),
        moderation_action=_action(params.one("moderation_action"), offered.policy),
        celebrities=params.all("celebrity"),
        colors=params.all("color"),
        equipment=params.all("equipment"),
        **_persons(params.all("person"), offered.people),
        status=Status(params.one("status")),
        kind=params.one("kind"),
        prefix=params.one("prefix") or "",
        uploaded_from=params.one("from"),
        uploaded_to=params.one("to"),
        taken_from=params.one("taken_from"),
        taken_to=params.one("taken_to"),
        camera=params.one("camera"),
        near=None if near is None else Near(*near),
        near_duplicates_of=params.one("near_duplicates_of"),
        like=params.one("like"),
        similar_to=params.one("similar_to"),
        min_similarity=params.one("min_similarity"),
        order=Order(params.one("order")),
        limit=params.one("limit"),
    )


def _persons(names: tuple[str, ...], people: "KnownPeople | None") -> dict[str, Any]:
    """Return who is asked for. Who is not known, or is not any more, is on no photo."""
    if not names or people is None:
        return {}
    return {"persons": people.ids(names), "least_similarity_percent": people.least_similarity_percent}


def _action(given: str | None, policy: "Policy | None") -> "ModerationAction | None":
    if given is None or policy is None:
        return None
    from contract.policy import ModerationAction

    return ModerationAction(given)


def _words(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are kept. Short ones are not, and left out beside longer ones."""
    words = tuple(dict.fromkeys(map(plain_word, text.split())))
    return tuple(word for word in words if len(word) >= MIN_WORD_CHARACTERS) or words


def _hold_together(params: QueryParams) -> None:
    """Blame parameters that make no sense beside the others."""

    def is_given(*names: str) -> bool:
        return any(name in params.given for name in names)

    order = params.one("order")
    if len(" ".join(params.all("text")).split()) > MAX_WORDS:
        params.blame("text", f"more than {MAX_WORDS} words")
    if is_given("raw"):
        params.blame("raw", "is about one image; give key too")
    if is_given("min_confidence") and not is_given(*_WITH_CONFIDENCE):
        params.blame("min_confidence", f"is about {', '.join(_WITH_CONFIDENCE)}; give one of them too")
    if params.one("status") == Status.REJECTED and (is_given(*_OF_RECOGNIZED) or order in BY_CAPTURE):
        params.blame(
            "status", "only recognized images have labels, faces, text, a kind and a time of capture"
        )
    if order == Order.CONFIDENCE and not is_given(*_ORDERED_BY):
        params.blame("order", f"confidence is about {', '.join(_ORDERED_BY)}; give one of them too")
    if order not in {Order.NEWEST, Order.OLDEST} and is_given("near_duplicates_of"):
        params.blame("order", "near duplicates come newest or oldest first")
    _hold_meaning_together(params)


def _hold_meaning_together(params: QueryParams) -> None:
    asked = [name for name in _BY_MEANING if name in params.given]
    if len(asked) > 1:
        params.blame("similar_to", "does not go together with like: each says what comes first")
    if asked and "order" in params.given:
        params.blame("order", f"does not go together with {asked[0]}, which puts the most similar first")
    if "min_similarity" in params.given and not asked:
        params.blame("min_similarity", f"is about {', '.join(_BY_MEANING)}; give one of them too")


def _hold_against(params: QueryParams, offered: Offered) -> None:
    """Blame parameters about what this deployment does not have."""
    order = params.one("order")
    if order == Order.CONFIDENCE and not offered.confidence_order:
        params.blame(
            "order",
            "this deployment keeps no order by confidence (its setting confidence_order); "
            "ask for newest or oldest",
        )
    _hold_against_policy(params, offered.policy)
    for name in () if offered.meaning else (*_BY_MEANING, "min_similarity"):
        if name in params.given:
            params.blame(name, "this deployment knows nothing of meanings (its setting meaning)")
    if "person" in params.given and offered.people is None:
        params.blame("person", "this deployment looks for nobody (its setting people)")
    if not offered.pictures:
        reason = "this deployment reads nothing of photos' files (its setting pictures)"
        for name in _OF_FILES:
            if name in params.given:
                params.blame(name, reason)
        if order in BY_CAPTURE:
            params.blame("order", f"{reason}; ask for newest or oldest")
        return
    if "near_duplicates_of" in params.given and not offered.near_duplicates:
        params.blame(
            "near_duplicates_of", "this deployment finds no near duplicates (its setting near_duplicates)"
        )
    if "near" in params.given and not offered.keep_location:
        params.blame("near", "this deployment tells no places (its setting keep_location)")


def _hold_against_policy(params: QueryParams, policy: "Policy | None") -> None:
    if policy is None:
        if "moderation_action" in params.given:
            params.blame("moderation_action", "this deployment has no policy (its setting policy)")
        return
    terms = len(label_terms((*params.all("label"), *params.all("any_label")), policy))
    if terms > MAX_LABEL_TERMS:
        params.blame(
            "label" if "label" in params.given else "any_label",
            f"these are {terms} labels with all that this deployment's policy shows as one of them; "
            f"ask for {MAX_LABEL_TERMS} at most",
        )
