"""A running stack as somebody sees it who has only its outputs; found by its name, or where `make run` is.

On this machine, with the control API of its Rekognition: quotas, and what it counted.
"""

from __future__ import annotations

import io
import json
import os
import socket
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from aws.local_sessions import local_session
from aws.queue_depths import QueueDepth, read_depth
from aws.stack_outputs import read_outputs
from loadtest import LoadtestError
from local.cloud.environment import DIRECT, STACK_OUTPUTS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


CONNECTIONS = 32
PICTURES = "processors.pictures_handler.handler"


@dataclass(frozen=True)
class Stack:
    """What a stack has to offer.

    `outputs` has `bucket`, `table`, `topic_arn`, `api_url`, `region`, `queue_url`, `dead_letter_queue_url`
    and both again as `bulk_…`; a stack on this machine has also `endpoint_url` and `rekognition_url`.
    """

    outputs: Mapping[str, str]

    @property
    def is_local(self) -> bool:
        return "endpoint_url" in self.outputs

    @property
    def bucket(self) -> str:
        return self.outputs["bucket"]

    @cached_property
    def s3(self) -> S3Client:
        return self.session.client("s3", endpoint_url=self.endpoint_url, config=self.config)

    @cached_property
    def sqs(self) -> SQSClient:
        return self.session.client("sqs", endpoint_url=self.endpoint_url, config=self.config)

    @cached_property
    def sns(self) -> SNSClient:
        return self.session.client("sns", endpoint_url=self.endpoint_url, config=self.config)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return self.session.client("dynamodb", endpoint_url=self.endpoint_url, config=self.config)

    @cached_property
    def rekognition(self) -> RekognitionClient:
        url = self.outputs["rekognition_url"]
        return self.session.client("rekognition", endpoint_url=url, config=self.config)

    @cached_property
    def functions_client(self) -> LambdaClient:
        return self.session.client("lambda", endpoint_url=self.endpoint_url, config=self.config)

    def functions(self) -> dict[str, DeployedFunction]:
        """Return the main function of each room by its name; others of the account are not looked at."""
        return {
            room: self._deployed(room, listed, variables)
            for room, entry, listed, variables in self._listed_functions()
            # Not a second function of a room, or of another stack.
            if entry.startswith("handler.") and variables.get("TABLE_NAME") == self.outputs["table"]
        }

    def function(self, handler: str) -> DeployedFunction | None:
        """Return the stack's function with this handler; None where what it does is off."""
        ours = {"BUCKET_NAME": self.outputs["bucket"], "TABLE_NAME": self.outputs["table"]}
        return next(
            (
                self._deployed(room, listed, variables)
                for room, entry, listed, variables in self._listed_functions()
                if f"{room}.{entry}" == handler
                and all(variables.get(name, value) == value for name, value in ours.items())
            ),
            None,
        )

    def _listed_functions(self) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, str]]]:
        """Yield all functions of the account: room, rest of the handler's name, listing and variables."""
        pages = self.functions_client.get_paginator("list_functions").paginate()
        for listed in (each for page in pages for each in page["Functions"]):
            room, _, entry = listed.get("Handler", "").partition(".")
            yield (
                room,
                entry,
                cast("Mapping[str, Any]", listed),
                listed.get("Environment", {}).get("Variables", {}),
            )

    def _deployed(
        self, room: str, listed: Mapping[str, Any], variables: Mapping[str, str]
    ) -> DeployedFunction:
        code = self.functions_client.get_function(FunctionName=listed["FunctionName"])["Code"]
        return DeployedFunction(
            listed["FunctionName"], room, listed["MemorySize"], variables, code["Location"]
        )

    def depth(self, queue_url: str) -> QueueDepth:
        return read_depth(self.sqs, queue_url)

    @property
    def endpoint_url(self) -> str | None:
        return self.outputs.get("endpoint_url")

    @cached_property
    def session(self) -> boto3.Session:
        if not self.is_local:
            return boto3.Session(region_name=self.outputs.get("region"))
        return local_session(self.outputs["region"])

    @cached_property
    def config(self) -> Config:
        """Return how clients connect. Loopback is never reached through a proxy."""
        if not self.is_local:
            return Config(max_pool_connections=CONNECTIONS)
        return Config(proxies={}, max_pool_connections=CONNECTIONS, retries={"total_max_attempts": 2})


_CONNECT_SECONDS = 3


