"""Signing in and CloudFront by setting: what is there with them, what is refused, and nothing without."""

import json
from typing import Any

import pytest

from infra.answers import STATIC_ROUTES
from infra.distribution import REQUESTS_OF_AN_ADDRESS, WAF_REGION
from infra.settings import DeploymentSettings, UnusableSettingsError
from tests.infra.conftest import Synthesize
from tests.infra.template import Template, target

SIGN_IN = {"api_access": "jwt", "sign_in": "true"}
ALL = {**SIGN_IN, "cloudfront": "true", "waf": "true", "prefix_claim": "cognito:groups"}
NAMED = {
    "api_access": "open",
    "cloudfront": "true",
    "cloudfront_domain": "photos.example.com",
    "cloudfront_certificate": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b",
    "web_acl_arn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/photos/0a1b",
}
OURS = ("AWS::Cognito", "AWS::CloudFront", "AWS::WAFv2")


@pytest.fixture(scope="module")
def whole(synthesized: Synthesize) -> Template:
    return Template.of(synthesized(ALL))


@pytest.fixture(scope="module")
def named(synthesized: Synthesize) -> Template:
    return Template.of(synthesized(NAMED))


@pytest.fixture(scope="module")
def alone(synthesized: Synthesize) -> Template:
    """People sign in, with nothing before the API, in a stack that keeps nothing."""
    return Template.of(synthesized({**SIGN_IN, "retained": "false"}))


