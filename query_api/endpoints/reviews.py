"""`/reviews`: the photos that the policy asks somebody to look at."""

from contract.policy import ModerationAction
from query_api.endpoints import schemas
from query_api.endpoints.image_parameters import PARAMETERS
from query_api.http import parameters
from query_api.http.parameters import Parameter, QueryParams
from query_api.http.routing import Endpoint
from query_api.search.questions import ListQuestion, Order

_SHARED = ("prefix", "limit", "cursor")
REVIEWS = Endpoint(
    "GET",
    "/reviews",
    "listReviews",
    "Images that are to be reviewed",
    schemas.PAGE,
    "Those of which the policy says `review`, and of which nobody has said otherwise. A page may be shorter "
    "than its limit, as of `/images`.",
    (
        Parameter(
            "order",
            parameters.one_of(Order.NEWEST, Order.OLDEST, Order.CONFIDENCE),
            "What comes first. `confidence` is that of the surest category for which an image is reviewed.",
            default=str(Order.NEWEST),
        ),
        *(parameter for parameter in PARAMETERS if parameter.name in _SHARED),
    ),
    by_prefix=True,
)


def read_review_question(params: QueryParams, *, confidence_order: bool) -> ListQuestion:
    """Read which images are asked for. Raises ProblemError."""
    if params.one("order") == Order.CONFIDENCE and not confidence_order:
        params.blame(
            "order",
            "this deployment keeps no order by confidence (its setting confidence_order); ask for newest or "
            "oldest",
        )
    params.finish()
    return ListQuestion(
        moderation_action=ModerationAction.REVIEW,
        prefix=params.one("prefix") or "",
        order=Order(params.one("order")),
        limit=params.one("limit"),
    )
