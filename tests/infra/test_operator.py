"""The page for operators, its function's rights, who may do what, and that it can be off."""

import json
import re
from typing import Any

import pytest

from contract.environment import load
from contract.quotas import OPERATOR_BURST, OPERATOR_REQUESTS_A_SECOND
from contract.settings import OperatorSettings
from infra.answers import OPERATOR_PAGE, OPERATOR_ROUTES, RETRY_ROUTE
from infra.bundles import ROOT
from infra.settings import DeploymentSettings, UnusableSettingsError
from local.cloud.assembly import STACK_NAME
from query_api.endpoints.operating import ENDPOINTS
from query_api.endpoints.page import STATUS
from tests.infra.conftest import JWT, Synthesize
from tests.infra.template import Template, listed, target

FUNCTION = "AWS::Lambda::Function"
SIGN_IN = {"api_access": "jwt", "sign_in": "true", "operator": "true"}
SCOPES = {**JWT, "operator": "true", "operator_scope": "photos/operate"}


@pytest.fixture(scope="module")
def operated(synthesized: Synthesize) -> Template:
    return Template.of(synthesized({"operator": "true"}))


def routes(template: Template) -> dict[str, Any]:
    found = template.all("AWS::ApiGatewayV2::Route").values()
    return {route["Properties"]["RouteKey"]: route["Properties"] for route in found}


def test_without_it_nothing_is_there(template: Template) -> None:
    written = json.dumps(template.document)

    assert "perator" not in written.replace("ComparisonOperator", "")
    assert not {*OPERATOR_ROUTES, OPERATOR_PAGE} & set(routes(template))


def test_the_gateway_leads_to_what_the_functions_answer(operated: Template) -> None:
    answered = {endpoint.gateway_route for endpoint in ENDPOINTS}

    assert answered == set(OPERATOR_ROUTES)
    assert STATUS.gateway_route == OPERATOR_PAGE
    assert {*OPERATOR_ROUTES, OPERATOR_PAGE} <= set(routes(operated))


def test_retrying_is_the_work_of_another_function_and_the_page_is_not(operated: Template) -> None:
    integrations = {
        name: target(each["Properties"]["IntegrationUri"])
        for name, each in operated.all("AWS::ApiGatewayV2::Integration").items()
    }

    def function_of(route: str) -> str:
        return integrations[re.findall(r'"Ref": "(\w+)"', json.dumps(routes(operated)[route]["Target"]))[0]]

    assert all("Operator" in function_of(route) for route in OPERATOR_ROUTES)
    assert "Query" in function_of(OPERATOR_PAGE)
    assert "Query" in function_of("GET /stats")


def test_the_query_function_goes_on_reading_alone(template: Template, operated: Template) -> None:
    assert operated.actions_of("AnswersQuery") == template.actions_of("AnswersQuery")


def test_the_operators_function_takes_dead_letters_alone_and_reads_nothing_of_photos(
    operated: Template,
) -> None:
    may: dict[str, set[str]] = {}
    for statement in operated.statements_of("OperatorFunction"):
        assert statement["Effect"] == "Allow"
        for action in listed(statement["Action"]):
            places = {json.dumps(each) for each in listed(statement["Resource"])}
            may.setdefault(action, set()).update(places)
            if action.startswith("dynamodb:"):
                keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
                assert keys == ["quota#*", "counts#*"]

    used = {action: places for action, places in may.items() if not action.startswith(("logs:", "xray:"))}
    assert set(used) == {
        "dynamodb:BatchGetItem",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
    }
    for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"):
        assert all("DeadLetters" in place for place in used[action])
    assert not any("DeadLetters" in place for place in used["sqs:SendMessage"])


def test_its_environment_is_what_it_reads(operated: Template) -> None:
    variables = operated.properties(FUNCTION, "OperatorFunction")["Environment"]["Variables"]
    texts = {
        name: operated.in_region(value, "eu-west-1") if "Fn::If" in str(value) else str(value)
        for name, value in variables.items()
    }

    assert load(OperatorSettings, texts).quotas["DetectLabels"] == 50
    assert operated.properties(FUNCTION, "AnswersQuery")["Environment"]["Variables"]["OPERATOR"] == "yes"


