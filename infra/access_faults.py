"""What is wrong with the settings of who may see, add and correct photos, and of where they ask."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.settings import DeploymentSettings


def faults_of_access(settings: "DeploymentSettings") -> list[str]:
    """Return what cannot be meant, a sentence each that names the setting and says what to write instead."""
    return [
        *_unusable_upload_scope(settings),
        *_unusable_prefix_claim(settings),
        *_unusable_sign_in(settings),
        *_unusable_cloudfront(settings),
        *_unusable_operator_scopes(settings),
        *_unusable_corrections(settings),
    ]


def _unusable_upload_scope(settings: "DeploymentSettings") -> list[str]:
    if not settings.upload_scope:
        return []
    faults = []
    if settings.api_access != "jwt" or not settings.takes_uploads:
        faults.append("upload_scope is of use only where api_access is 'jwt' and uploads are not off")
    return [*faults, *_malformed_scope("upload_scope", settings.upload_scope, "photos/upload")]


def _malformed_scope(name: str, scope: str, example: str) -> list[str]:
    # https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    if re.fullmatch(r"[!#-\[\]-~]+", scope):
        return []
    return [f"{name} is {scope!r}; it is one scope, as in {example}"]


def _unusable_operator_scopes(settings: "DeploymentSettings") -> list[str]:
    """Return what is wrong with who may see failures and retry: not everybody who may look at photos."""
    is_signed_in = settings.api_access == "jwt"
    faults = []
    if settings.operator and is_signed_in and not (settings.operator_scope or settings.sign_in):
        faults.append(
            "operator is on and api_access is 'jwt'; set operator_scope to the scope of operators' tokens "
            "(as in photos/operate), for without it whoever signs in could send failed photos back"
        )
    for name in ("operator_scope", "retry_scope"):
        scope = getattr(settings, name)
        if not scope:
            continue
        if settings.sign_in:
            faults.append(
                f"{name} is set, and tokens that people get by sign_in have no scope of yours; operators are "
                "those in the pool's group 'operators'"
            )
        elif not (settings.operator and is_signed_in):
            faults.append(f"{name} is of use only where operator is on and api_access is 'jwt'")
        faults += _malformed_scope(name, scope, "photos/operate")
    return faults


def _unusable_corrections(settings: "DeploymentSettings") -> list[str]:
    faults = []
    if settings.corrections and settings.prefix_claim and settings.answers_are_shared:
        faults.append(
            "corrections and prefix_claim are both set, and photos with the same bytes share what is said of "
            "them: who may see some could correct others' copies; set share_answers to false"
        )
    if not settings.correct_scope:
        return faults
    if settings.sign_in:
        faults.append("correct_scope is set, and tokens that people get by sign_in have no scope of yours")
    elif not settings.corrections or settings.api_access != "jwt":
        faults.append("correct_scope is of use only where corrections is on and api_access is 'jwt'")
    return [*faults, *_malformed_scope("correct_scope", settings.correct_scope, "photos/correct")]


def _unusable_prefix_claim(settings: "DeploymentSettings") -> list[str]:
    if not settings.prefix_claim:
        return []
    faults = []
    if settings.api_access != "jwt":
        faults.append("prefix_claim is about tokens, which only api_access 'jwt' has")
    if settings.scenes:
        faults.append(
            "prefix_claim and scenes are both set: photos of a burst would have each other's answers, also "
            "those of a prefix that the caller may not see; choose one"
        )
    if re.search(r"\s", settings.prefix_claim):
        faults.append(f"prefix_claim is {settings.prefix_claim!r}; it is the name of one claim")
    return faults


def _unusable_sign_in(settings: "DeploymentSettings") -> list[str]:
    if not settings.sign_in:
        return []
    faults = []
    if settings.api_access != "jwt":
        faults.append("sign_in gives people tokens; set api_access to 'jwt', which takes them")
    if settings.jwt_issuer or settings.jwt_audience:
        faults.append(
            "sign_in makes issuer and audience of tokens itself; leave out jwt_issuer and jwt_audience"
        )
    if settings.upload_scope:
        faults.append("upload_scope is set, and tokens that people get by sign_in have no scope of yours")
    return faults


def _unusable_cloudfront(settings: "DeploymentSettings") -> list[str]:
    parts = ("cloudfront_domain", "cloudfront_certificate", "waf", "web_acl_arn")
    if not settings.cloudfront:
        return [
            f"{name} is of use only where cloudfront is true" for name in parts if getattr(settings, name)
        ]
    faults = []
    if settings.api_access == "iam":
        faults.append(
            "cloudfront and api_access 'iam' do not go together: callers sign the host's name, which "
            "CloudFront changes on the way; set api_access to 'jwt' (or 'open'), or leave out cloudfront"
        )
    if bool(settings.cloudfront_domain) != bool(settings.cloudfront_certificate):
        faults.append("cloudfront_domain and cloudfront_certificate belong together; set both or none")
    if settings.cloudfront_domain and not re.fullmatch(
        r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", settings.cloudfront_domain
    ):
        faults.append(f"cloudfront_domain is {settings.cloudfront_domain!r}; it is as in photos.example.com")
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
    if settings.cloudfront_certificate and not re.fullmatch(
        r"arn:aws:acm:us-east-1:\d{12}:certificate/[\w-]+", settings.cloudfront_certificate
    ):
        faults.append(
            f"cloudfront_certificate is {settings.cloudfront_certificate!r}; CloudFront takes certificates "
            "of us-east-1 alone, as in arn:aws:acm:us-east-1:123456789012:certificate/…"
        )
    if settings.waf and settings.web_acl_arn:
        faults.append("waf and web_acl_arn are both set; choose one")
    if settings.web_acl_arn and not re.fullmatch(
        r"arn:aws:wafv2:us-east-1:\d{12}:global/webacl/[\w-]+/[\w-]+", settings.web_acl_arn
    ):
        faults.append(
            f"web_acl_arn is {settings.web_acl_arn!r}; CloudFront takes web ACLs of us-east-1 alone, as in "
            "arn:aws:wafv2:us-east-1:123456789012:global/webacl/photos/…"
        )
    return faults
