"""The HTTP API: what it routes where, and who may ask."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from contract import table
from infra.answers import ROUTES, STATIC_ROUTES
from infra.local.assembly import synthesize
from infra.settings import DeploymentSettings, UnusableSettingsError
from query_api.routes import all_routes
from tests.infra.template import Template
from tests.query_api.site import Site

JWT = {
    "api_access": "jwt",
    "jwt_issuer": "https://people.example",
    "jwt_audience": "photos",
    "cors_origins": "https://photos.example",
    "confidence_order": "true",
}


@pytest.fixture(scope="module")
def jwt_template() -> Template:
    assembly, _ = synthesize(JWT)
    return Template.parse(assembly.template)


def routes_of(template: Template) -> dict[str, str]:
    """Give who may take each route."""
    return {
        route["Properties"]["RouteKey"]: route["Properties"].get("AuthorizationType", "NONE")
        for route in template.all("AWS::ApiGatewayV2::Route").values()
    }


def test_what_the_function_answers_is_what_the_api_routes(template: Template) -> None:
    endpoints = [route.endpoint for route in all_routes(Site().parts)]
    answered = {endpoint.gateway_route: endpoint.is_static for endpoint in endpoints}

    assert answered == {**dict.fromkeys(ROUTES, False), **dict.fromkeys(STATIC_ROUTES, True)}
    assert set(routes_of(template)) == set(answered)


def test_the_api_is_closed_by_default(template: Template) -> None:
    assert set(routes_of(template).values()) == {"AWS_IAM"}


def test_the_api_is_open_where_the_settings_say_so(local_template: Template) -> None:
    assert set(routes_of(local_template).values()) == {"NONE"}


def test_people_sign_in_for_data_and_for_nothing_else(jwt_template: Template) -> None:
    found = routes_of(jwt_template)

    assert {found[route] for route in ROUTES} == {"JWT"}
    assert {found[route] for route in STATIC_ROUTES} == {"NONE"}
    assert jwt_template.properties("AWS::ApiGatewayV2::Authorizer")["JwtConfiguration"] == {
        "Audience": ["photos"],
        "Issuer": "https://people.example",
    }


def test_the_api_is_throttled(template: Template) -> None:
    stage = template.properties("AWS::ApiGatewayV2::Stage")

    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 200, "ThrottlingRateLimit": 100}


def test_pages_of_other_hosts_may_ask_where_the_settings_name_them(
    template: Template, jwt_template: Template
) -> None:
    assert "CorsConfiguration" not in template.properties("AWS::ApiGatewayV2::Api")
    cors = jwt_template.properties("AWS::ApiGatewayV2::Api")["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://photos.example"]
    (rule,) = jwt_template.properties("AWS::S3::Bucket")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"][1:] == ["https://photos.example"]


def test_the_page_may_upload_to_the_bucket(template: Template) -> None:
    api, _ = template.the("AWS::ApiGatewayV2::Api")
    (rule,) = template.properties("AWS::S3::Bucket")["CorsConfiguration"]["CorsRules"]

    assert rule["AllowedMethods"] == ["GET", "POST"]
    assert api in str(rule["AllowedOrigins"])


def test_rows_are_ordered_by_confidence_too_where_that_was_chosen(jwt_template: Template) -> None:
    (index,) = jwt_template.properties("AWS::DynamoDB::Table")["GlobalSecondaryIndexes"]

    assert index["IndexName"] == table.RANK_INDEX
    assert [key["AttributeName"] for key in index["KeySchema"]] == [table.PARTITION_KEY, table.RANK]
    assert index["Projection"]["NonKeyAttributes"] == list(table.RANK_PROJECTED)


def test_the_order_by_confidence_is_left_out_and_the_function_knows(template: Template) -> None:
    assert "GlobalSecondaryIndexes" not in template.properties("AWS::DynamoDB::Table")
    variables = template.properties("AWS::Lambda::Function", "Query")["Environment"]["Variables"]
    assert variables["CONFIDENCE_ORDER"] == "no"


def test_cfn_lint_finds_nothing_in_it_either() -> None:
    assembly, _ = synthesize(JWT)
    path = assembly.directory / "imagepipe.template.json"
    finished = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), "--", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout


@pytest.mark.parametrize(
    ("context", "blamed"),
    [
        ({"api_access": "jwt"}, "jwt_issuer"),
        ({"api_access": "jwt", "jwt_issuer": "http://a", "jwt_audience": "b"}, "jwt_issuer"),
        ({"cors_origins": "*"}, "cors_origins"),
        ({"cors_origins": "https://a/b"}, "cors_origins"),
        ({"api_burst": "0"}, "api_burst"),
    ],
)
def test_settings_that_would_not_work_are_refused(context: dict[str, object], blamed: str) -> None:
    with pytest.raises(UnusableSettingsError, match=blamed):
        DeploymentSettings.from_context(context.get)