def test_each_of_its_routes_has_a_throttle_of_its_own(operated: Template) -> None:
    settings = operated.properties("AWS::ApiGatewayV2::Stage")["RouteSettings"]

    for route in OPERATOR_ROUTES:
        assert settings[route] == {
            "ThrottlingRateLimit": OPERATOR_REQUESTS_A_SECOND,
            "ThrottlingBurstLimit": OPERATOR_BURST,
        }


def test_signed_requests_can_be_allowed_route_by_route(operated: Template) -> None:
    found = routes(operated)

    assert {found[route]["AuthorizationType"] for route in (*OPERATOR_ROUTES, OPERATOR_PAGE)} == {"AWS_IAM"}


@pytest.mark.parametrize(
    ("retry_scope", "expected"), [("", "photos/operate"), ("photos/retry", "photos/retry")]
)
def test_people_need_a_scope_to_see_and_one_to_retry(
    synthesized: Synthesize, retry_scope: str, expected: str
) -> None:
    found = routes(Template.of(synthesized({**SCOPES, "retry_scope": retry_scope})))

    assert found[RETRY_ROUTE]["AuthorizationScopes"] == [expected]
    for route in OPERATOR_ROUTES:
        assert found[route]["AuthorizationType"] == "JWT"
        if route != RETRY_ROUTE:
            assert found[route]["AuthorizationScopes"] == ["photos/operate"]
    assert found[OPERATOR_PAGE]["AuthorizationType"] == "NONE"


@pytest.mark.parametrize(
    ("context", "blamed"),
    [
        ({**JWT, "operator": "true"}, "set operator_scope"),
        ({"operator": "true", "operator_scope": "photos/operate"}, "operator_scope is of use only"),
        ({**JWT, "operator_scope": "photos/operate"}, "operator_scope is of use only"),
        ({**SIGN_IN, "operator_scope": "photos/operate"}, "no scope of yours"),
        ({**JWT, "retry_scope": "photos/retry"}, "retry_scope is of use only"),
        ({**SCOPES, "retry_scope": "two words"}, "retry_scope is 'two words'"),
    ],
)
def test_scopes_that_would_let_everybody_in_or_nobody_are_refused(
    context: dict[str, object], blamed: str
) -> None:
    with pytest.raises(UnusableSettingsError, match=blamed):
        DeploymentSettings.from_context(context.get)


def test_of_people_who_sign_in_at_the_stacks_pool_operators_are_a_group(synthesized: Synthesize) -> None:
    template = Template.of(synthesized(SIGN_IN))

    group = template.properties("AWS::Cognito::UserPoolGroup")["GroupName"]
    variables = template.properties(FUNCTION, "OperatorFunction")["Environment"]["Variables"]
    assert variables["OPERATORS_GROUP"] == group == "operators"
    assert "/status" in json.dumps(template.properties("AWS::Cognito::UserPoolClient")["CallbackURLs"])
    assert all(routes(template)[route]["AuthorizationType"] == "JWT" for route in OPERATOR_ROUTES)


def test_without_operators_the_pool_has_no_group(synthesized: Synthesize) -> None:
    template = Template.of(synthesized({**SIGN_IN, "operator": "false"}))

    assert not template.all("AWS::Cognito::UserPoolGroup")
    assert "/status" not in json.dumps(template.document)


def test_an_open_api_whose_visitors_could_retry_says_so(synthesized: Synthesize) -> None:
    assembly = synthesized({"operator": "true", "api_access": "open"})

    assert (
        "anybody may see why photos failed"
        in (assembly.directory / f"{STACK_NAME}.metadata.json").read_text()
    )


def test_the_decision_is_where_the_settings_say() -> None:
    assert (ROOT / "docs/decisions/0020-retries-from-a-page.md").is_file()
