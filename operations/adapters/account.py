"""An account in a region: who asks, what it is allowed, and the processor that is deployed in it."""

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from aws.calls import TableBatches
from aws.retries import RetryPolicy
from aws.stack_outputs import read_outputs, read_stack
from contract.detector_choice import ByPrefix
from contract.detectors import SEARCH, operations_of
from contract.environment import load
from contract.errors import ConfigurationError, SettingsError
from contract.meaning import INVOKE_MODEL
from contract.people import Person
from contract.policy import Policy
from contract.questions import fingerprints_of_all, wanted_fingerprints
from contract.quotas import DEFAULT_BATCH_SIZE
from contract.settings import ProcessorSettings, policy_of
from operations.adapters.aws_errors import reliable, translated
from operations.adapters.existing_bucket import BucketOwnership, BucketSettings, NoBucket
from operations.terminal import OperatorError
from people.persons import DynamoDBPeople

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_service_quotas import ServiceQuotasClient


# No image of any kind: Rekognition says so before it looks for anything, and charges nothing.
_NO_IMAGE = b"\x00"
_SAID_OF_NO_IMAGE = frozenset({"InvalidImageFormatException", "InvalidParameterException"})
_SAID_OF_THE_CALLER = frozenset({"AccessDeniedException", "AccessDenied", "AuthorizationError"})
_NOTHING_THERE = frozenset({"ParameterNotFound", "NotFound"})
_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
_METHODS = {
    "DetectLabels": "detect_labels",
    "DetectFaces": "detect_faces",
    "DetectModerationLabels": "detect_moderation_labels",
    "DetectText": "detect_text",
    "RecognizeCelebrities": "recognize_celebrities",
    "DetectProtectiveEquipment": "detect_protective_equipment",
}
_PEOPLE_OUTPUT, _TABLE_OUTPUT = "PeopleCollection", "Table"
# What Service Quotas calls Rekognition, and the period of quotas that are by the second.
_SERVICE = "rekognition"
_SECOND = "SECOND"


class Concurrency(NamedTuple):
    """How many functions of an account may run at once in a region; `unreserved` are nobody's yet."""

    limit: int
    unreserved: int


class AccountQuota(NamedTuple):
    """A quota of the account, as Service Quotas names it. `operation` is what it meters, where it says so."""

    name: str
    value: float
    operation: str | None = None