def on_this_machine(directory: Path) -> Stack:
    """Find what runs in the directory of a local environment. Raises LoadtestError if nothing does."""
    file = directory / "outputs.json"
    try:
        outputs: dict[str, str] = json.loads(file.read_text())
        address = urlsplit(outputs["endpoint_url"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LoadtestError(
            f"no local pipeline is written down in {file}; start it with: make run"
        ) from error
    try:
        socket.create_connection((address.hostname or "", address.port or 80), _CONNECT_SECONDS).close()
    except OSError as error:
        raise LoadtestError(
            f"nothing answers at {outputs['endpoint_url']}; start it with: make run"
        ) from error
    return Stack(outputs)


def on_aws(name: str) -> Stack:
    """Find a stack by its name, in the account and region of the environment. Raises LoadtestError."""
    try:
        client = boto3.Session().client("cloudformation")
        given = read_outputs(client, name)
    except BotoCoreError as error:
        raise LoadtestError(f"{error}; set AWS_PROFILE and AWS_REGION, or run: aws configure") from error
    except ClientError as error:
        raise LoadtestError(
            f"stack {name!r} cannot be looked at: {error}; name another with --stack, or use --local"
        ) from error
    if given is None:
        raise LoadtestError(f"there is no stack {name!r}; name another with --stack, or use --local")
    return Stack(stack_outputs(name, given) | {"region": client.meta.region_name})


def stack_outputs(name: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the outputs of a stack by our names for them. Raises LoadtestError for another kind of stack."""
    if missing := [output for output in STACK_OUTPUTS.values() if output not in given]:
        raise LoadtestError(
            f"stack {name!r} has no output {', '.join(missing)}: not (yet) an imagepipe stack; "
            "finish its deployment or name another with --stack"
        )
    return {ours: given[theirs] for ours, theirs in STACK_OUTPUTS.items()}


@contextmanager
def set_aside(stack: Stack) -> Iterator[None]:
    """Let no event leave the bucket while the block lasts. Not where others put photos in, too."""
    configured: dict[str, Any] = dict(stack.s3.get_bucket_notification_configuration(Bucket=stack.bucket))
    configured.pop("ResponseMetadata", None)
    try:
        stack.s3.put_bucket_notification_configuration(Bucket=stack.bucket, NotificationConfiguration={})
        yield
    finally:
        stack.s3.put_bucket_notification_configuration(
            Bucket=stack.bucket,
            NotificationConfiguration=configured,  # type: ignore[arg-type]
        )


@dataclass(frozen=True)
class DeployedFunction:
    """A Lambda function as it is deployed; `room` is the package that its handler is in."""

    name: str
    room: str
    memory_mb: int
    environment: Mapping[str, str]
    code_url: str

    def unpack(self, directory: Path) -> None:
        """Fetch its code, as Lambda does before a cold start."""
        with DIRECT.open(self.code_url) as reply, zipfile.ZipFile(io.BytesIO(reply.read())) as archive:
            archive.extractall(directory)

    def variables(self, **more: str) -> dict[str, str]:
        """Return the environment variables that Lambda sets, and more."""
        return {
            **self.environment,
            "PATH": os.environ.get("PATH", ""),
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            **more,
        }


_ANSWER_SECONDS = 30


@dataclass(frozen=True)
class ControlApi:
    """Where the local Rekognition, or the canned one, is talked to beside Rekognition's own wire."""

    url: str

    def is_canned(self) -> bool:
        return bool(self._ask("GET", "/health").get("canned"))

    def quotas(self) -> dict[str, float]:
        """Return the calls a second that it lets in, by operation; one that is not named has no limit."""
        rates: dict[str, float] = self._ask("GET", "/_local/settings")["rates"]
        return rates

    def set_quotas(self, quotas: Mapping[str, float | None]) -> None:
        """Change the calls a second of some operations; None lifts a limit. Raises LoadtestError."""
        self._ask("PUT", "/_local/settings", {"rates": dict(quotas)})

    def tell_ends_of_jobs(self, times: int) -> None:
        """Have the ends of jobs on videos told so many times each from now on; 0 has none of them told."""
        self._ask("PUT", "/_local/videos", {"copies": times})

    def totals(self) -> dict[str, dict[str, int]]:
        """Return the calls `accepted` and `throttled` so far, by operation."""
        counted: dict[str, dict[str, int]] = self._ask("GET", "/_local/calls?only=operations")["operations"]
        return counted

    def calls_by(self, kind: Literal["objects", "contents"]) -> dict[str, dict[str, int]]:
        """Return how often each `bucket/key`, or bytes of each SHA-256, were accepted, by operation."""
        counted: dict[str, dict[str, int]] = self._ask("GET", f"/_local/calls?only={kind}")[kind]
        return counted

    @contextmanager
    def with_quotas(self, quotas: Mapping[str, float]) -> Iterator[None]:
        """Set quotas while the block lasts, and put back what was set before."""
        if not quotas:
            yield
            return
        before = self.quotas()
        try:
            # Inside: it may be interrupted when the other side has heard, but not yet answered.
            self.set_quotas(quotas)
            yield
        finally:
            self.set_quotas({operation: before.get(operation) for operation in self.quotas() | before})

    def _ask(self, method: str, path: str, change: object = None) -> Any:
        data = None if change is None else json.dumps(change).encode()
        request = urllib.request.Request(self.url + path, method=method, data=data)  # noqa: S310
        try:
            with DIRECT.open(request, timeout=_ANSWER_SECONDS) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            raise LoadtestError(f"{method} {self.url}{path} was refused: {said}") from error
        except OSError as error:
            raise LoadtestError(f"no answer from the local Rekognition at {self.url}: {error}") from error
