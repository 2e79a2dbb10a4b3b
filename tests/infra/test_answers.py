"""The HTTP API: what it routes where, and who may ask."""

from collections.abc import Mapping
from dataclasses import MISSING, fields

import pytest

from contract import table
from contract.cameras import Cameras
from contract.items import PARTITION_KEY
from contract.policy import Policy
from infra.answers import ACCESS_ROUTE, ROUTES, STATIC_ROUTES, UPLOAD_ROUTE
from infra.settings import DeploymentSettings, UnusableSettingsError
from query_api.endpoints import correcting, operating
from query_api.endpoints.page import SignInPages
from query_api.routes import Dependencies, all_routes
from tests.infra.conftest import EVERYTHING, JWT, Synthesize
from tests.infra.template import Template
from tests.query_api.site import Site

# What is open to all, with no more said.
OPEN = {"api_access": "open", "cors_origins": "https://photos.example"}


@pytest.fixture(scope="module")
def open_template(synthesized: Synthesize) -> Template:
    return Template.of(synthesized(OPEN))


@pytest.fixture(scope="module")
def jwt_template(synthesized: Synthesize) -> Template:
    return Template.of(synthesized(JWT))


def variables_of(template: Template) -> Mapping[str, str]:
    """Give what the query function is told."""
    variables: Mapping[str, str] = template.properties("AWS::Lambda::Function", "Query")["Environment"][
        "Variables"
    ]
    return variables


def routes_of(template: Template) -> dict[str, str]:
    """Give who may take each route."""
    return {
        route["Properties"]["RouteKey"]: route["Properties"].get("AuthorizationType", "NONE")
        for route in template.all("AWS::ApiGatewayV2::Route").values()
    }


@pytest.mark.parametrize("uploads", [True, False])
def test_what_the_function_answers_is_what_the_api_routes(
    template: Template, open_template: Template, uploads: bool
) -> None:
    endpoints = [route.endpoint for route in all_routes(Site(uploads=uploads).parts)]
    answered = {endpoint.gateway_route: endpoint.is_static for endpoint in endpoints}

    routes = (*ROUTES, UPLOAD_ROUTE) if uploads else ROUTES
    assert answered == {**dict.fromkeys(routes, False), **dict.fromkeys(STATIC_ROUTES, True)}
    assert set(routes_of(template if uploads else open_template)) == set(answered)


def test_every_wing_is_routed(synthesized: Synthesize) -> None:
    parts = Site(
        near_duplicates=True,
        operator=True,
        corrections=True,
        block_tag=True,
        sign_in=SignInPages("https://people.example", "client"),
        policy=Policy(),
        meaning=True,
        people={"1": "Ada"},
        cameras=Cameras(),
    ).parts
    optional = {each.name for each in fields(Dependencies) if each.default is not MISSING}
    off = {name for name in optional if getattr(parts, name) in (None, False, "")}
    assert off == {"prefix_claim", "visible"}, "access by prefix has a test of its own, below"

    answered = {route.endpoint.gateway_route for route in all_routes(parts)}
    apart = {endpoint.gateway_route for endpoint in (*operating.ENDPOINTS, *correcting.ENDPOINTS)}
    assert set(routes_of(Template.of(synthesized(EVERYTHING)))) == answered | apart


def test_by_prefix_there_is_one_route_more_and_the_function_knows_the_claim(
    synthesized: Synthesize, template: Template
) -> None:
    by_prefix = Template.of(synthesized({**JWT, "prefix_claim": "photos_prefixes"}))
    endpoints = [route.endpoint for route in all_routes(Site(prefix_claim="photos_prefixes").parts)]

    assert set(routes_of(by_prefix)) == {endpoint.gateway_route for endpoint in endpoints}
    assert routes_of(by_prefix)[ACCESS_ROUTE] == "JWT"
    assert variables_of(by_prefix)["PREFIX_CLAIM"] == "photos_prefixes"
    assert ACCESS_ROUTE not in routes_of(template)
    assert "PREFIX_CLAIM" not in variables_of(template)