def text_of(value: Any) -> str:
    """Give what CloudFormation makes of a text, with references as `{name}` and `{name.attribute}`."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return f"{{{value['Ref']}}}"
    if "Fn::GetAtt" in value:
        return "{" + ".".join(value["Fn::GetAtt"]) + "}"
    separator, parts = value.get("Fn::Join", ("", ["{…}"]))
    return str(separator.join(map(text_of, parts)))


def distribution(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = template.properties("AWS::CloudFront::Distribution")["DistributionConfig"]
    return found


def test_without_the_settings_nothing_of_it_is_there(template: Template) -> None:
    kinds = {resource["Type"] for resource in template.document["Resources"].values()}

    assert not [kind for kind in kinds if kind.startswith(OURS)]
    assert "PageUrl" not in template.document["Outputs"]
    variables = template.properties("AWS::Lambda::Function", "Query")["Environment"]["Variables"]
    assert not [name for name in variables if name.startswith(("SIGN_IN", "PREFIX"))]


def test_nobody_comes_in_whom_no_administrator_has_added(whole: Template) -> None:
    pool = whole.properties("AWS::Cognito::UserPool")

    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]


def test_people_outlive_the_stack_as_photos_do(whole: Template, alone: Template) -> None:
    _, pool = whole.the("AWS::Cognito::UserPool")
    _, passing = alone.the("AWS::Cognito::UserPool")

    assert (pool["DeletionPolicy"], pool["Properties"]["DeletionProtection"]) == ("Retain", "ACTIVE")
    assert passing["DeletionPolicy"] == "Delete"
    assert passing["Properties"].get("DeletionProtection", "INACTIVE") == "INACTIVE"


def test_the_page_is_a_public_client_that_changes_nothing_about_people(whole: Template) -> None:
    client = whole.properties("AWS::Cognito::UserPoolClient")

    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["AllowedOAuthScopes"] == ["openid"]
    assert client["WriteAttributes"] == ["email"]
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["EnableTokenRevocation"] is True
    assert client["RefreshTokenRotation"]["Feature"] == "ENABLED"
    # Cognito refuses the flow where refresh tokens rotate.
    assert "ALLOW_REFRESH_TOKEN_AUTH" not in client["ExplicitAuthFlows"]
    units = client["TokenValidityUnits"]
    assert (client["AccessTokenValidity"], units["AccessToken"]) == (60, "minutes")
    assert (client["RefreshTokenValidity"], units["RefreshToken"]) == (1440, "minutes")


def test_people_come_back_to_the_page_and_nowhere_else(whole: Template, alone: Template) -> None:
    front, _ = whole.the("AWS::CloudFront::Distribution")
    client = whole.properties("AWS::Cognito::UserPoolClient")
    (back,), (out,) = client["CallbackURLs"], client["LogoutURLs"]
    assert text_of(back) == text_of(out) == f"https://{{{front}.DomainName}}/"
    assert text_of(whole.document["Outputs"]["PageUrl"]["Value"]) == text_of(back)

    api, _ = alone.the("AWS::ApiGatewayV2::Api")
    (back,) = alone.properties("AWS::Cognito::UserPoolClient")["CallbackURLs"]
    assert text_of(back) == f"{{{api}.ApiEndpoint}}/"


def test_the_hosted_pages_have_a_name_and_a_style(whole: Template) -> None:
    domain = whole.properties("AWS::Cognito::UserPoolDomain")
    client, _ = whole.the("AWS::Cognito::UserPoolClient")
    style = whole.properties("AWS::Cognito::ManagedLoginBranding")

    assert domain["ManagedLoginVersion"] == 2
    assert "AWS::StackId" in json.dumps(domain["Domain"]), "two stacks of an account have two names"
    assert (target(style["ClientId"]), style["UseCognitoProvidedValues"]) == (client, True)


def test_the_api_takes_tokens_of_the_pool_for_the_page_which_knows_where_they_are(whole: Template) -> None:
    pool, _ = whole.the("AWS::Cognito::UserPool")
    client, _ = whole.the("AWS::Cognito::UserPoolClient")
    authorizer = whole.properties("AWS::ApiGatewayV2::Authorizer")["JwtConfiguration"]
    variables = whole.properties("AWS::Lambda::Function", "Query")["Environment"]["Variables"]

    issuer = f"https://cognito-idp.{{AWS::Region}}.{{AWS::URLSuffix}}/{{{pool}}}"
    assert text_of(authorizer["Issuer"]) == issuer
    assert list(map(target, authorizer["Audience"])) == [client]
    assert target(variables["SIGN_IN_CLIENT"]) == client
    assert text_of(variables["SIGN_IN_URL"]).endswith(".auth.{AWS::Region}.amazoncognito.com")
    for route in whole.all("AWS::ApiGatewayV2::Route").values():
        wanted = "NONE" if route["Properties"]["RouteKey"] in STATIC_ROUTES else "JWT"
        assert route["Properties"]["AuthorizationType"] == wanted


def test_no_answer_with_data_is_kept_by_cloudfront(whole: Template) -> None:
    config = distribution(whole)

    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
    disabled, optimized = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "658327ea-f89d-4fab-a63d-7e88639e58f6"
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == disabled
    assert {each["PathPattern"]: each["CachePolicyId"] for each in config["CacheBehaviors"]} == {
        "/page/*": optimized
    }
    kept = [route for route in STATIC_ROUTES if route.startswith("GET /page/")]
    assert kept == ["GET /page/{file+}"], "what is kept is static, and stands below its own digest"


def test_tokens_are_passed_on_and_the_name_that_was_asked_for_is_not(whole: Template) -> None:
    config, (api, _) = distribution(whole), whole.the("AWS::ApiGatewayV2::Api")

    # AllViewerExceptHostHeader
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
    passed_on = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    assert config["DefaultCacheBehavior"]["OriginRequestPolicyId"] == passed_on
    assert "POST" in config["DefaultCacheBehavior"]["AllowedMethods"]
    assert "OriginRequestPolicyId" not in config["CacheBehaviors"][0], "no token goes for a file"
    (origin,) = config["Origins"]
    assert text_of(origin["DomainName"]) == f"{{{api}}}.execute-api.{{AWS::Region}}.{{AWS::URLSuffix}}"
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]
    behaviors = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    assert {each["ViewerProtocolPolicy"] for each in behaviors} == {"redirect-to-https"}
    assert all("ResponseHeadersPolicyId" in each for each in behaviors)


def test_the_bucket_lets_in_the_page_where_people_open_it(whole: Template, named: Template) -> None:
    front, _ = whole.the("AWS::CloudFront::Distribution")

    def origins(template: Template) -> list[str]:
        (rule,) = template.properties("AWS::S3::Bucket", "Intake")["CorsConfiguration"]["CorsRules"]
        return list(map(text_of, rule["AllowedOrigins"]))

    assert origins(whole) == [f"https://{{{front}.DomainName}}"]
    assert origins(named) == ["https://photos.example.com"]
    assert "CorsConfiguration" not in whole.properties("AWS::ApiGatewayV2::Api")


def test_a_name_of_ones_own_has_its_certificate_and_the_web_acl_that_is_there(named: Template) -> None:
    config = distribution(named)

    assert config["Aliases"] == ["photos.example.com"]
    assert config["ViewerCertificate"]["AcmCertificateArn"] == NAMED["cloudfront_certificate"]
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert config["WebACLId"] == NAMED["web_acl_arn"]
    assert named.all("AWS::WAFv2::WebACL") == {}
    assert named.document["Outputs"]["PageUrl"]["Value"] == "https://photos.example.com/"


def test_waf_bounds_an_address_and_refuses_no_photo_for_its_name(whole: Template) -> None:
    acl = whole.properties("AWS::WAFv2::WebACL")
    rules = {rule["Name"]: rule for rule in acl["Rules"]}

    assert acl["Scope"] == "CLOUDFRONT"
    assert rules["rate"]["Statement"]["RateBasedStatement"]["Limit"] == REQUESTS_OF_AN_ADDRESS
    assert rules["rate"]["Action"] == {"Block": {}}
    common = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {rule["Name"] for rule in common["RuleActionOverrides"]}
    # A key stands in path, query and body: whatever looks for something there only counts.
    for what in ("GenericLFI", "GenericRFI", "CrossSiteScripting", "EC2MetaDataSSRF"):
        assert {f"{what}_{place}" for place in ("URIPATH", "QUERYARGUMENTS", "BODY")} <= counted
    assert not {"NoUserAgent_HEADER", "UserAgent_BadBots_HEADER"} & counted
    assert not any(rule["VisibilityConfig"]["SampledRequestsEnabled"] for rule in acl["Rules"])


def test_waf_elsewhere_is_refused_before_anything_is_made(whole: Template, named: Template) -> None:
    ((assertion,),) = (
        rule["Assertions"] for name, rule in whole.document["Rules"].items() if "WebAcl" in name
    )

    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, WAF_REGION]}
    assert "name it as web_acl_arn" in assertion["AssertDescription"]
    assert not [name for name in named.document["Rules"] if "WebAcl" in name]


OPEN = {"api_access": "open", "cloudfront": "true"}


@pytest.mark.parametrize(
    ("context", "blamed"),
    [
        ({"sign_in": "true"}, "sign_in gives people tokens; set api_access to 'jwt', which takes them$"),
        ({**SIGN_IN, "jwt_audience": "a"}, "sign_in makes issuer and audience of tokens itself"),
        ({**SIGN_IN, "upload_scope": "a/b"}, "upload_scope is set, and tokens that people get"),
        ({"api_access": "jwt"}, "or sign_in to true$"),
        ({"cloudfront": "true"}, "callers sign the host's name, which CloudFront changes on the way"),
        ({"waf": "true"}, "waf is of use only where cloudfront is true$"),
        ({"web_acl_arn": "arn"}, "web_acl_arn is of use only where cloudfront is true$"),
        ({**OPEN, "cloudfront_domain": "a.b.com"}, "belong together; set both or none$"),
        ({**NAMED, "cloudfront_domain": "https://a.b.com/"}, "it is as in photos.example.com$"),
        (
            {**NAMED, "cloudfront_certificate": "arn:aws:acm:eu-west-1:123456789012:certificate/0a"},
            "CloudFront takes certificates of us-east-1 alone",
        ),
        ({**NAMED, "waf": "true"}, "waf and web_acl_arn are both set; choose one$"),
        (
            {**NAMED, "web_acl_arn": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/b"},
            "CloudFront takes web ACLs of us-east-1 alone",
        ),
    ],
)
def test_what_would_not_work_is_refused_with_what_to_do(context: dict[str, object], blamed: str) -> None:
    with pytest.raises(UnusableSettingsError, match=blamed):
        DeploymentSettings.from_context(context.get)
