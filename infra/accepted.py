"""Findings of cdk-nag, and of CDK's own rules, that are as they are meant to be.

Each is of one resource, and has its reason beside it.
Nothing of it is in the template. `make nag` shows what is left (infra/nag.py).
"""

from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

PACK = "AwsSolutions"
NO_ACCESS_LOGS = (
    "who asked for what is written down where `access_logs` is on: it costs, and holds names of photos"
)
_WITHOUT_RESOURCE = (
    "X-Ray's two actions, Rekognition's operations and dynamodb:ListStreams take no resource; "
    "tests/infra/test_permissions.py names every action that is allowed on all"
)


def accept(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept what a rule finds at one construct."""
    Validations.of(construct).acknowledge(Acknowledgment(id=f"{PACK}::{PACK}-{rule}", reason=reason))


def accept_from_cloudformation(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept what CloudFormation's own rules, as CDK knows them, find at one construct."""
    Validations.of(construct).acknowledge(
        Acknowledgment(id=f"CloudFormation-Validate::{rule}", reason=reason)
    )


def accept_actions_without_resource(role: iam.IRole) -> None:
    """Accept that a role may do on everything what no policy can limit to a resource."""
    _accept_wildcard(role, "*", _WITHOUT_RESOURCE)


def accept_wildcard(role: iam.IRole | None, arn: str, reason: str) -> None:
    """Accept that a role may do something on all that has an ARN with a star in it."""
    assert role is not None
    _accept_wildcard(role, _as_nag_says_it(Stack.of(role).resolve(arn)), reason)


def _accept_wildcard(role: iam.IRole, resource: str, reason: str) -> None:
    accept(_policy(role), f"IAM5[Resource::{resource}]", reason)


def _policy(role: iam.IRole) -> Construct:
    """Return the policy in which CDK collects what a role is granted."""
    policy = role.node.try_find_child("DefaultPolicy")
    assert isinstance(policy, Construct)
    return policy


def _as_nag_says_it(value: Any) -> str:
    """Return an ARN as cdk-nag writes it, with `<LogicalId.Arn>` for what is known only when deployed."""
    match value:
        case {"Fn::Join": [between, parts]}:
            return str(between).join(map(_as_nag_says_it, parts))
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Ref": name}:
            return f"<{name}>"
        case _:
            return str(value)
