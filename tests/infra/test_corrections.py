"""The function that takes corrections: its rights, who may reach it, and that it can be off."""

import json
from typing import Any

import pytest

from contract.environment import load
from contract.people import PEOPLE
from contract.quotas import OPERATOR_BURST, OPERATOR_REQUESTS_A_SECOND
from contract.settings import EditorSettings, ProcessorSettings, TallySettings
from contract.table import record_key, signing_key
from infra.answers import CORRECTION_ROUTES
from infra.bundles import ROOT
from infra.settings import DeploymentSettings, UnusableSettingsError
from local.cloud.assembly import STACK_NAME
from local.cloud.permissions import LEADING_KEYS
from query_api.endpoints.correcting import ENDPOINTS
from tests.infra.conftest import JWT, Synthesize
from tests.infra.roles import arn_of, decides, granted, statements
from tests.infra.template import Template
from tests.infra.test_people import ON as PEOPLE_ON

FUNCTION = "AWS::Lambda::Function"
ON = {"corrections": "true"}


@pytest.fixture(scope="module")
def corrected(synthesized: Synthesize) -> Template:
    return Template.of(synthesized(ON))


def routes(template: Template) -> dict[str, Any]:
    found = template.all("AWS::ApiGatewayV2::Route").values()
    return {route["Properties"]["RouteKey"]: route["Properties"] for route in found}


def variables(template: Template, function: str) -> dict[str, str]:
    found: dict[str, str] = template.properties(FUNCTION, function)["Environment"]["Variables"]
    return {name: str(value) for name, value in found.items()}


def test_without_it_nothing_is_there(template: Template) -> None:
    written = json.dumps(template.document)

    assert "Editor" not in written
    assert "CORRECT" not in written
    assert not set(CORRECTION_ROUTES) & set(routes(template))


def test_the_gateway_leads_to_what_the_function_answers(corrected: Template) -> None:
    assert {endpoint.gateway_route for endpoint in ENDPOINTS} == set(CORRECTION_ROUTES)
    assert set(CORRECTION_ROUTES) <= set(routes(corrected))
    assert {routes(corrected)[route]["AuthorizationType"] for route in CORRECTION_ROUTES} == {"AWS_IAM"}


def test_where_persons_are_looked_for_it_reads_whose_name_is_whose(
    corrected: Template, synthesized: Synthesize
) -> None:
    named = Template.of(synthesized({**PEOPLE_ON, **ON}))

    def may(action: str, key: str, where: Template) -> bool:
        table = arn_of(where, where.the("AWS::DynamoDB::Table")[0])
        return decides(
            statements(where, "EditorFunction"), f"dynamodb:{action}", table, **{LEADING_KEYS: [key]}
        )

    assert may("Query", PEOPLE, named)
    assert not may("Query", PEOPLE, corrected)
    assert not may("PutItem", PEOPLE, named)
    assert not may("GetItem", PEOPLE, named)
    assert "PEOPLE" not in variables(corrected, "EditorFunction")
    assert variables(named, "EditorFunction")["PEOPLE"] == "yes"


