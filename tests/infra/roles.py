"""What a role may do, decided as IAM decides: by MiniStack's evaluator, over the synthesized policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core.iam_evaluator import (  # type: ignore[import-untyped]
    EvalContext,
    evaluate,
    evaluate_resource_policy,
    parse_policy_document,
)

from tests.infra.template import Template, listed

ACCOUNT, REGION = "123456789012", "us-east-1"
SOMEBODY = f"arn:aws:sts::{ACCOUNT}:assumed-role/role/function"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "imagepipe",
}
_ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}:*",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}",
    "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{}}",
}


def deployed(template: Template, value: Any) -> Any:
    """Return a value with its references resolved as if each resource were named by its logical id."""
    match value:
        case {"Ref": name}:
            is_topic = template.document["Resources"].get(name, {}).get("Type") == "AWS::SNS::Topic"
            found: Any = arn_of(template, name) if is_topic else _PSEUDO.get(name, name)
        case {"Fn::GetAtt": [name, attribute]}:
            found = arn_of(template, name) + ("/stream/1" if attribute == "StreamArn" else "")
        case {"Fn::Join": [between, parts]}:
            found = between.join(deployed(template, part) for part in parts)
        case dict():
            found = {name: deployed(template, each) for name, each in value.items()}
        case list():
            found = [deployed(template, each) for each in value]
        case _:
            found = value
    return found


def arn_of(template: Template, name: str) -> str:
    return _ARNS[template.document["Resources"][name]["Type"]].format(name)


def decides(statements: list[Any], action: str, resource: str, **keys: Any) -> bool:
    """Return whether statements allow an action on a resource, in a request with these condition keys."""
    parsed = parse_policy_document({"Statement": statements})
    return bool(evaluate(_request(action, resource, keys), [parsed]).decision == "Allow")


def resource_decides(
    policy: Mapping[str, Any],
    action: str,
    resource: str,
    *,
    service: str | None = None,
    who: str = SOMEBODY,
    tls: bool = True,
    **keys: Any,
) -> str:
    """Return what a resource's own policy decides: Allow, Deny or ImplicitDeny.

    `service` is who asks, or the session or role `who`.
    """
    context = _request(action, resource, keys, tls=tls, who=who if service is None else "")
    return str(evaluate_resource_policy(dict(policy), context, service).decision)


def _request(
    action: str, resource: str, keys: Mapping[str, Any], *, tls: bool = True, who: str = SOMEBODY
) -> EvalContext:
    return EvalContext(
        principal_arn=who,
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        source_ip="203.0.113.1",
        secure_transport=tls,
        service_context={name.lower(): value for name, value in keys.items()},
    )


def statements(template: Template, function: str) -> list[Any]:
    """Return what the role of a function is granted, with ARNs."""
    found: list[Any] = deployed(template, list(template.statements_of(function)))
    return found


def granted(template: Template, function: str) -> Iterator[tuple[str, str]]:
    """Return each action that a function is granted, with each resource."""
    for statement in statements(template, function):
        assert statement["Effect"] == "Allow"
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield action, resource
