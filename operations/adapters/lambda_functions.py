"""The function that reads a queue, from Lambda: what it was deployed with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws.retries import RetryPolicy
from operations.adapters.aws_errors import translated
from operations.deployed import DeployedProcessor as Deployed
from operations.faults import OperatorError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def reader_of(client: LambdaClient, queue_arn: str, retry: RetryPolicy) -> Deployed:
    """Find what the processor was deployed with, by the queue that it reads. Raises OperatorError."""
    mappings = retry.around(
        translated(f"ListEventSourceMappings of {queue_arn}")(client.list_event_source_mappings)
    )(EventSourceArn=queue_arn)["EventSourceMappings"]
    functions = [mapping["FunctionArn"] for mapping in mappings]
    if not functions:
        raise OperatorError(
            f"no function reads {queue_arn}, so nobody can say what is deployed; finish its deployment"
        )
    found = retry.around(
        translated(f"GetFunctionConfiguration of {functions[0]}")(client.get_function_configuration)
    )(FunctionName=functions[0])
    variables = found.get("Environment", {}).get("Variables", {})
    return Deployed.of(functions[0], variables, found["MemorySize"])
