"""The claim that says what a caller may see, in every form in which it comes."""

from typing import Any

import pytest

from query_api.http.claims import COGNITO_GROUPS, visible_prefixes
from query_api.http.messages import ProblemError
from tests.query_api.site import claim_text


@pytest.mark.parametrize(
    ("claim", "visible"),
    [
        ("family/", ("family/",)),
        ("family/ trips/", ("family/", "trips/")),
        ("family/,trips/", ("family/", "trips/")),
        (" trips/ ,\n family/,", ("family/", "trips/")),
        (["family/"], ("family/",)),
        (["trips/", "family/"], ("family/", "trips/")),
        (["family/", "family/2026/", "family/"], ("family/",)),
        (["a/", "a-b/"], ("a-b/", "a/")),
        ("*", None),
        (["family/", "*"], None),
        ("/", ("/",)),
        ("family%20pictures/", ("family pictures/",)),
        (["a%2Cb/", "100%25/", "%5Bold%5D/"], ("100%/", "[old]/", "a,b/")),
        ("Urlaub%20am%20M%C3%BCggelsee/", ("Urlaub am Müggelsee/",)),
        ("Müggelsee/", ("Müggelsee/",)),
    ],
)
def test_a_claim_names_one_prefix_or_several_or_everything(claim: Any, visible: Any) -> None:
    assert visible_prefixes("seen", {"seen": claim_text(claim)}) == visible
    assert visible_prefixes("seen", {"seen": claim}) == visible, "some pass a list on as one"


@pytest.mark.parametrize(
    "claims", [{}, *({"seen": nothing} for nothing in ("", " ", ",", "[]", "[ ]", None, 7))]
)
def test_without_prefixes_nothing_may_be_seen(claims: dict[str, Any]) -> None:
    with pytest.raises(ProblemError, match="has no prefix in its claim 'seen'") as refused:
        visible_prefixes("seen", claims)

    assert refused.value.status == 403


@pytest.mark.parametrize(
    "claim",
    [
        "fam",
        "family",
        "family*",
        "/*",
        "**",
        "%2A",
        "true",
        {"family/": 1},
        ["family/", "trips"],
        # Comes as `[family pictures/ trips/]`: who took that for three would show `pictures/`.
        ["family pictures/", "trips/"],
        "family pictures/",
        "family/]",
        '["family/"]',
    ],
)
def test_what_may_be_another_prefix_than_was_meant_shows_nothing(claim: Any) -> None:
    with pytest.raises(ProblemError, match="does not end in a slash") as refused:
        visible_prefixes("seen", {"seen": claim_text(claim)})

    assert refused.value.status == 403


def test_of_cognitos_groups_those_that_are_prefixes_count() -> None:
    groups = ["eu-central-1_AbCdEfGhI_Google", "family/", "editors"]

    assert visible_prefixes(COGNITO_GROUPS, {COGNITO_GROUPS: claim_text(groups)}) == ("family/",)
    assert visible_prefixes(COGNITO_GROUPS, {COGNITO_GROUPS: claim_text([*groups, "*"])}) is None
    with pytest.raises(ProblemError, match="has no prefix"):
        visible_prefixes(COGNITO_GROUPS, {COGNITO_GROUPS: claim_text(["editors"])})
