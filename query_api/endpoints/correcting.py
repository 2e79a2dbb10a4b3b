"""`PATCH /images`: what a person says of a photo; answered by a function of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from contract.corrections import MAX_BY_CHARACTERS, Corrections
from contract.edits import MAX_LABELS, MAX_NAME_CHARACTERS, MAX_WHY_CHARACTERS, Decision, Edit, EditError
from contract.errors import ImagepipeError
from contract.records import ImageRecord, Status
from query_api.endpoints.image_parameters import KEY
from query_api.endpoints.images import object_key
from query_api.endpoints.naming import PERSONS, identified, nobody_is_looked_for, with_names
from query_api.endpoints.schemas import CORRECTIONS, COUNT, TEXT, Json, json_object
from query_api.http import parameters
from query_api.http.claims import visible_prefixes
from query_api.http.messages import (
    ParamFault,
    ProblemError,
    Request,
    Response,
    bad_parameters,
    require_json,
    unknown_image,
)
from query_api.http.parameters import JsonType, Parameter, ParamType, QueryParams, read_body
from query_api.http.routing import Endpoint, Route

if TYPE_CHECKING:
    from contract.policy import Policy
    from query_api.adapters.corrections import DynamoDBCorrections

# Of a photo with very many copies, about so many are made anew by one request; the next goes on.
MOST_TOLD = 250
# Somebody else corrects the same photo at the same moment this often in a row, and no oftener.
ATTEMPTS = 3
NO_DECISION = "none"
ANONYMOUS = "anonymous"
# What tokens call their bearer, what people recognize first. Cognito's access tokens have the second.
WHO = ("email", "username", "cognito:username", "sub")


def _read_names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("must be a list of names")
    return tuple(value)


def _read_renames(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
        raise ValueError("must be an object of names by name")
    return value


_NAME = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARACTERS}
_NAMES = JsonType({"type": "array", "items": _NAME, "maxItems": MAX_LABELS}, _read_names)
_RENAMES = JsonType(
    {"type": "object", "additionalProperties": _NAME, "maxProperties": MAX_LABELS}, _read_renames
)
_WHY = ParamType({"type": "string", "maxLength": MAX_WHY_CHARACTERS}, str)
BODY = (
    Parameter("add", _NAMES, "Labels that are on the photo."),
    Parameter("remove", _NAMES, "Labels that are not."),
    Parameter(
        "rename", _RENAMES, "Labels by another name; to the name of one that is there, to merge the two."
    ),
    Parameter("reset", _NAMES, "Labels of which the detectors' word is shown again."),
    PERSONS,
    Parameter(
        "decision", parameters.one_of(*Decision, NO_DECISION), "Whether the photo is to be shown, or neither."
    ),
    Parameter("why", _WHY, "Why, in one line; kept with the change.", default=""),
)
REFUSALS = {
    404: "Nothing is known of this key, or not to this caller.",
    409: "The photo was rejected, so there is nothing to correct; or it was replaced at this moment.",
    412: "Somebody else has corrected the photo since; `corrections` says how it stands.",
    415: "The body is not declared as application/json.",
    428: "There is no If-Match.",
    503: "The correction is kept, but the photo could not be told of it: send the same again.",
}
_DESCRIPTION = (
    "`If-Match` names the corrections that were seen: the `ETag` of the image or, in quotes, their `number`. "
    "What is so already changes nothing and is answered with 200 whatever was seen, so a request can be sent "
    "again. Corrections belong to the bytes: copies have them, and other bytes under the key do not. Lists "
    "and counts show them within seconds."
)
_ANSWER = json_object(
    {
        "key": TEXT,
        "corrections": CORRECTIONS,
        "told": {**COUNT, "description": "How many photos of these bytes are looked at again."},
        "is_all": {
            "type": "boolean",
            "description": "Whether there are no others: if not, send the same again a little later.",
        },
    }
)
CORRECT = Endpoint(
    "PATCH",
    "/images/{key+}",
    "correctImage",
    "Correct what is said of one image",
    _ANSWER,
    f"{_DESCRIPTION} A key that holds `%` or `?` goes to `/images?key=`.",
    path_parameters=(KEY,),
    body=BODY,
    refusals=REFUSALS,
    by_prefix=True,
)
CORRECT_BY_QUERY = Endpoint(
    "PATCH",
    "/images",
    "correctImageByQuery",
    "The same for any key",
    _ANSWER,
    _DESCRIPTION,
    parameters=(KEY,),
    body=BODY,
    refusals=REFUSALS,
    by_prefix=True,
)
ENDPOINTS = (CORRECT, CORRECT_BY_QUERY)


class CorrectionEndpoints(NamedTuple):
    """Takes corrections. `look_again` has records of keys made anew, or raises a word for failure.

    `prefix_claim` is the claim of a token that says what its bearer may see; empty where all see everything.
    `now` gives ISO 8601 times in UTC. `log` is told what was done, with its facts by name. Where there is a
    `policy`, it says what labels a name stands for, and which names are told. `names` reads those of enrolled
    persons by id, None where nobody is looked for.
    """

    store: "DynamoDBCorrections"
    look_again: Callable[[Sequence[str]], None]
    now: Callable[[], str]
    log: Callable[..., None]
    prefix_claim: str = ""
    policy: "Policy | None" = None
    names: Callable[[], Mapping[str, str]] | None = None

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(CORRECT, lambda request: self._correct(request, object_key(request.path))),
            Route(CORRECT_BY_QUERY, lambda request: self._correct(request, _asked_key(request))),
        )

    def _correct(self, request: Request, key: str) -> Response:
        require_json(request)
        seen = _seen_number(request.headers.get("if-match"))
        edit = self._meant(_edit(read_body(BODY, request.body)))
        prefixes = visible_prefixes(self.prefix_claim, request.claims) if self.prefix_claim else None
        if prefixes is not None and not key.startswith(prefixes):
            raise unknown_image(key)
        by = who(request)
        for _ in range(ATTEMPTS):
            record = self._record(key)
            standing = self.store.standing(record.content_id)
            after = _edited(standing, edit, by, self.now())
            if after is standing:
                return self._tell(record, standing)
            if seen != standing.number:
                raise _overtaken(key, standing, self._told(standing))
            if self.store.write(record, after):
                self.log("corrected a photo", key=key, by=by, number=after.number, **after.changes[-1].edit)
                return self._tell(record, after)
        raise _replaced(key)

    def _record(self, key: str) -> ImageRecord:
        try:
            parameters.S3_KEY.read(key)
        except ValueError:
            raise unknown_image(key) from None
        record = self.store.record(key)
        if record is None or record.status is Status.DELETED:
            raise unknown_image(key)
        if record.status is not Status.RECOGNIZED:
            raise ProblemError(
                409,
                "rejected-image",
                "Nothing to correct",
                f"The photo {key!r} was rejected, so nothing was found on it that could be corrected.",
            )
        return record

    def _tell(self, record: ImageRecord, standing: Corrections) -> Response:
        """Have all records of the content made anew, this key's first; and answer how it stands."""
        try:
            lacking = self.store.lacking(record.content_id, standing.number, MOST_TOLD)
            keys = [record.key, *(key for key in lacking.keys if key != record.key)]
            self.look_again(keys)
        except ImagepipeError as error:
            raise ProblemError(
                503,
                "not-told",
                "The correction is kept, and not shown yet",
                f"The correction is kept, but the photo could not be told of it ({error.code}). Send the "
                "same again: it will not be made twice.",
                headers={"retry-after": "2", "etag": etag(standing)},
            ) from error
        content = {
            "key": record.key,
            "corrections": self._told(standing),
            "told": len(keys),
            "is_all": lacking.is_all,
        }
        return Response(200, content, headers={"etag": etag(standing)})

    def _meant(self, edit: Edit) -> Edit:
        if edit.persons is not None:
            if self.names is None:
                raise nobody_is_looked_for()
            edit = replace(edit, persons=identified(edit.persons, self.names()))
        if self.policy is None:
            return edit
        from query_api.corrections_by_policy import meant

        try:
            return meant(edit, self.policy)
        except EditError as error:
            raise bad_parameters(ParamFault(error.field, error.reason)) from error

    def _told(self, standing: Corrections) -> Json:
        said = standing
        if self.policy is not None:
            from query_api.corrections_by_policy import told

            said = told(standing, self.policy)
        written = said.to_json()
        return written if self.names is None else with_names(written, standing, self.names)


