"""A local environment: a directory for its state, two ports on loopback, clients, outputs."""

from __future__ import annotations

import dataclasses
import json
import socket
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from infra.bundles import ROOT

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBServiceResource
    from mypy_boto3_s3 import S3Client, S3ServiceResource
    from mypy_boto3_s3.type_defs import ObjectTypeDef
    from mypy_boto3_sqs import SQSClient


HOST = "127.0.0.1"
# Loopback is never reached through a proxy.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
REGION = "us-east-1"
# MiniStack takes any credentials. These belong to its account 000000000000.
ACCOUNT = "000000000000"
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105
DEFAULT_CLOUD_PORT = 4566
DEFAULT_REKOGNITION_PORT = 4567


@dataclass(frozen=True)
class LocalEnvironment:
    """One local environment. Any number of them run side by side, each with its own directory and ports.

    Where `other_rekognition_url` is given, that Rekognition is asked, and none is started here.
    """

    directory: Path
    cloud_port: int = DEFAULT_CLOUD_PORT
    rekognition_port: int = DEFAULT_REKOGNITION_PORT
    models: Path = ROOT / ".local" / "models"
    other_rekognition_url: str | None = None

    @property
    def endpoint_url(self) -> str:
        return f"http://{HOST}:{self.cloud_port}"

    @property
    def rekognition_url(self) -> str:
        return self.other_rekognition_url or f"http://{HOST}:{self.rekognition_port}"

    @property
    def outputs_file(self) -> Path:
        return self.directory / "outputs.json"

    @property
    def cloud_log(self) -> Path:
        """What MiniStack says, and with it everything that the functions say."""
        return self.directory / "cloud.log"

    @property
    def calls_file(self) -> Path:
        """Which calls the functions were seen to make, in JSON lines (local/cloud/permissions.py)."""
        return self.directory / "calls.jsonl"

    @property
    def objects_directory(self) -> Path:
        """Where MiniStack keeps the bytes of the buckets; they survive even a `kill -9`."""
        return self.directory / "cloud" / "objects"

    @property
    def state_directory(self) -> Path:
        """Where MiniStack leaves everything else on a clean stop. It names the ports, as does the state."""
        return self.directory / "cloud" / f"state-{self.cloud_port}-{self.rekognition_port}"

    @property
    def collections_file(self) -> Path:
        """Where the local Rekognition keeps face collections; what was written survives even a `kill -9`."""
        return self.directory / "collections.sqlite"

    @property
    def scratch_directory(self) -> Path:
        return self.directory / "cloud" / "scratch"

    @property
    def lambda_python_directory(self) -> Path:
        """Where the Python is that the functions run on, and the packages that Lambda brings."""
        return self.directory / "cloud" / "lambda-python"

    def remember(self) -> None:
        """Write the addresses down, so that the next command for this directory finds them."""
        ports = {
            "cloud_port": self.cloud_port,
            "rekognition_port": self.rekognition_port,
            "other_rekognition_url": self.other_rekognition_url,
        }
        write_whole(self.directory / "place.json", json.dumps(ports))


