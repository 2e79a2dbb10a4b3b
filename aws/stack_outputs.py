"""What a stack of CloudFormation says of itself: its state, and its outputs by name."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


def read_stack(client: "CloudFormationClient", stack: str) -> "StackTypeDef | None":
    """Return a stack; None if there is none of this name. Raises what botocore raises.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
    """
    try:
        (found,) = client.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        # The one answer to a name that no stack has, or that none can have.
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return found


def read_outputs(client: "CloudFormationClient", stack: str) -> dict[str, str] | None:
    """Return the outputs of a stack; None if there is none of this name. Raises what botocore raises."""
    found = read_stack(client, stack)
    return None if found is None else outputs_of(found)


def outputs_of(stack: "StackTypeDef") -> dict[str, str]:
    """Return the outputs of a stack as DescribeStacks describes it."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