def etag(standing: Corrections) -> str:
    """Return what names a state of corrections in If-Match."""
    return f'"{standing.number}"'


def who(request: Request) -> str:
    """Return what to call whoever asks: by the token, or the signature; a letter of line breaks is none."""
    names = (str(request.claims.get(claim) or "") for claim in WHO)
    found = next(filter(None, names), "") or request.signed_by or ANONYMOUS
    return "".join(sign if sign.isprintable() else " " for sign in found)[:MAX_BY_CHARACTERS]


def _asked_key(request: Request) -> str:
    asked = QueryParams(CORRECT_BY_QUERY.parameters, request.raw_query_string)
    if "key" not in asked.given:
        asked.blame("key", "missing: which photo is to be corrected")
    asked.finish()
    return str(asked.one("key"))


def _seen_number(if_match: str | None) -> int:
    """Read which corrections the caller has seen. What stands between may have weakened the tag."""
    if if_match is None:
        raise ProblemError(
            428,
            "if-match-missing",
            "If-Match is missing",
            'Send the header If-Match with the ETag of the image, as in If-Match: "0", so that nobody undoes '
            "what somebody else has just corrected.",
        )
    number = if_match.strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdecimal() and len(number) <= 9):  # noqa: PLR2004
        raise bad_parameters(ParamFault("If-Match", 'must be the ETag of the image, as in "0"'))
    return int(number)


def _edit(asked: Mapping[str, Any]) -> Edit:
    decision = asked["decision"]
    try:
        return Edit(
            add=asked["add"] or (),
            remove=asked["remove"] or (),
            rename=asked["rename"] or {},
            reset=asked["reset"] or (),
            decision="" if decision == NO_DECISION else decision,
            why=asked["why"],
            persons=asked["persons"],
        )
    except EditError as error:
        raise bad_parameters(ParamFault(error.field, error.reason)) from error


def _edited(standing: Corrections, edit: Edit, by: str, at: str) -> Corrections:
    try:
        return standing.edited(edit, by, at)
    except EditError as error:
        raise bad_parameters(ParamFault(error.field, error.reason)) from error


def _overtaken(key: str, standing: Corrections, told: Json) -> ProblemError:
    return ProblemError(
        412,
        "corrected-meanwhile",
        "Corrected by somebody else",
        f"The corrections of {key!r} are number {standing.number} by now. Look at them, and correct what is "
        f"still wrong with If-Match: {etag(standing)}.",
        headers={"etag": etag(standing)},
        more={"corrections": told},
    )


def _replaced(key: str) -> ProblemError:
    return ProblemError(
        409,
        "changed-meanwhile",
        "Changed at this moment",
        f"The photo {key!r} was replaced or corrected again and again while it was corrected. Nothing was "
        "changed; look at it, and try again.",
    )