def test_where_anybody_may_look_nobody_may_upload_by_default(open_template: Template) -> None:
    assert UPLOAD_ROUTE not in routes_of(open_template)
    assert "s3:PutObject" not in open_template.actions_of("Query")
    assert {"s3:GetObject", "s3:GetObjectVersion"} <= open_template.actions_of("Query")
    assert variables_of(open_template)["UPLOADS"] == "no"
    (rule,) = open_template.properties("AWS::S3::Bucket", "Intake")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["GET"]
    assert open_template.properties("AWS::ApiGatewayV2::Api")["CorsConfiguration"]["AllowMethods"] == ["GET"]


def test_the_local_place_takes_uploads_because_it_says_so(local_template: Template) -> None:
    assert routes_of(local_template)[UPLOAD_ROUTE] == "NONE"
    assert "s3:PutObject" in local_template.actions_of("Query")
    assert variables_of(local_template)["UPLOADS"] == "yes"


def test_uploading_may_need_a_scope_of_its_own(jwt_template: Template, template: Template) -> None:
    scopes = {
        route["Properties"]["RouteKey"]: route["Properties"].get("AuthorizationScopes")
        for route in jwt_template.all("AWS::ApiGatewayV2::Route").values()
    }

    assert {route for route, wanted in scopes.items() if wanted} == {UPLOAD_ROUTE}
    assert scopes[UPLOAD_ROUTE] == ["photos/upload"]
    assert "AuthorizationScopes" not in str(template.all("AWS::ApiGatewayV2::Route"))


@pytest.mark.parametrize(
    ("context", "takes"),
    [
        ({}, True),
        ({"uploads": "false"}, False),
        ({"uploads": False}, False),
        ({"api_access": "open"}, False),
        ({"api_access": "open", "uploads": "true"}, True),
        ({name: JWT[name] for name in ("api_access", "jwt_issuer", "jwt_audience")}, True),
        ({**JWT, "upload_scope": "", "uploads": "false"}, False),
    ],
)
def test_uploads_are_on_where_callers_are_known(context: dict[str, object], takes: bool) -> None:
    assert DeploymentSettings.from_context(context.get).takes_uploads is takes


def test_the_api_is_closed_by_default(template: Template) -> None:
    assert set(routes_of(template).values()) == {"AWS_IAM"}


def test_the_api_is_open_where_the_settings_say_so(local_template: Template) -> None:
    assert set(routes_of(local_template).values()) == {"NONE"}


def test_people_sign_in_for_data_and_for_nothing_else(jwt_template: Template) -> None:
    found = routes_of(jwt_template)

    assert {found[route] for route in (*ROUTES, UPLOAD_ROUTE)} == {"JWT"}
    assert {found[route] for route in STATIC_ROUTES} == {"NONE"}
    assert jwt_template.properties("AWS::ApiGatewayV2::Authorizer")["JwtConfiguration"] == {
        "Audience": ["photos"],
        "Issuer": "https://people.example",
    }


def test_the_api_is_throttled(template: Template) -> None:
    stage = template.properties("AWS::ApiGatewayV2::Stage")

    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 200, "ThrottlingRateLimit": 100}


def test_costly_routes_have_a_throttle_of_their_own(template: Template, open_template: Template) -> None:
    costly = {"ThrottlingBurstLimit": 40, "ThrottlingRateLimit": 20}

    wanted = {"GET /images", "GET /labels", "GET /stats", "POST /uploads"}
    assert template.properties("AWS::ApiGatewayV2::Stage")["RouteSettings"] == dict.fromkeys(wanted, costly)
    settings = open_template.properties("AWS::ApiGatewayV2::Stage")["RouteSettings"]
    assert set(settings) == wanted - {"POST /uploads"}, "settings of a route that is not there are refused"


def test_the_stage_waits_for_the_routes_that_its_settings_name(template: Template) -> None:
    _, stage = template.the("AWS::ApiGatewayV2::Stage")
    throttled = stage["Properties"]["RouteSettings"]

    routes = {
        route["Properties"]["RouteKey"]: name
        for name, route in template.all("AWS::ApiGatewayV2::Route").items()
    }
    assert {routes[key] for key in throttled} <= set(stage["DependsOn"])


