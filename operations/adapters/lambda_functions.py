"""The function that reads a queue, from Lambda: what it was deployed with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.adapters.aws_errors import translated
from operations.deployed import DeployedProcessor as Deployed
from operations.faults import OperatorError
from operations.retrying import RetryPolicy

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def reader_of(client: LambdaClient, queue_arn: str, retry: RetryPolicy) -> Deployed:
    """Find what the processor was deployed with, by the queue that it reads. Raises OperatorError."""

    def mapped() -> list[str]:
        with translated(f"ListEventSourceMappings of {queue_arn}"):
            mappings = client.list_event_source_mappings(EventSourceArn=queue_arn)["EventSourceMappings"]
        return [mapping["FunctionArn"] for mapping in mappings]

    functions = retry(mapped)
    if not functions:
        raise OperatorError(
            f"no function reads {queue_arn}, so nobody can say what is deployed; finish its deployment"
        )

    def configured() -> Deployed:
        with translated(f"GetFunctionConfiguration of {functions[0]}"):
            found = client.get_function_configuration(FunctionName=functions[0])
        variables = found.get("Environment", {}).get("Variables", {})
        return Deployed.of(functions[0], variables, found["MemorySize"])

    return retry(configured)
