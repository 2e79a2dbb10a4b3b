"""The processor as it is deployed: its settings, read from the environment of its function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws.retries import RetryPolicy
from contract import environment
from contract.detectors import OPERATIONS
from contract.errors import SettingsError
from contract.settings import ProcessorSettings, questions
from operations.adapters.aws_errors import reliable
from operations.terminal import OperatorError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@dataclass(frozen=True)
class DeployedProcessor:
    """Its detectors, and what each operation may be called, by operation."""

    settings: ProcessorSettings
    memory_mb: int

    @property
    def operations(self) -> tuple[str, ...]:
        return tuple(OPERATIONS[name] for name in self.settings.detectors)

    @property
    def fingerprints(self) -> Mapping[str, str]:
        return {name: question.fingerprint for name, question in questions(self.settings).items()}

    @property
    def daily_limits(self) -> Mapping[str, int]:
        return {name: int(limit) for name, limit in self.settings.daily_call_limits.items()}

    @property
    def quotas(self) -> Mapping[str, float]:
        return {operation: self.settings.quotas[operation] for operation in self.operations}


def reader_of(client: LambdaClient, queue_arn: str, retry: RetryPolicy) -> DeployedProcessor:
    """Find what the processor was deployed with, by the queue that it reads. Raises OperatorError."""
    mappings = reliable(retry, f"ListEventSourceMappings of {queue_arn}", client.list_event_source_mappings)(
        EventSourceArn=queue_arn
    )["EventSourceMappings"]
    if not mappings:
        raise OperatorError(
            f"no function reads {queue_arn}, so nobody can say what is deployed; finish its deployment"
        )
    function = mappings[0]["FunctionArn"]
    found = reliable(retry, f"GetFunctionConfiguration of {function}", client.get_function_configuration)(
        FunctionName=function
    )
    try:
        settings = environment.load(ProcessorSettings, found.get("Environment", {}).get("Variables", {}))
    except SettingsError as error:
        raise OperatorError(
            f"function {function} has other settings than this release knows: {'; '.join(error.faults)}; "
            "deploy this release, or use the imagepipe of the release that is deployed"
        ) from error
    return DeployedProcessor(settings, found["MemorySize"])
