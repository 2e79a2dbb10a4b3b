"""Settings that depend on each other: whether answers are shared where nobody has said so, and pictures."""

import pytest

from infra.settings import DeploymentSettings, UnusableSettingsError
from tests.infra.conftest import Synthesize
from tests.infra.template import Template

JWT = {"api_access": "jwt", "jwt_issuer": "https://people.example", "jwt_audience": "photos"}
OPEN = {"api_access": "open", "uploads": "true"}
MODERATED = {"detectors": "labels,moderation"}


@pytest.mark.parametrize(
    ("given", "are_shared"),
    [
        ({}, True),
        (MODERATED, True),
        (JWT, True),
        (MODERATED | JWT, False),
        (MODERATED | OPEN, False),
        (MODERATED | JWT | {"uploads": "false"}, True),
        (MODERATED | {"api_access": "open"}, True),
        (MODERATED | JWT | {"share_answers": "true"}, True),
        ({"share_answers": "false"}, False),
    ],
)
def test_answers_are_shared_but_where_moderation_meets_uploads_of_strangers(
    given: dict[str, object], are_shared: bool
) -> None:
    assert DeploymentSettings.from_context(given.get).answers_are_shared is are_shared


@pytest.mark.parametrize("given", [MODERATED | JWT, {"share_answers": "false"}])
def test_without_versions_answers_cannot_be_kept_apart(given: dict[str, object]) -> None:
    with pytest.raises(UnusableSettingsError, match="needs versions"):
        DeploymentSettings.from_context((given | {"versioned": "false"}).get)


@pytest.mark.parametrize(("given", "word"), [({}, "yes"), (MODERATED | OPEN, "no")])
def test_the_processor_is_told(synthesized: Synthesize, given: dict[str, object], word: str) -> None:
    function = Template.of(synthesized(given)).properties("AWS::Lambda::Function", "Processor")
    assert function["Environment"]["Variables"]["SHARE_ANSWERS"] == word


@pytest.mark.parametrize("part", ["keep_location", "near_duplicates", "sidecars", "scenes"])
def test_a_part_of_pictures_without_pictures_is_refused(part: str) -> None:
    given = {part: "true"}
    assert getattr(DeploymentSettings.from_context(given.get), part) is True

    with pytest.raises(UnusableSettingsError, match=f"^{part} is of use only where pictures is true"):
        DeploymentSettings.from_context((given | {"pictures": "false"}).get)
