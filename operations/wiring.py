"""The composition root: from what was typed to the parts of one pipeline, ready for use."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from aws.calls import TableBatches
from aws.client_config import client_config
from aws.local_sessions import local_session
from aws.retries import RetryPolicy
from operations.adapters import query_api
from operations.adapters.account import AwsAccount
from operations.adapters.aws_errors import translated
from operations.adapters.cloudformation import stack_outputs
from operations.adapters.dynamodb import ComparedTable
from operations.adapters.dynamodb_budgets import DynamoDBBudgets
from operations.adapters.dynamodb_counts import DynamoDBRecordCounts
from operations.adapters.dynamodb_image_records import DynamoDBImageRecords
from operations.adapters.dynamodb_known import DynamoDBKnown
from operations.adapters.dynamodb_traces import DynamoDBTraces
from operations.adapters.lambda_functions import reader_of
from operations.adapters.query_api import QueryApi
from operations.adapters.s3 import S3Bucket
from operations.adapters.s3_objects import WritableBucket
from operations.adapters.service_quotas import ServiceQuotas
from operations.adapters.sqs import SqsQueue
from operations.adapters.subscriptions import Subscriptions
from operations.deployed import DeployedProcessor
from operations.faults import OperatorError
from operations.names import LOCAL_DIRECTORY, Names, choose, read_local
from operations.planning.assessment import Assessor, SeenContents

CALLS_AT_ONCE = 8
CONNECT_SECONDS = 5
# A long poll and its answer fit in.
READ_SECONDS = 30
# Someone is waiting at the terminal.
RETRY = RetryPolicy(attempts=6, total_seconds=30, longest_wait_seconds=5)

# What the API is shown where it asks for a token (`api_access=jwt`). Not an option: others see what is typed.
TOKEN_VARIABLE = "IMAGEPIPE_API_TOKEN"  # noqa: S105 - a name, not a token


@dataclass(frozen=True)
class QueuePair:
    """A queue of work and its dead letters. `name` is images or bulk."""

    name: str
    queue: SqsQueue
    dead_letters: SqsQueue


class DeployedPipeline:
    """The parts of one pipeline. Each client is made when it is first asked for."""

    def __init__(self, names: Names, session: Any, *, is_local: bool = False, **how: Any) -> None:
        self.names, self.is_local = names, is_local
        self._session, self._how = session, how
        self._retry = RETRY
        self.executor = ThreadPoolExecutor(CALLS_AT_ONCE)

    @cached_property
    def images(self) -> QueuePair:
        return self._queues("images", self.names.queue_url, self.names.dead_letter_queue_url)

    @cached_property
    def bulk(self) -> QueuePair:
        return self._queues("bulk", self.names.bulk_queue_url, self.names.bulk_dead_letter_queue_url)

    @property
    def lanes(self) -> tuple[QueuePair, QueuePair]:
        return self.images, self.bulk

    @cached_property
    def bucket(self) -> S3Bucket:
        return self.any_bucket(self.names.bucket)

    # The one table, as each command needs it: compared with the bucket, counted, read whole, asked what was
    # paid for, asked for quotas, and searched for keys to forget.
    table = cached_property(lambda self: ComparedTable(*self._on_table))
    record_counts = cached_property(lambda self: DynamoDBRecordCounts(*self._on_table))
    records = cached_property(lambda self: DynamoDBImageRecords(*self._on_table))
    known = cached_property(lambda self: DynamoDBKnown(self._reads))
    budgets = cached_property(lambda self: DynamoDBBudgets(*self._on_table))
    traces = cached_property(lambda self: DynamoDBTraces(*self._on_table))

    @cached_property
    def deployed(self) -> DeployedProcessor:
        """The processor as it is deployed. Raise OperatorError."""
        return reader_of(self._client("lambda"), self.images.queue.arn(), self._retry)

    @cached_property
    def account(self) -> ServiceQuotas:
        return ServiceQuotas(self._client("service-quotas"), self._retry)

    @cached_property
    def objects(self) -> WritableBucket:
        """The bucket, as far as objects are put into it and removed."""
        return WritableBucket(self._client("s3"), self.names.bucket, self._retry)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        return Subscriptions(self._sqs, self._client("sns"), self.names.topic_arn, self._retry)

    @cached_property
    def api(self) -> QueryApi:
        """The query API, asked as this person. Raise OperatorError."""
        if self.is_local:
            return query_api.on_this_machine(self.names.api_url, self._retry)
        credentials = self._session.get_credentials()
        if credentials is None:
            raise OperatorError("there are no AWS credentials to sign with; set AWS_PROFILE")
        token = os.environ.get(TOKEN_VARIABLE)
        return query_api.on_aws(
            self.names.api_url, credentials, self._session.region_name, token, self._retry
        )

    def assessor(self, contents: SeenContents, *, has_records: bool) -> Assessor:
        """Return what assesses objects of our bucket, which have records, or of another one."""
        return Assessor(
            self.known,
            contents,
            self.deployed.fingerprints,
            has_records=has_records,
            shares_answers=self.deployed.settings.answers_are_shared,
        )

    def any_bucket(self, name: str) -> S3Bucket:
        return S3Bucket(self._client("s3"), name, self._retry)

    def _queues(self, name: str, url: str, dead_letters_url: str) -> QueuePair:
        queue = SqsQueue(self._sqs, url, self._retry)
        return QueuePair(name, queue, SqsQueue(self._sqs, dead_letters_url, self._retry))

    @property
    def _on_table(self) -> tuple[Any, str, RetryPolicy, TableBatches]:
        return self._dynamodb, self.names.table, self._retry, self._reads

    @cached_property
    def _reads(self) -> TableBatches:
        return TableBatches(self._dynamodb, self.names.table, translated, self._retry, self.executor)

    @cached_property
    def _dynamodb(self) -> Any:
        return self._client("dynamodb")

    @cached_property
    def _sqs(self) -> Any:
        return self._client("sqs")

    def _client(self, service: str) -> Any:
        return self._session.client(service, **{"config": _config(), **self._how})


def connect(
    stack: str | None, local: bool | None, directory: Path | None, environment: Mapping[str, str] = os.environ
) -> DeployedPipeline:
    """Return the pipeline that was asked for. Raise OperatorError, or a word for failure."""
    chosen = choose(stack, local, environment)
    return _on_this_machine(directory or LOCAL_DIRECTORY) if chosen is None else _on_aws(chosen)


def connect_account() -> AwsAccount:
    """Connect to the account whose credentials are in use; there need be no stack. Raise OperatorError."""
    with _set_up():
        session, config = boto3.session.Session(), _config()
        functions = session.client("lambda", config=config)
        return AwsAccount(
            functions.meta.region_name,
            session.client("sts", config=config),
            functions,
            session.client("rekognition", config=config),
            RETRY,
        )


@contextmanager
def _set_up() -> Iterator[None]:
    """Raise OperatorError with what to do where this machine has no region or no profile."""
    try:
        yield
    except BotoCoreError as error:
        raise OperatorError(f"{error}; set AWS_PROFILE and AWS_REGION, or run: aws configure") from error


def _on_aws(stack: str) -> DeployedPipeline:
    with _set_up():
        session = boto3.session.Session()
        client = session.client("cloudformation", config=_config())
    return DeployedPipeline(Names.of_stack(stack, stack_outputs(client, stack, RETRY)), session)


def _on_this_machine(directory: Path) -> DeployedPipeline:
    place = read_local(directory)
    address = urlsplit(place.endpoint_url)
    try:
        socket.create_connection(
            (address.hostname or "", address.port or 80), timeout=CONNECT_SECONDS
        ).close()
    except OSError as error:
        raise OperatorError(f"nothing answers at {place.endpoint_url}; start it with: make run") from error
    session = local_session(place.region)
    # Loopback is never reached through a proxy.
    config = _config().merge(Config(proxies={}))
    return DeployedPipeline(
        place.names, session, is_local=True, endpoint_url=place.endpoint_url, config=config
    )


def _config() -> Config:
    """One attempt a call, for retrying is our own policy's."""
    return client_config(
        connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS, connections=CALLS_AT_ONCE
    )
