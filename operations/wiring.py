"""The composition root: which pipeline is meant, what its parts are called, and the parts, ready for use."""

import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from aws.calls import TableBatches
from aws.client_config import client_config
from aws.local_sessions import local_session
from aws.queues import SqsQueue
from aws.retries import RetryPolicy
from aws.stack_outputs import read_outputs
from contract.detectors import SEARCH
from contract.face_search import question_parameters
from contract.key_filter import EVERY_KEY, KeyFilter
from contract.questions import Question
from operations.adapters import (
    account,
    cloudformation,
    custom_models,
    dynamodb,
    dynamodb_answers,
    dynamodb_photos,
    dynamodb_renditions,
    dynamodb_searches,
    dynamodb_vectors,
    query_api,
    s3,
    sqs,
)
from operations.adapters.aws_errors import reliable, translated
from operations.people.faces_to_search import FacesToSearch
from operations.terminal import OperatorError
from people.collection import FaceCollection
from people.mentions_table import DynamoDBMentions
from people.persons import DynamoDBPeople

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

    from aws.object_tags import ObjectTag

CALLS_AT_ONCE = 8
CONNECT_SECONDS = 5
# A long poll and its answer fit in.
READ_SECONDS = 30
# Someone is waiting at the terminal.
RETRY = RetryPolicy(attempts=6, total_seconds=30, longest_wait_seconds=5)

# What the API is shown where it asks for a token (`api_access=jwt`). Not an option: others see what is typed.
TOKEN_VARIABLE = "IMAGEPIPE_API_TOKEN"  # noqa: S105 - a name, not a token
DEFAULT_STACK = "imagepipe"
STACK_VARIABLE = "IMAGEPIPE_STACK"
LOCAL_VARIABLE = "IMAGEPIPE_LOCAL"
LOCAL_DIRECTORY = Path(__file__).resolve().parent.parent / ".local"
_TRUE = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True)
class Names:
    """The names of one pipeline's parts, as its stack gives them out; nothing where there is no such part."""

    bucket: str
    table: str
    queue_url: str
    dead_letter_queue_url: str
    bulk_queue_url: str
    bulk_dead_letter_queue_url: str
    topic_arn: str
    api_url: str
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

    @property
    def keys(self) -> KeyFilter:
        """The keys of the objects that the pipeline recognizes; all but where its bucket was there before."""
        return KeyFilter(self.bucket_prefix, tuple(filter(None, self.bucket_suffixes.split(","))))

    @classmethod
    def of_stack(cls, stack: str, outputs: Mapping[str, str]) -> "Names":
        """Read the outputs of the stack. Raise OperatorError if it is another kind of stack."""
        wanted = {field: field.title().replace("_", "") for field in cls.__dataclass_fields__}
        missing = [
            wanted[each.name]
            for each in fields(cls)
            if wanted[each.name] not in outputs and each.default is MISSING
        ]
        if missing:
            raise OperatorError(
                f"stack {stack!r} has no output {', '.join(missing)}: not (yet) an imagepipe stack; "
                "finish its deployment or name another with --stack"
            )
        return cls(**{field: outputs[output] for field, output in wanted.items() if output in outputs})


class LocalPipeline(NamedTuple):
    """The pipeline that `make run` has started on this machine, and the address that it answers at."""

    names: Names
    endpoint_url: str
    region: str
    rekognition_url: str = ""


class QueuePair(NamedTuple):
    """A queue of work and its dead letters. `name` is images or bulk."""

    name: str
    queue: SqsQueue
    dead_letters: SqsQueue


