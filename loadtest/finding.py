"""Finding a running stack: the one of `make run`, or one on AWS by its name."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from loadtest.errors import LoadtestError
from loadtest.local_place import LOCAL_DIRECTORY
from loadtest.stack import Stack

_ANSWER_SECONDS = 3
_OUTPUTS = {
    "bucket": "Bucket",
    "table": "Table",
    "topic_arn": "TopicArn",
    "api_url": "ApiUrl",
    "queue_url": "QueueUrl",
    "dead_letter_queue_url": "DeadLetterQueueUrl",
    "bulk_queue_url": "BulkQueueUrl",
    "bulk_dead_letter_queue_url": "BulkDeadLetterQueueUrl",
}


def on_this_machine(directory: Path = LOCAL_DIRECTORY) -> Stack:
    """Find what runs in the directory of a local environment. Raises LoadtestError if nothing does."""
    file = directory / "outputs.json"
    try:
        outputs: dict[str, str] = json.loads(file.read_text())
        address = urlsplit(outputs["endpoint_url"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise LoadtestError(
            f"no local pipeline is written down in {file}; start it with: make run"
        ) from fault
    try:
        socket.create_connection((address.hostname or "", address.port or 80), _ANSWER_SECONDS).close()
    except OSError as fault:
        raise LoadtestError(
            f"nothing answers at {outputs['endpoint_url']}; start it with: make run"
        ) from fault
    return Stack(outputs)


def on_aws(name: str) -> Stack:
    """Find a stack by its name, in the account and region of the environment. Raises LoadtestError."""
    try:
        client = boto3.Session().client("cloudformation")
        found = client.describe_stacks(StackName=name)["Stacks"][0]
    except BotoCoreError as fault:
        raise LoadtestError(f"{fault}; set AWS_PROFILE and AWS_REGION, or run: aws configure") from fault
    except ClientError as fault:
        raise LoadtestError(
            f"stack {name!r} cannot be looked at: {fault}; name another with --stack, or use --local"
        ) from fault
    given = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    return Stack(stack_outputs(name, given) | {"region": client.meta.region_name})


def stack_outputs(name: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the outputs of a stack by our names for them. Raises LoadtestError for another kind of stack."""
    if missing := [output for output in _OUTPUTS.values() if output not in given]:
        raise LoadtestError(
            f"stack {name!r} has no output {', '.join(missing)}: not (yet) an imagepipe stack; "
            "finish its deployment or name another with --stack"
        )
    return {ours: given[theirs] for ours, theirs in _OUTPUTS.items()}
