"""CloudFront before the API, by the setting `cloudfront`: page and API behind one name; WAF by `waf`."""

from aws_cdk import Aws, CfnRule, CfnRuleAssertion, Fn
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.accepted import accept
from infra.settings import DeploymentSettings

# The one region that has what CloudFront is protected by.
# https://docs.aws.amazon.com/waf/latest/developerguide/how-aws-waf-works-resources.html
WAF_REGION = "us-east-1"
# Of one address, in five minutes. A page that is looked at asks some dozens of times.
REQUESTS_OF_AN_ADDRESS = 2_000
MANAGED_RULES = ("AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet")
# A key is any text of up to 1,024 bytes, and stands in path, query and body: these would refuse photos for
# their names. What is asked is data here: no path, no address and no markup is made of it.
# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
ABOUT_KEYS = (
    "SizeRestrictions_QUERYSTRING",
    "SizeRestrictions_URIPATH",
    "EC2MetaDataSSRF_URIPATH",
    "EC2MetaDataSSRF_QUERYARGUMENTS",
    "GenericLFI_QUERYARGUMENTS",
    "GenericLFI_URIPATH",
    "RestrictedExtensions_URIPATH",
    "RestrictedExtensions_QUERYARGUMENTS",
    "GenericRFI_QUERYARGUMENTS",
    "GenericRFI_URIPATH",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "CrossSiteScripting_BODY",
    "CrossSiteScripting_QUERYARGUMENTS",
    "CrossSiteScripting_URIPATH",
)


class PageDistribution(Construct):
    """One name for page and API. Files below their own digest are kept, and no answer with data ever is."""

    def __init__(
        self, scope: Construct, construct_id: str, settings: DeploymentSettings, api: apigateway.HttpApi
    ) -> None:
        super().__init__(scope, construct_id)
        origin = origins.HttpOrigin(
            f"{api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}",
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
            origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
        )
        named = bool(settings.cloudfront_domain)
        certificate = (
            acm.Certificate.from_certificate_arn(self, "Certificate", settings.cloudfront_certificate)
            if named
            else None
        )
        web_acl = settings.web_acl_arn or (WebAcl(self, "WebAcl").arn if settings.waf else None)
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment="Photos: the page and its API",
            default_behavior=_asked_each_time(origin),
            additional_behaviors={"/page/*": _kept(origin)},
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            domain_names=[settings.cloudfront_domain] if named else None,
            certificate=certificate,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if named else None,
            web_acl_id=web_acl,
        )
        self._accept(named=named, has_acl=web_acl is not None)
        self.origin = f"https://{settings.cloudfront_domain or self.distribution.distribution_domain_name}"

    def _accept(self, *, named: bool, has_acl: bool) -> None:
        accept(self.distribution, "CFR1", "whoever may see the photos may be in any country")
        accept(self.distribution, "CFR3", "`access_logs` has the API say who asked; the files hold no data")
        if not named:
            accept(
                self.distribution,
                "CFR4",
                "CloudFront's own name has no other; `cloudfront_domain` takes TLS 1.2",
            )
        if not has_acl:
            accept(self.distribution, "CFR2", "`waf` makes a web ACL for $8 a month, `web_acl_arn` names one")


def _asked_each_time(origin: origins.HttpOrigin) -> cloudfront.BehaviorOptions:
    """Pass everything on but the name that was asked for, which API Gateway would not know; keep nothing.

    With a policy that keeps nothing, `authorization` is passed on too. The API packs its answers itself.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
    """
    return cloudfront.BehaviorOptions(
        origin=origin,
        allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
        cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
        origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        # What the API says of itself goes before these.
        response_headers_policy=cloudfront.ResponseHeadersPolicy.SECURITY_HEADERS,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    )


def _kept(origin: origins.HttpOrigin) -> cloudfront.BehaviorOptions:
    """Keep files that stand below a digest of themselves, for as long as they say; no token goes there."""
    return cloudfront.BehaviorOptions(
        origin=origin,
        cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
        response_headers_policy=cloudfront.ResponseHeadersPolicy.SECURITY_HEADERS,
        viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        compress=True,
    )


class WebAcl(Construct):
    """What may come to CloudFront: not too much from one address, and nothing of what AWS's rules know.

    HTTP APIs can have none of their own, and one for CloudFront is made in one region alone: elsewhere,
    CloudFormation refuses the stack before it makes anything.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        CfnRule(
            self,
            "Region",
            assertions=[
                CfnRuleAssertion(
                    assert_=Fn.condition_equals(Aws.REGION, WAF_REGION),
                    assert_description=(
                        f"waf=true works in {WAF_REGION} alone, where CloudFront's web ACLs are: make one "
                        "there, and name it as web_acl_arn"
                    ),
                )
            ],
        )
        rules = [_rate(0), *(_managed(name, place) for place, name in enumerate(MANAGED_RULES, start=1))]
        acl = wafv2.CfnWebACL(
            self,
            "Acl",
            scope="CLOUDFRONT",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_seen("page"),
            rules=rules,
        )
        self.arn = acl.attr_arn


def _rate(priority: int) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name="rate",
        priority=priority,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP", limit=REQUESTS_OF_AN_ADDRESS
            )
        ),
        visibility_config=_seen("rate"),
    )


def _managed(name: str, priority: int) -> wafv2.CfnWebACL.RuleProperty:
    """Take a group of AWS's rules; those that look for something in keys only count."""
    counted = [
        wafv2.CfnWebACL.RuleActionOverrideProperty(
            name=rule, action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={})
        )
        for rule in (ABOUT_KEYS if name == "AWSManagedRulesCommonRuleSet" else ())
    ]
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS", name=name, rule_action_overrides=counted or None
            )
        ),
        visibility_config=_seen(name),
    )


def _seen(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        # Requests are not kept as samples: a query says what somebody has searched for.
        sampled_requests_enabled=False,
        cloud_watch_metrics_enabled=True,
        metric_name=metric,
    )