class DeployedPipeline:
    """The parts of one pipeline. Each client is made when it is first asked for."""

    def __init__(
        self,
        names: Names,
        session: Any,
        *,
        is_local: bool = False,
        rekognition_url: str = "",
        **how: Any,
    ) -> None:
        self.names, self.is_local = names, is_local
        self._rekognition_url = rekognition_url
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

    @property
    def completion_queues(self) -> dict[str, SqsQueue]:
        """The queues in which completions wait for functions of ours, and their dead letters, by name."""
        urls = {
            "alerts": self.names.alerts_queue_url,
            "alerts dead letters": self.names.alerts_dead_letter_queue_url,
            "cameras": self.names.cameras_queue_url,
            "cameras dead letters": self.names.cameras_dead_letter_queue_url,
        }
        return {name: sqs.queue_of(self._sqs, url, self._retry) for name, url in urls.items() if url}

    @cached_property
    def bucket(self) -> s3.S3Bucket:
        """The bucket, as far as its objects are the pipeline's."""
        return self.any_bucket(self.names.bucket, self.names.keys)

    @cached_property
    def renditions(self) -> s3.S3Bucket | None:
        """The bucket of thumbnails and views; None where none are made."""
        name = self.names.renditions_bucket
        return self.any_bucket(name) if name else None

    @cached_property
    def table(self) -> dynamodb.OperatedTable:
        return dynamodb.OperatedTable(*self._on_table)

    @cached_property
    def traces(self) -> dynamodb.DynamoDBTraces:
        return dynamodb.DynamoDBTraces(*self._on_table)

    @cached_property
    def named_renditions(self) -> dynamodb_renditions.DynamoDBRenditions:
        return dynamodb_renditions.DynamoDBRenditions(*self._on_table)

    @cached_property
    def vectors(self) -> dynamodb_vectors.DynamoDBVectors:
        return dynamodb_vectors.DynamoDBVectors(*self._on_table)

    @cached_property
    def photos(self) -> dynamodb_photos.DynamoDBPhotos:
        return dynamodb_photos.DynamoDBPhotos(*self._on_table)

    @cached_property
    def answers(self) -> dynamodb_answers.DynamoDBAnswers:
        return dynamodb_answers.DynamoDBAnswers(*self._on_table)

    @cached_property
    def people(self) -> DynamoDBPeople:
        return DynamoDBPeople(self._on_table[-1])

    @cached_property
    def mentions(self) -> DynamoDBMentions:
        return DynamoDBMentions(self._on_table[-1])

    @cached_property
    def searches(self) -> dynamodb_searches.DynamoDBSearches:
        return dynamodb_searches.DynamoDBSearches(*self._on_table)

    def faces_to_search(self, now: str) -> FacesToSearch | None:
        """Return what counts the faces that are to be searched; None where nobody is looked for.

        `now` is ISO 8601 in UTC.
        """
        settings = self.deployed.settings
        if not settings.people_collection:
            return None
        question = Question(SEARCH.operation, question_parameters(settings.people_collection)).fingerprint
        fingerprints = self.deployed.fingerprints
        return FacesToSearch(self.searches, self.executor, self.searches.scope(now), question, fingerprints)

    @cached_property
    def face_collection(self) -> FaceCollection | None:
        """The collection of those who agreed to be looked for; None where that is off."""
        if not self.names.people_collection:
            return None
        elsewhere = {"endpoint_url": self._rekognition_url} if self._rekognition_url else {}
        client = self._client("rekognition", **elsewhere)
        return FaceCollection(client, self.names.people_collection, translated, self._retry, time.sleep)

    @cached_property
    def deployed(self) -> account.DeployedProcessor:
        """The processor as it is deployed. Raise OperatorError."""
        return account.reader_of(self._client("lambda"), self.images.queue.arn(), self._retry)

    def account_quotas(self, region: str = "") -> list[account.AccountQuota]:
        """Return what the account may ask of Rekognition in a region; of none, in that of the deployment."""
        elsewhere = {"region_name": region} if region else {}
        return account.quotas_per_second(self._client("service-quotas", **elsewhere), self._retry)

    def custom_model(self, arn: str) -> custom_models.CustomModel:
        return custom_models.CustomModel(self._client("rekognition"), arn, self._retry)

    @cached_property
    def subscriptions(self) -> sqs.Subscriptions:
        return sqs.Subscriptions(self._sqs, self._client("sns"), self.names.topic_arn, self._retry)

    @cached_property
    def api(self) -> query_api.QueryApi:
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

    @property
    def block_tag(self) -> "ObjectTag":
        """The tag of objects of blocked photos."""
        from aws.object_tags import ObjectTag
        from contract.block_tag import BLOCK_TAG

        return ObjectTag(self._client("s3"), *BLOCK_TAG, translated, self._retry)

    def any_bucket(self, name: str, keys: KeyFilter = EVERY_KEY) -> s3.S3Bucket:
        return s3.S3Bucket(self._client("s3"), name, self._retry, keys)

    def _queues(self, name: str, url: str, dead_letters_url: str) -> QueuePair:
        queue = sqs.queue_of(self._sqs, url, self._retry)
        return QueuePair(name, queue, sqs.queue_of(self._sqs, dead_letters_url, self._retry))

    @cached_property
    def _on_table(self) -> tuple[Any, str, RetryPolicy, TableBatches]:
        client, name = self._client("dynamodb"), self.names.table
        return client, name, self._retry, TableBatches(client, name, translated, self._retry, self.executor)

    @cached_property
    def _sqs(self) -> Any:
        return self._client("sqs")

    def _client(self, service: str, **more: str) -> Any:
        return self._session.client(service, **{"config": _config(), **self._how, **more})


