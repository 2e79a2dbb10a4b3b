"""Which photos the bearer of a token may see: those below the prefixes in one of its claims.

An HTTP API passes claims on as text. A list comes as its elements between brackets with blanks between them,
`["family/", "trips/"]` as `[family/ trips/]`, so an element that has a blank in it cannot be told from two.
https://github.com/floci-io/floci/pull/2011 (measured in August 2026); the documentation does not say:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from query_api.http.messages import nothing_visible

EVERYTHING = "*"
# Names of these have no blank in them, and other groups than ours are among them: Cognito itself makes one
# for each provider that people come from.
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateGroup.html
COGNITO_GROUPS = "cognito:groups"


def visible_prefixes(claim: str, claims: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the prefixes in a claim, in order and none below another; None where everything may be seen.

    A prefix ends in a slash: `fam` would show `family-secrets/` too, and half of an element with a blank in
    it would be a prefix of its own. `%20`, `%2C`, `%5B` and `%25` stand for what cannot be written otherwise.
    Raise ProblemError where the claim is missing, or says anything else.
    """
    words = _words(claims.get(claim))
    if claim == COGNITO_GROUPS:
        words = [word for word in words if word == EVERYTHING or word.endswith("/")]
    if not words:
        raise nothing_visible(
            f"Your token has no prefix in its claim {claim!r}, so there is nothing for you to see; whoever "
            "runs this can add one."
        )
    if EVERYTHING in words:
        return None
    prefixes = sorted(set(map(unquote, words)))
    if any(not prefix.endswith("/") for prefix in prefixes):
        raise nothing_visible(
            f"The claim {claim!r} of your token has a prefix that does not end in a slash; whoever runs this "
            "has to write it as in family/ (a blank as %20), or * for everything."
        )
    return tuple(
        prefix
        for number, prefix in enumerate(prefixes)
        if not any(prefix.startswith(other) for other in prefixes[:number])
    )


def groups_of(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return the groups of Cognito's that the bearer of a token is in."""
    return frozenset(_words(claims.get(COGNITO_GROUPS)))


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        inside = re.fullmatch(r"\[(.*)\]", value, re.DOTALL)
        return [word for word in re.split(r"[\s,]+", inside[1] if inside else value) if word]
    # Some that stand in for an HTTP API pass a list on as one.
    return [word for each in value for word in _words(each)] if isinstance(value, list) else []