def test_it_writes_what_is_kept_by_content_alone_and_reaches_no_photo(corrected: Template) -> None:
    allowed = statements(corrected, "EditorFunction")
    table = arn_of(corrected, corrected.the("AWS::DynamoDB::Table")[0])

    def may(action: str, key: str) -> bool:
        return decides(allowed, f"dynamodb:{action}", table, **{LEADING_KEYS: [key]})

    record, content = record_key("a.jpg").pk, "content#e-1"
    assert may("GetItem", record)
    assert may("ConditionCheckItem", record)
    assert may("GetItem", content)
    assert may("PutItem", content)
    assert may("Query", content)
    for action in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "Query"):
        for key in (record, signing_key().pk, "counted#a.jpg", "index#label:cat#0", "tally#labels#0"):
            assert not may(action, key), (action, key)
    assert {action for action, _ in granted(corrected, "EditorFunction")} == {
        "dynamodb:BatchGetItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:SendMessage",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    assert {on for action, on in granted(corrected, "EditorFunction") if action == "sqs:SendMessage"} == {
        arn_of(corrected, corrected.the("AWS::SQS::Queue", "IntakeImagesQueue")[0])
    }


def test_the_query_function_goes_on_reading_alone(template: Template, corrected: Template) -> None:
    assert corrected.actions_of("AnswersQuery") == template.actions_of("AnswersQuery")
    assert corrected.actions_of("ProcessingProcessor") == template.actions_of("ProcessingProcessor")


def test_each_function_is_told(corrected: Template) -> None:
    assert load(EditorSettings, variables(corrected, "EditorFunction")).prefix_claim == ""
    assert variables(corrected, "AnswersQuery")["CORRECTIONS"] == "yes"
    assert "CORRECTIONS" in {field.upper() for field in ProcessorSettings.__dataclass_fields__}
    assert variables(corrected, "ProcessingProcessor")["CORRECTIONS"] == "yes"
    told = load(TallySettings, variables(corrected, "TallyingTally"))
    assert told.corrected_queue_url
    assert told.corrected_bucket == told.bucket_name


def test_the_tally_is_told_where_nothing_is_audited(synthesized: Synthesize) -> None:
    told = load(
        TallySettings,
        variables(Template.of(synthesized({**ON, "daily_check": "false"})), "TallyingTally"),
    )

    assert told.corrected_queue_url
    assert told.corrected_bucket
    assert told.bucket_name == ""


def test_pages_of_others_may_correct_where_they_may_ask(synthesized: Synthesize) -> None:
    template = Template.of(synthesized({**JWT, **ON, "correct_scope": "photos/correct"}))

    cors = template.properties("AWS::ApiGatewayV2::Api")["CorsConfiguration"]
    assert "PATCH" in cors["AllowMethods"]
    assert "if-match" in cors["AllowHeaders"]
    assert cors["ExposeHeaders"] == ["etag"]
    for route in CORRECTION_ROUTES:
        assert routes(template)[route]["AuthorizationScopes"] == ["photos/correct"]


def test_its_routes_have_the_throttle_of_operators(corrected: Template) -> None:
    settings = corrected.properties("AWS::ApiGatewayV2::Stage")["RouteSettings"]

    for route in CORRECTION_ROUTES:
        assert settings[route] == {
            "ThrottlingRateLimit": OPERATOR_REQUESTS_A_SECOND,
            "ThrottlingBurstLimit": OPERATOR_BURST,
        }


def test_an_alarm_watches_it(corrected: Template, template: Template) -> None:
    def watched(of: Template) -> str:
        return json.dumps(of.all("AWS::CloudWatch::Alarm"))

    assert "EditorFunction" in watched(corrected)
    assert "EditorFunction" not in watched(template)


def test_an_open_api_whose_visitors_could_correct_says_so(synthesized: Synthesize) -> None:
    assembly = synthesized({**ON, "api_access": "open"})

    said = (assembly.directory / f"{STACK_NAME}.metadata.json").read_text()
    assert "corrections is on and the API is open: anybody may change what is said of photos." in said


PREFIXES = {**JWT, **ON, "prefix_claim": "prefixes"}


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        (
            PREFIXES,
            "corrections and prefix_claim are both set, and photos with the same bytes share what is said of "
            "them: who may see some could correct others' copies; set share_answers to false",
        ),
        (
            {**ON, "correct_scope": "photos/correct"},
            "correct_scope is of use only where corrections is on and api_access is 'jwt'",
        ),
        (
            {**JWT, "correct_scope": "photos/correct"},
            "correct_scope is of use only where corrections is on and api_access is 'jwt'",
        ),
        (
            {"api_access": "jwt", "sign_in": "true", **ON, "correct_scope": "photos/correct"},
            "correct_scope is set, and tokens that people get by sign_in have no scope of yours",
        ),
        (
            {**JWT, **ON, "correct_scope": "two words"},
            "correct_scope is 'two words'; it is one scope, as in photos/correct",
        ),
    ],
)
def test_settings_that_mean_nothing_together_are_refused(context: dict[str, object], sentence: str) -> None:
    with pytest.raises(UnusableSettingsError) as refused:
        DeploymentSettings.from_context(context.get)

    assert str(refused.value) == sentence


def test_photos_apart_can_be_corrected_by_those_who_see_some() -> None:
    assert DeploymentSettings.from_context({**PREFIXES, "share_answers": "false"}.get).corrections


def test_the_decision_is_where_the_settings_say() -> None:
    assert (ROOT / "docs/decisions/0026-corrections-by-content.md").is_file()
