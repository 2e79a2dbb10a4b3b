"""The file of a policy: checked before anything is made, and told to the two functions that apply it."""

import json
import re
from pathlib import Path

import pytest

from contract.environment import dump
from contract.policy import Policy
from contract.policy_faults import MAX_BYTES
from contract.settings import ProcessorSettings, QuerySettings
from infra.answers import REVIEWS_ROUTE
from infra.bundles import ROOT
from infra.settings import DeploymentSettings, UnusableSettingsError
from query_api.routes import all_routes
from tests.infra.conftest import Synthesize
from tests.infra.template import Template
from tests.query_api.site import Site

TEXT = """
hidden = ["Weapon"]
[moderation.Violence]
review = 60
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(TEXT)
    return path


def refused(**given: object) -> str:
    with pytest.raises(UnusableSettingsError) as raised:
        DeploymentSettings.from_context(given.get)
    return str(raised.value)


def test_all_that_show_or_tell_labels_are_told_the_same(synthesized: Synthesize, policy: Path) -> None:
    context = {
        "policy": str(policy),
        "detectors": "labels,moderation",
        "cameras": str(ROOT / "tests" / "infra" / "cameras.toml"),
    }
    functions = Template.of(synthesized(context)).all("AWS::Lambda::Function")
    told = {
        name: each["Properties"]["Environment"]["Variables"].get("POLICY") for name, each in functions.items()
    }
    of_three = {name: text for name, text in told.items() if text is not None}

    assert [name[:9] for name in sorted(of_three)] == ["AnswersQu", "CamerasTe", "Processin"]
    assert set(of_three.values()) == {'{"hidden":["Weapon"],"moderation":{"Violence":{"review":60}}}'}


def test_what_is_to_be_reviewed_has_a_route_and_a_throttle(synthesized: Synthesize, policy: Path) -> None:
    made = Template.of(synthesized({"policy": str(policy), "detectors": "labels,moderation"}))
    keys = {
        route["Properties"]["RouteKey"]: route["Properties"]["AuthorizationType"]
        for route in made.all("AWS::ApiGatewayV2::Route").values()
    }
    endpoints = [route.endpoint for route in all_routes(Site(policy=Policy()).parts)]

    assert set(keys) == {endpoint.gateway_route for endpoint in endpoints}
    assert keys[REVIEWS_ROUTE] == "AWS_IAM"
    (stage,) = made.all("AWS::ApiGatewayV2::Stage").values()
    throttles = stage["Properties"]["RouteSettings"]
    assert throttles[REVIEWS_ROUTE] == throttles["GET /images"]


def test_without_it_nothing_is_there(template: Template) -> None:
    written = json.dumps(template.document)

    assert "POLICY" not in written
    assert "reviews" not in written


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    assert refused(policy=str(missing)) == (
        f"policy is {str(missing)!r}, which cannot be read: [Errno 2] No such file or directory: "
        f"{str(missing)!r}"
    )


def test_what_is_no_toml_is_refused_with_its_line(policy: Path) -> None:
    policy.write_text("[labels\n")
    assert refused(policy=str(policy)).startswith(f"{policy} is no TOML: ")
    assert "line 1" in refused(policy=str(policy))


def test_all_faults_are_told_at_once(policy: Path) -> None:
    policy.write_text("[labels]\nCat = 101\nDog = -1")
    assert refused(policy=str(policy)) == (
        f"{policy}: labels has Cat = 101; a threshold is a number from 0 to 100\n"
        f"{policy}: labels has Dog = -1; a threshold is a number from 0 to 100"
    )


def test_rules_for_what_nobody_looks_for_are_refused(policy: Path) -> None:
    assert refused(policy=str(policy), detectors="labels") == (
        f"{policy}: it has rules for moderation, and no photo is looked at for that: add moderation to "
        "detectors"
    )


def test_moderation_below_a_prefix_is_moderation(policy: Path, tmp_path: Path) -> None:
    choice = tmp_path / "detectors.toml"
    choice.write_text('[prefixes]\n"public/" = ["moderation"]')

    context: dict[str, object] = {
        "policy": str(policy),
        "detectors": "labels",
        "detectors_by_prefix": str(choice),
    }
    assert DeploymentSettings.from_context(context.get).policy_json


def test_a_policy_and_detectors_by_prefix_share_the_room(policy: Path, tmp_path: Path) -> None:
    choice = tmp_path / "detectors.toml"
    choice.write_text("[prefixes]\n" + "\n".join(f'"{number:03}/" = ["moderation"]' for number in range(60)))
    policy.write_text("[labels]\n" + "".join(f"Label{number} = 55\n" for number in range(70)))

    assert re.fullmatch(
        r"policy and detectors_by_prefix make 2,\d{3} bytes together, and a function can be told 2,048: make "
        "one of the files shorter",
        refused(policy=str(policy), detectors_by_prefix=str(choice)),
    )


def test_the_longest_policy_has_room_beside_the_longest_names() -> None:
    """Lambda counts names and values of all variables, 4,096 bytes together."""
    url, arn = "https://sqs.ap-southeast-2.amazonaws.com/123456789012/" + "q" * 80, "a" * 120
    places = {
        "bucket_name": "b" * 63,
        "table_name": "t" * 100,
        "queue_url": url,
        "dead_letter_queue_url": url,
        "bulk_queue_url": url,
        "bulk_dead_letter_queue_url": url,
        "renditions_bucket": "r" * 63,
        "policy": "p" * MAX_BYTES,
    }
    operations = dict.fromkeys(("DetectLabels", "DetectFaces", "DetectModerationLabels"), 12345.0)
    asking = QuerySettings(**places, prefix_claim="cognito:groups", sign_in_url=arn, sign_in_client=arn)  # type: ignore[arg-type]
    working = ProcessorSettings(
        **places,  # type: ignore[arg-type]
        topic_arn=arn,
        pictures_function=arn,
        daily_call_limits=operations,
    )
    for settings in (asking, working):
        size = sum(len(name) + len(text) for name, text in dump(settings).items())
        assert size + 200 <= 4096, (
            "200 are for those of logs and metrics, and what AWS sets itself is not counted"
        )