def read_local(directory: Path) -> LocalPipeline:
    """Read what the local environment has written down. Raise OperatorError if there is nothing to read."""
    file = directory / "outputs.json"
    try:
        written = json.loads(file.read_text())
        there = {each.name for each in fields(Names) if each.default is MISSING or each.name in written}
        names = Names(**{field: str(written[field]) for field in there})
        rekognition_url = str(written.get("rekognition_url", ""))
        return LocalPipeline(names, str(written["endpoint_url"]), str(written["region"]), rekognition_url)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            f"no local pipeline is written down in {file}; start it with: make run"
        ) from error


def choose(stack: str | None, local: bool | None, environment: Mapping[str, str]) -> str | None:
    """Choose the stack to work on; None stands for the local environment.

    What is typed goes before IMAGEPIPE_STACK and IMAGEPIPE_LOCAL. Raise OperatorError if both are asked for.
    """
    if stack is None and local is None:
        stack = environment.get(STACK_VARIABLE) or None
        local = environment.get(LOCAL_VARIABLE, "").strip().lower() in _TRUE
    if stack and local:
        raise OperatorError("both a stack and the local environment are asked for; choose one")
    return None if local else stack or DEFAULT_STACK


def connect(
    stack: str | None, local: bool | None, directory: Path | None, environment: Mapping[str, str] = os.environ
) -> DeployedPipeline:
    """Return the pipeline that was asked for. Raise OperatorError, or a word for failure."""
    chosen = choose(stack, local, environment)
    return _on_this_machine(directory or LOCAL_DIRECTORY) if chosen is None else _on_aws(chosen)


def connect_account() -> account.AwsAccount:
    """Connect to the account whose credentials are in use; there need be no stack. Raise OperatorError."""
    with _set_up():
        session, config = boto3.session.Session(), _config()
        functions = session.client("lambda", config=config)
        return account.AwsAccount(
            functions.meta.region_name,
            session.client("sts", config=config),
            functions,
            session.client("rekognition", config=config),
            RETRY,
            lambda region: session.client("rekognition", region_name=region, config=config),
            s3=session.client("s3", config=config),
            cloudformation=session.client("cloudformation", config=config),
            ssm=session.client("ssm", config=config),
            sns=session.client("sns", config=config),
            service_quotas=session.client("service-quotas", config=config),
            dynamodb=session.client("dynamodb", config=config),
        )


def stack_on_aws(stack: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the name of the stack that is meant, for what is of use on AWS alone."""
    return stack or environment.get(STACK_VARIABLE) or DEFAULT_STACK


def connect_stacks() -> tuple[cloudformation.Stacks, cloudformation.KeptData]:
    """Connect to the stacks of the account, and to what outlives them. Raise OperatorError."""
    with _set_up():
        session, config = boto3.session.Session(), _config()
        stacks = cloudformation.Stacks(session.client("cloudformation", config=config), RETRY, time.sleep)
        data = cloudformation.KeptData(
            session.client("s3", config=config),
            session.client("dynamodb", config=config),
            session.client("cloudwatch", config=config),
            RETRY,
            lambda: datetime.now(UTC),
        )
        return stacks, data


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
    return DeployedPipeline(Names.of_stack(stack, outputs_on_aws(client, stack, RETRY)), session)


def outputs_on_aws(client: "CloudFormationClient", stack: str, retry: RetryPolicy) -> Mapping[str, str]:
    """Return the outputs of a stack by name. Raise OperatorError if there is no such stack."""
    outputs = reliable(retry, f"DescribeStacks of {stack}", read_outputs)(client, stack)
    if outputs is None:
        raise OperatorError(
            f"there is no stack {stack!r} in {client.meta.region_name}; deploy it, name another with "
            "--stack or AWS_REGION, or add --local for the one that make run has started"
        )
    return outputs


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
        place.names,
        session,
        is_local=True,
        rekognition_url=place.rekognition_url,
        endpoint_url=place.endpoint_url,
        config=config,
    )


def _config() -> Config:
    """One attempt a call, for retrying is our own policy's."""
    return client_config(
        connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS, connections=CALLS_AT_ONCE
    )