@dataclass(frozen=True)
class AwsAccount:
    """The account whose credentials are in use, in one region."""

    region: str
    sts: Any
    functions: "LambdaClient"
    rekognition: "RekognitionClient"
    retry: RetryPolicy
    rekognition_in: "Callable[[str], RekognitionClient]"
    s3: Any = None
    cloudformation: Any = None
    ssm: Any = None
    sns: Any = None
    service_quotas: Any = None
    dynamodb: Any = None

    def elsewhere(self, region: str) -> "AwsAccount":
        """Return the same account with the Rekognition of another region."""
        return replace(self, region=region, rekognition=self.rekognition_in(region))

    @cached_property
    def _caller(self) -> Mapping[str, str]:
        found: Mapping[str, str] = reliable(self.retry, "GetCallerIdentity", self.sts.get_caller_identity)()
        return found

    def identity(self) -> str:
        """Return the account's id and who asks."""
        return f"{self._caller['Account']} ({self._caller['Arn'].rpartition(':')[2]})"

    def bucket(self, name: str) -> BucketSettings | NoBucket:
        """Return how a bucket of this account is set."""
        return BucketOwnership(self.s3, self.retry).look(name, self._caller["Account"])

    def stack_state(self, name: str) -> str | None:
        """Return the status of a stack; None where there is none."""
        stack = reliable(self.retry, f"DescribeStacks of {name}", read_stack)(self.cloudformation, name)
        return None if stack is None else stack["StackStatus"]

    def everybody(self, stack: str) -> list[Person] | None:
        """Return who is enrolled with a stack; None where persons are off, or that may not be read."""
        outputs = reliable(self.retry, f"DescribeStacks of {stack}", read_outputs)(self.cloudformation, stack)
        if not outputs or _PEOPLE_OUTPUT not in outputs:
            return None
        with ThreadPoolExecutor(1) as executor:
            table = TableBatches(self.dynamodb, outputs[_TABLE_OUTPUT], translated, self.retry, executor)
            try:
                return DynamoDBPeople(table).everybody()
            except ConfigurationError:
                return None

    def is_bootstrapped(self) -> bool | None:
        """Return whether the CDK has been made ready for here; None where that may not be read.

        https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
        """
        return self._is_there("GetParameter", self.ssm.get_parameter, Name=_BOOTSTRAP_VERSION)

    def has_topic(self, arn: str) -> bool | None:
        """Return whether a topic is there; None where that may not be read."""
        return self._is_there("GetTopicAttributes", self.sns.get_topic_attributes, TopicArn=arn)

    def _is_there(self, operation: str, read: Callable[..., object], **asked: str) -> bool | None:
        def attempt() -> bool | None:
            try:
                read(**asked)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in _NOTHING_THERE:
                    return False
                if code in _SAID_OF_THE_CALLER:
                    return None
                raise
            return True

        return reliable(self.retry, f"{operation} of {', '.join(asked.values())}", attempt)()

    def quota(self, operation: str) -> float | None:
        """Return how many calls of an operation a second the account may make; None where nobody can say."""
        return find_quota(operation, self._quotas)

    @cached_property
    def _quotas(self) -> list[AccountQuota]:
        try:
            return quotas_per_second(self.service_quotas, self.retry)
        except ConfigurationError:
            # Who deploys need not be allowed to read quotas.
            return []

    def concurrency(self) -> Concurrency:
        found = reliable(self.retry, "GetAccountSettings", self.functions.get_account_settings)()
        limit = found["AccountLimit"]
        return Concurrency(limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"])

    def refusal(self, operation: str) -> str | None:
        """Return why Rekognition would not answer whoever asks; None if it would.

        Raise a word for failure where it would answer nobody.
        """

        def attempt() -> str | None:
            try:
                getattr(self.rekognition, _METHODS[operation])(Image={"Bytes": _NO_IMAGE})
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in _SAID_OF_NO_IMAGE:
                    return None
                if code in _SAID_OF_THE_CALLER:
                    return code
                raise
            return None

        return reliable(self.retry, operation, attempt)()


def quotas_per_second(client: "ServiceQuotasClient", retry: RetryPolicy) -> list[AccountQuota]:
    """Return all quotas of Rekognition that are by the second: the account's, else AWS's defaults."""

    def listed(operation: str) -> list[Mapping[str, Any]]:
        pages = client.get_paginator(operation).paginate(ServiceCode=_SERVICE)  # type: ignore[call-overload]
        return [found for page in pages for found in page["Quotas"] if "Value" in found]

    applied, defaults = (
        reliable(retry, f"{operation} of {_SERVICE}", listed)(operation)
        for operation in ("list_service_quotas", "list_aws_default_service_quotas")
    )
    codes = {found["QuotaCode"] for found in applied}
    every = [*applied, *(found for found in defaults if found["QuotaCode"] not in codes)]
    return [_quota(found) for found in every if _is_by_the_second(found)]


def find_quota(operation: str, account: Iterable[AccountQuota]) -> float | None:
    """Return the account's quota of an operation: the one that meters it, or whose name has its name."""
    word = re.compile(rf"\b{operation}\b", flags=re.IGNORECASE)
    found = [quota for quota in account if quota.operation == operation or word.search(quota.name)]
    return max((quota.value for quota in found), default=None)


def _is_by_the_second(found: Mapping[str, Any]) -> bool:
    period = found.get("Period", {})
    name = found["QuotaName"].lower()
    is_named = "per second" in name or "tps" in name
    return is_named or (period.get("PeriodUnit") == _SECOND and period.get("PeriodValue", 1) == 1)


def _quota(found: Mapping[str, Any]) -> AccountQuota:
    dimensions = found.get("UsageMetric", {}).get("MetricDimensions", {})
    return AccountQuota(found["QuotaName"], found["Value"], dimensions.get("Resource"))


@dataclass(frozen=True)
class DeployedProcessor:
    """Its detectors, what each operation may be called, by operation, and the messages it takes at once."""

    settings: ProcessorSettings
    memory_mb: int
    batch_size: int = DEFAULT_BATCH_SIZE

    @property
    def operations(self) -> tuple[str, ...]:
        """What has a quota: what detectors ask, searches of faces, and the model that sees pictures."""
        searched = (SEARCH.operation,) if self.settings.people_collection else ()
        seen = (INVOKE_MODEL,) if self.settings.sees_meaning else ()
        return (*operations_of(self.settings.every_detector), *searched, *seen)

    @property
    def reads_pictures(self) -> bool:
        """Whether photos are read as files too, by the pictures function."""
        return bool(self.settings.pictures_function)

    @cached_property
    def fingerprints(self) -> Mapping[str, str]:
        """What records are to have, by detector; with what functions of ours answer, where there are any."""
        return fingerprints_of_all(self.settings)

    @cached_property
    def fingerprints_of(self) -> ByPrefix[Mapping[str, str]]:
        """What a record is to have, by its key: of these, those that are asked below its prefix."""
        return wanted_fingerprints(self.settings)

    @property
    def daily_limits(self) -> Mapping[str, int]:
        return {name: int(limit) for name, limit in self.settings.daily_call_limits.items()}

    @property
    def quotas(self) -> Mapping[str, float]:
        return {operation: self.settings.quotas[operation] for operation in self.operations}

    @cached_property
    def policy(self) -> Policy | None:
        """Return what completions and answers are by; None for everything that was found."""
        return policy_of(self.settings.policy)

    @property
    def lines_abroad(self) -> Mapping[str, float]:
        """Return the calls a second by line of other regions (contract/regions.py)."""
        return self.settings.regional_quotas


def reader_of(client: "LambdaClient", queue_arn: str, retry: RetryPolicy) -> DeployedProcessor:
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
        settings = load(ProcessorSettings, found.get("Environment", {}).get("Variables", {}))
    except SettingsError as error:
        raise OperatorError(
            f"function {function} has other settings than this release knows: {'; '.join(error.faults)}; "
            "deploy this release, or use the imagepipe of the release that is deployed"
        ) from error
    batch_size = mappings[0].get("BatchSize", DEFAULT_BATCH_SIZE)
    return DeployedProcessor(settings, found["MemorySize"], batch_size)
