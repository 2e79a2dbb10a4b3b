"""The outputs of a stack, from CloudFormation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from aws.retries import RetryPolicy
from operations.adapters.aws_errors import translated
from operations.faults import OperatorError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


def stack_outputs(client: CloudFormationClient, stack: str, retry: RetryPolicy) -> Mapping[str, str]:
    """Return the outputs of a stack by name. Raises OperatorError if there is no such stack."""

    def attempt() -> Mapping[str, str]:
        with translated(f"DescribeStacks of {stack}"):
            try:
                found = client.describe_stacks(StackName=stack)["Stacks"][0]
            except ClientError as error:
                # The one answer to a name that no stack has, or that none can have.
                if error.response["Error"]["Code"] != "ValidationError":
                    raise
                raise OperatorError(
                    f"there is no stack {stack!r} in {client.meta.region_name}; deploy it, name another with "
                    "--stack or AWS_REGION, or add --local for the one that make run has started"
                ) from error
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    return retry(attempt)