def write_whole(path: Path, text: str) -> None:
    """Write a file; whoever reads it sees the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.partial")
    scratch.write_text(text)
    scratch.replace(path)


def remembered(directory: Path) -> LocalEnvironment:
    """Return the environment of a directory with the ports that it had last, or the usual ones."""
    try:
        ports = json.loads((directory / "place.json").read_text())
        return LocalEnvironment(
            directory.resolve(),
            int(ports["cloud_port"]),
            int(ports["rekognition_port"]),
            other_rekognition_url=ports.get("other_rekognition_url"),
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return LocalEnvironment(directory.resolve())


def on_ports(environment: LocalEnvironment, port: int | None) -> LocalEnvironment:
    """Return the environment at a port and the next; 0 takes two free ones, None leaves them alone."""
    if port is None:
        return environment
    if port == 0:
        cloud_port, rekognition_port = _free_ports()
        return replace(environment, cloud_port=cloud_port, rekognition_port=rekognition_port)
    return replace(environment, cloud_port=port, rekognition_port=port + 1)


def asking(environment: LocalEnvironment, rekognition_url: str | None) -> LocalEnvironment:
    """Return the environment with another Rekognition; None changes nothing, empty is the local one."""
    if rekognition_url is None:
        return environment
    return replace(environment, other_rekognition_url=rekognition_url.rstrip("/") or None)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind((HOST, 0))
        second.bind((HOST, 0))
        return first.getsockname()[1], second.getsockname()[1]


@dataclass(frozen=True)
class Outputs:
    """What a client needs to know. All URLs are on loopback. What not every stack has is empty where not."""

    endpoint_url: str
    rekognition_url: str
    region: str
    bucket: str
    table: str
    topic_arn: str
    api_url: str
    queue_url: str
    dead_letter_queue_url: str
    bulk_queue_url: str
    bulk_dead_letter_queue_url: str
    renditions_bucket: str = ""
    bucket_prefix: str = ""
    bucket_suffixes: str = ""
    people_collection: str = ""
    people_purpose: str = ""
    people_contact: str = ""
    people_retention_days: str = ""
    alerts_queue_url: str = ""
    alerts_dead_letter_queue_url: str = ""
    meaning_asked: str = ""
    meaning_next: str = ""
    cameras_queue_url: str = ""
    cameras_dead_letter_queue_url: str = ""

    @classmethod
    def of(cls, environment: LocalEnvironment, stack_outputs: Mapping[str, str]) -> Outputs:
        """Put together the outputs of the stack and the addresses of the environment."""
        found = {ours: stack_outputs[theirs] for ours, theirs in STACK_OUTPUTS.items()}
        found |= {ours: stack_outputs[its] for ours, its in OPTIONAL_OUTPUTS.items() if its in stack_outputs}
        queues = {name: url for name, url in found.items() if name.endswith("queue_url")}
        found |= {name: f"{environment.endpoint_url}{urlsplit(url).path}" for name, url in queues.items()}
        found["api_url"] = _reachable_api_url(environment, found["api_url"])
        return cls(environment.endpoint_url, environment.rekognition_url, REGION, **found)

    def write(self, environment: LocalEnvironment) -> None:
        write_whole(environment.outputs_file, json.dumps(dataclasses.asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, environment: LocalEnvironment) -> Outputs | None:
        """Read what the last deployment wrote; None if there is nothing to read."""
        try:
            return cls(**json.loads(environment.outputs_file.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None


# Those that the stack has, and what it calls them: `queue_url` is its QueueUrl.
_OF_THE_STACK = [field.name for field in dataclasses.fields(Outputs)][3:]
# Only where photos are read as files, and where some of a bucket's objects are meant.
_NOT_OF_ALL = (
    *("renditions_bucket", "bucket_prefix", "bucket_suffixes"),
    *("people_collection", "people_purpose", "people_contact", "people_retention_days"),
    *("alerts_queue_url", "alerts_dead_letter_queue_url"),
    *("meaning_asked", "meaning_next"),
    *("cameras_queue_url", "cameras_dead_letter_queue_url"),
)
_ALL_OUTPUTS = {name: name.title().replace("_", "") for name in _OF_THE_STACK}
STACK_OUTPUTS = {ours: its for ours, its in _ALL_OUTPUTS.items() if ours not in _NOT_OF_ALL}
OPTIONAL_OUTPUTS = {ours: its for ours, its in _ALL_OUTPUTS.items() if ours in _NOT_OF_ALL}


def _reachable_api_url(environment: LocalEnvironment, api_endpoint: str) -> str:
    """Turn `http://<api id>.execute-api.localhost` into an address by path.

    Not every resolver knows the names below localhost, and at that host MiniStack answers `/health` itself.
    """
    api_id = (urlsplit(api_endpoint).hostname or "").split(".")[0]
    return f"{environment.endpoint_url}/_aws/execute-api/{api_id}"


class LocalCloudError(Exception):
    """The local environment cannot go on. The message is for the person at the keyboard, and is all of it.

    `exit_code` is 2 for what the person can change, 1 for what went wrong inside.
    """

    def __init__(self, message: str, *, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class LocalClients:
    """The clients of one environment, each made when it is first asked for."""

    def __init__(self, environment: LocalEnvironment) -> None:
        from botocore.config import Config

        from aws.local_sessions import local_session

        self._endpoint_url = environment.endpoint_url
        self._session = local_session(REGION)
        self._config = Config(proxies={}, max_pool_connections=16, retries={"total_max_attempts": 3})

    @cached_property
    def s3(self) -> S3Client:
        return self._session.client("s3", endpoint_url=self._endpoint_url, config=self._config)

    def objects(self, bucket: str) -> dict[str, ObjectTypeDef]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {entry["Key"]: entry for page in pages for entry in page.get("Contents", [])}

    @cached_property
    def buckets(self) -> S3ServiceResource:
        return self._session.resource("s3", endpoint_url=self._endpoint_url, config=self._config)

    @cached_property
    def sqs(self) -> SQSClient:
        return self._session.client("sqs", endpoint_url=self._endpoint_url, config=self._config)

    @cached_property
    def tables(self) -> DynamoDBServiceResource:
        """DynamoDB, as resources: numbers are Decimal, sets are sets."""
        return self._session.resource("dynamodb", endpoint_url=self._endpoint_url, config=self._config)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        return self._session.client("cloudformation", endpoint_url=self._endpoint_url, config=self._config)