def test_no_throttle_of_a_route_is_above_that_of_all(synthesized: Synthesize) -> None:
    template = Template.of(synthesized({**OPEN, "api_requests_a_second": "10", "api_burst": "15"}))
    (stage,) = template.all("AWS::ApiGatewayV2::Stage").values()

    for costly in stage["Properties"]["RouteSettings"].values():
        assert costly == {"ThrottlingBurstLimit": 15, "ThrottlingRateLimit": 10}


def test_pages_of_other_hosts_may_ask_where_the_settings_name_them(
    template: Template, jwt_template: Template
) -> None:
    assert "CorsConfiguration" not in template.properties("AWS::ApiGatewayV2::Api")
    cors = jwt_template.properties("AWS::ApiGatewayV2::Api")["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://photos.example"]
    (rule,) = jwt_template.properties("AWS::S3::Bucket", "Intake")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"][1:] == ["https://photos.example"]


def test_the_page_may_upload_to_the_bucket(template: Template) -> None:
    api, _ = template.the("AWS::ApiGatewayV2::Api")
    (rule,) = template.properties("AWS::S3::Bucket", "Intake")["CorsConfiguration"]["CorsRules"]

    assert rule["AllowedMethods"] == ["GET", "PUT"]
    assert rule["ExposedHeaders"] == ["etag", "x-amz-version-id"]
    assert api in str(rule["AllowedOrigins"])


def test_rows_are_ordered_by_confidence_too_where_that_was_chosen(jwt_template: Template) -> None:
    (index,) = jwt_template.properties("AWS::DynamoDB::Table")["GlobalSecondaryIndexes"]

    assert index["IndexName"] == table.RANK_INDEX
    assert [key["AttributeName"] for key in index["KeySchema"]] == [PARTITION_KEY, table.RANK]
    assert index["Projection"]["NonKeyAttributes"] == list(table.RANK_PROJECTED)


def test_the_order_by_confidence_is_left_out_and_the_function_knows(template: Template) -> None:
    assert "GlobalSecondaryIndexes" not in template.properties("AWS::DynamoDB::Table")
    assert variables_of(template)["CONFIDENCE_ORDER"] == "no"


@pytest.mark.parametrize(
    ("context", "blamed"),
    [
        ({"api_access": "jwt"}, "set jwt_issuer to an https URL and jwt_audience to one or more, or sign_in"),
        ({"api_access": "jwt", "jwt_issuer": "http://a", "jwt_audience": "b"}, "jwt_issuer"),
        ({"cors_origins": "*"}, r"cors_origins has \*; an origin is as in https://photos\.example$"),
        ({"cors_origins": "https://a/b"}, "cors_origins"),
        ({"api_burst": "0"}, "api_burst is 0; it must be 1 to 10000$"),
        ({"uploads": "perhaps"}, "uploads is 'perhaps', which is not of type bool$"),
        (
            {"upload_scope": "photos/upload"},
            "upload_scope is of use only where api_access is 'jwt' and uploads are not off$",
        ),
        ({**JWT, "uploads": "false"}, "upload_scope"),
        ({"prefix_claim": "p"}, "prefix_claim is about tokens, which only api_access 'jwt' has$"),
        (
            {**JWT, "prefix_claim": "p", "scenes": "true"},
            "prefix_claim and scenes are both set: .* choose one$",
        ),
        ({**JWT, "prefix_claim": "a b"}, "prefix_claim is 'a b'; it is the name of one claim$"),
        ({**JWT, "upload_scope": "two scopes"}, "is 'two scopes'; it is one scope, as in photos/upload$"),
    ],
)
def test_settings_that_would_not_work_are_refused(context: dict[str, object], blamed: str) -> None:
    with pytest.raises(UnusableSettingsError, match=blamed):
        DeploymentSettings.from_context(context.get)
