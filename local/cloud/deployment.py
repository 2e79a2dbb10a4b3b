"""Deploying the assembly to MiniStack through CloudFormation, as `cdk deploy` does to AWS."""

from __future__ import annotations

import time
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from aws.stack_outputs import outputs_of
from local.cloud.assembly import STACK_NAME, Assembly, Asset
from local.cloud.clients import LocalClients
from local.cloud.environment import ACCOUNT, REGION
from local.cloud.errors import LocalCloudError
from local.cloud.recovering import bucket_exists

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

_DIGEST_TAG = "imagepipe-assembly"
_USABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
_POLL_SECONDS = 0.1
_TIMEOUT_SECONDS = 300.0


class DeploymentResult(StrEnum):
    """What a deployment did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def deploy(clients: LocalClients, assembly: Assembly) -> tuple[DeploymentResult, Mapping[str, str]]:
    """Bring the stack into line with the assembly; return what was done, and the stack's outputs.

    Raises LocalCloudError with CloudFormation's reason if it fails. A stack that failed before is removed;
    its bucket and its table are retained, as on AWS.
    """
    stack = _find_stack(clients)
    if stack is not None and stack["StackStatus"] not in _USABLE:
        clients.cloudformation.delete_stack(StackName=STACK_NAME)
        _await_end(clients)
        stack = None
    if stack is not None and _tags(stack).get(_DIGEST_TAG) == assembly.digest:
        return DeploymentResult.UNCHANGED, outputs_of(stack)
    for asset in assembly.assets(ACCOUNT, REGION):
        _upload(clients, asset)
    arguments = {
        "StackName": STACK_NAME,
        "TemplateBody": assembly.template,
        "Capabilities": ["CAPABILITY_IAM"],
        "Tags": [{"Key": _DIGEST_TAG, "Value": assembly.digest}],
    }
    if stack is None:
        clients.cloudformation.create_stack(**arguments)  # type: ignore[arg-type]
    else:
        clients.cloudformation.update_stack(**arguments)  # type: ignore[arg-type]
    finished = _await_end(clients)
    if finished is None or finished["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise LocalCloudError(f"the stack was not deployed: {_reason(clients)}", exit_code=1)
    return (DeploymentResult.CREATED if stack is None else DeploymentResult.UPDATED), outputs_of(finished)


def _upload(clients: LocalClients, asset: Asset) -> None:
    """Put an asset where the template expects it.

    MiniStack deploys a function without its code in silence, and answers 200 for it; so the file is looked
    for here.
    """
    if not asset.path.is_file():
        raise LocalCloudError(f"{asset.path} is not there; remove build/ and try again", exit_code=1)
    try:
        clients.s3.head_object(Bucket=asset.bucket, Key=asset.key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket", "NoSuchKey"):
            raise
        if not bucket_exists(clients, asset.bucket):
            clients.s3.create_bucket(Bucket=asset.bucket)
        clients.s3.upload_file(str(asset.path), asset.bucket, asset.key)


def _find_stack(clients: LocalClients) -> StackTypeDef | None:
    pages = clients.cloudformation.get_paginator("describe_stacks").paginate()
    stacks = [stack for page in pages for stack in page["Stacks"] if stack["StackName"] == STACK_NAME]
    return next((stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"), None)


def _await_end(clients: LocalClients) -> StackTypeDef | None:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while True:
        stack = _find_stack(clients)
        if stack is None or not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        if time.monotonic() > deadline:
            raise LocalCloudError(
                f"CloudFormation is still at {stack['StackStatus']} after {_TIMEOUT_SECONDS:.0f} s",
                exit_code=1,
            )
        time.sleep(_POLL_SECONDS)


def _reason(clients: LocalClients) -> str:
    events = clients.cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    failed = [event for event in events if event.get("ResourceStatus", "").endswith("_FAILED")]
    reasons = [f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason')}" for event in failed]
    return "; ".join(reasons) or "CloudFormation gives no reason"


def _tags(stack: StackTypeDef) -> Mapping[str, str]:
    return {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
