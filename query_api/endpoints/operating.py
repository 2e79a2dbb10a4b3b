"""`/pipeline`, `/failures` and `/retries`: for operators, and answered by a function of their own."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from contract.dead_letters import UNREADABLE, DeadLetter, DeadLetterFilter, Summary, advice
from contract.metrics import Metric
from contract.quotas import LETTERS_A_REQUEST
from query_api.endpoints.schemas import (
    COUNT,
    COUNT_OR_NULL,
    NUMBER_OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    json_object,
    listed,
)
from query_api.http.claims import groups_of, visible_prefixes
from query_api.http.messages import (
    ParamFault,
    ProblemError,
    Request,
    Response,
    bad_parameters,
    not_by_prefix,
    require_json,
)
from query_api.http.parameters import S3_KEY, Parameter, QueryParams, read_body, text_up_to, whole
from query_api.http.routing import Endpoint, Route
from query_api.ports import Standing

if TYPE_CHECKING:
    from query_api.adapters.dead_letters import SqsDeadLetters

MOST_SHOWN = 200
SHOWN_OF_A_CAUSE = 20
_DOLLARS = {"type": "number", "minimum": 0}
_FLAG = {"type": "boolean"}

_LANE = json_object({"name": TEXT, "waiting": COUNT, "in_flight": COUNT, "dead_letters": COUNT})
_QUOTA = json_object(
    {
        "deployed": {"type": "number"},
        "set": {**NUMBER_OR_NULL, "description": "By an operator; it goes before the deployment's."},
        "account": NUMBER_OR_NULL,
        "in_use": {"type": "number", "description": "In calls a second."},
        "rate_now": {"type": "number", "description": "Less for some seconds after a throttle."},
        "line_seconds": {
            "type": "number",
            "description": "How far ahead calls are reserved; above 0, the quota is used up.",
        },
        "calls_a_day": json_object(
            {"deployed": COUNT_OR_NULL, "set": COUNT_OR_NULL, "in_use": COUNT_OR_NULL, "calls_today": COUNT}
        ),
    }
)
PIPELINE = Endpoint(
    "GET",
    "/pipeline",
    "readPipeline",
    "How the pipeline stands: lanes, quotas in use, today's calls and dollars",
    json_object(
        {
            "at": TIME,
            "lanes": json_object({"images": _LANE, "bulk": _LANE}),
            "quotas": {"type": "object", "additionalProperties": _QUOTA},
            "today": json_object({metric.name.lower(): COUNT for metric in Metric}, description="UTC."),
            "dollars": json_object(
                {"today": _DOLLARS, "month": _DOLLARS},
                description="What Rekognition's calls cost, in us-east-1 and without the free tier.",
            ),
        }
    ),
    "What `imagepipe status` shows. Numbers of queues are approximate, as SQS gives them.",
)
FAILURES = Endpoint(
    "GET",
    "/failures",
    "listFailures",
    "Dead letters: which photos were given up, and why",
    json_object(
        {
            "looked_at": COUNT,
            "is_all": {**_FLAG, "description": "Whether there are no others that were not looked at."},
            "causes": listed(
                json_object(
                    {
                        "cause": TEXT,
                        "kind": TEXT,
                        "code": TEXT,
                        "detector": TEXT_OR_NULL,
                        "queue": {"type": "string", "enum": ["images", "bulk"]},
                        "count": COUNT,
                        "oldest_at": TIME,
                        "can_be_retried": _FLAG,
                        "advice": listed(TEXT),
                    }
                )
            ),
            "letters": listed(
                json_object(
                    {
                        "id": TEXT,
                        "queue": TEXT,
                        "cause": TEXT,
                        "message": TEXT,
                        "keys": listed(TEXT),
                        "attempts": COUNT,
                        "first_sent_at": TIME,
                        "last_failed_at": TEXT_OR_NULL,
                    }
                )
            ),
        }
    ),
    f"Up to {LETTERS_A_REQUEST} are looked at, which nobody else sees for as long as this takes: ask when "
    f"somebody wants to know, not by a timer. Of each cause, up to {SHOWN_OF_A_CAUSE} are shown.",
    parameters=(Parameter("limit", whole(1, MOST_SHOWN), "How many letters to show at most.", default=100),),
)
RETRIES = Endpoint(
    "POST",
    "/retries",
    "retry",
    "Send dead letters back to their queue: one, or all of one cause",
    json_object(
        {
            "sent": COUNT,
            "refused": {**COUNT, "description": "Not taken by SQS; they stay where they are."},
            "twice": {**COUNT, "description": "Sent, and still there too: sending them again does no harm."},
            "looked_at": COUNT,
            "is_all": {**_FLAG, "description": "Whether there are no others that were not looked at."},
        }
    ),
    f"A copy is sent before the letter is removed, so none is lost; what was recognized already is not paid "
    f"for again. Up to {LETTERS_A_REQUEST} letters are looked at: while `is_all` is false, ask once more. "
    "Name one of `id`, `cause` and `key`; a `key` has the photo looked at again, which changes what was "
    "rejected because nobody could read it.",
    body=(
        Parameter("id", text_up_to(100), "The letter with this id."),
        Parameter("cause", text_up_to(300), "All letters of this cause, as `/failures` names it."),
        Parameter("key", S3_KEY, "The photo with this key."),
    ),
    status=202,
    refusals={403: "The caller is no operator.", 415: "The body is not declared as application/json."},
)

ENDPOINTS = (PIPELINE, FAILURES, RETRIES)


class OperatorEndpoints(NamedTuple):
    """Answers operators: where `group` names one, those whose token says that they are in it.

    Where `prefix_claim` says what callers may see, only those who may see everything: failures name photos.
    `log` is told what was done, with its facts by name.
    """

    standing: Standing
    dead_letters: "SqsDeadLetters"
    log: Callable[..., None]
    group: str = ""
    prefix_claim: str = ""

    def routes(self) -> tuple[Route, ...]:
        answers = (self._pipeline, self._failures, self._retry)
        return tuple(
            Route(endpoint, partial(self._to_operators, answer))
            for endpoint, answer in zip(ENDPOINTS, answers, strict=True)
        )

    def _to_operators(self, answer: Callable[[Request], Response], request: Request) -> Response:
        if self.group and self.group not in groups_of(request.claims):
            raise ProblemError(
                403,
                "not-an-operator",
                "For operators only",
                f"You are not in the group {self.group!r}; whoever manages those who sign in can add you.",
            )
        if self.prefix_claim and visible_prefixes(self.prefix_claim, request.claims) is not None:
            raise not_by_prefix()
        return answer(request)

    def _pipeline(self, _: Request) -> Response:
        return Response(200, self.standing.status().to_json())

    def _failures(self, request: Request) -> Response:
        asked = QueryParams(FAILURES.parameters, request.raw_query_string)
        asked.finish()
        seen = self.dead_letters.look()
        content = {
            "looked_at": len(seen.letters),
            "is_all": seen.is_all,
            "causes": _causes(seen.letters),
            "letters": [_shown(letter) for letter in _some_of_each(seen.letters, asked.one("limit"))],
        }
        return Response(200, content)

    def _retry(self, request: Request) -> Response:
        require_json(request)
        asked = read_body(RETRIES.body, request.body)
        named = [name for name, value in asked.items() if value is not None]
        if len(named) != 1:
            raise bad_parameters(ParamFault("body", "must name exactly one of id, cause and key"))
        if asked["key"] is not None:
            self.dead_letters.look_again(asked["key"])
            self.log("asked to look at a photo again", key=asked["key"])
            return Response(202, {"sent": 1, "refused": 0, "twice": 0, "looked_at": 0, "is_all": True})
        chosen = DeadLetterFilter(cause=asked["cause"], message_id=asked["id"])
        done = self.dead_letters.send_back(chosen)
        for letter in done.sent:
            self.log(
                "sent a dead letter back",
                message_id=letter.id,
                key=next(iter(letter.keys), None),
                keys=len(letter.keys),
                cause=str(letter.cause),
                lane=letter.queue,
            )
        content = {
            "sent": len(done.sent),
            "refused": done.refused,
            "twice": done.twice,
            "looked_at": done.looked_at,
            "is_all": done.is_all,
        }
        return Response(202, content)


def _causes(letters: Sequence[DeadLetter]) -> list[dict[str, Any]]:
    summary = Summary()
    for letter in letters:
        summary.add(letter)
    return [
        {
            "cause": str(group.cause),
            **group.cause._asdict(),
            "queue": group.queue,
            "count": group.count,
            "oldest_at": group.oldest_at,
            "can_be_retried": group.cause.code != UNREADABLE,
            "advice": list(advice(group.cause)),
        }
        for group in summary.largest_first()
    ]


def _some_of_each(letters: Sequence[DeadLetter], most: int) -> list[DeadLetter]:
    """Return letters of every cause, the oldest first, and not too many of one."""
    of_cause: dict[tuple[str, str], int] = {}
    chosen = []
    for letter in sorted(letters, key=lambda letter: letter.first_sent_at):
        place = (letter.queue, str(letter.cause))
        of_cause[place] = of_cause.get(place, 0) + 1
        if of_cause[place] <= SHOWN_OF_A_CAUSE:
            chosen.append(letter)
    return list(islice(chosen, most))


def _shown(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "queue": letter.queue,
        "cause": str(letter.cause),
        "message": letter.message,
        "keys": list(letter.keys),
        "attempts": letter.attempts,
        "first_sent_at": letter.first_sent_at,
        "last_failed_at": letter.last_failed_at,
    }
