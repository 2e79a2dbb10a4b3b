"""All ways to do the work, by name: the real pipeline with its budget, and others, small and honest.

Pipelines as they are usually published: no limiter, each image for itself, retries, then SQS again. And
limiters of one worker by itself, around its Rekognition client, which know nothing of other workers.
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any, Protocol

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from botocore.exceptions import ClientError
from botocore.retries import adaptive, bucket, throttling
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from aws.retries import FIRST_WAIT_SECONDS
from contract.items import key_to_wire
from contract.metrics import Metric
from contract.settings import ProcessorSettings
from contract.table import record_key
from loadtest.simulation.clients import Services, clients
from loadtest.simulation.clock import Clock, VirtualLock, wait
from loadtest.simulation.fleet import Environment, Handler
from loadtest.simulation.queue import BUCKET
from local.rekognition.quotas import TokenBucket
from processors.adapters.calls import ATTEMPTS, LONGEST_WAIT_SECONDS
from processors.runtime import Deadline, Runtime
from processors.wiring import Clients, assemble

# So many calls a second that the budget never makes anybody wait.
UNLIMITED = 1e9


class NoTelemetry:
    """Takes what the processor says and counts; a simulation is told by what its services have seen."""

    def warning(self, message: str, **facts: object) -> None: ...

    def error(self, message: str, **facts: object) -> None: ...

    def exception(self, message: str, **facts: object) -> None: ...

    def add(self, count: Metric, by: int = 1) -> None: ...


@dataclass
class FleetSite:
    """What all environments of a simulation share."""

    services: Services
    settings: ProcessorSettings
    chance: random.Random


Program = Callable[[FleetSite, Environment], Handler]


def pipeline(site: FleetSite, environment: Environment) -> Handler:
    return _assembled(site, environment, clients(site.services, environment), site.settings)


def without_limiter(site: FleetSite, environment: Environment) -> Handler:
    """Return the pipeline with nothing between it and the quota but its retries."""
    return with_rekognition(lambda _site, client: client, site, environment)


def with_rekognition(
    wrap: Callable[[FleetSite, object], object], site: FleetSite, environment: Environment
) -> Handler:
    """Return the pipeline without our limiter, and with another around its Rekognition client."""
    aws = clients(site.services, environment)
    limited = replace(aws, rekognition=wrap(site, aws.rekognition), dynamodb=_NoBudget(aws.dynamodb))
    quotas: Mapping[str, float] = dict.fromkeys(site.settings.quotas, UNLIMITED)
    return _assembled(site, environment, limited, replace(site.settings, quotas=quotas))


class _NoBudget:
    """A DynamoDB client for which the budget item is always free, at no cost and in no time."""

    def __init__(self, client: object) -> None:
        self._client = client

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)

    def update_item(self, *, ExpressionAttributeValues: Mapping[str, Any], **_: object) -> Mapping[str, Any]:
        return {"Attributes": {"next_at": ExpressionAttributeValues[":now"]}}


def _assembled(
    site: FleetSite, environment: Environment, aws: Clients, settings: ProcessorSettings
) -> Handler:
    return assemble(settings, aws, NoTelemetry(), NoTelemetry(), runtime(site, environment)).answer


_NAMES = count()


def runtime(site: FleetSite, environment: Environment) -> Runtime:
    clock = environment.clock
    return Runtime(
        new_executor=environment.new_executor,
        new_lock=lambda: VirtualLock(clock),
        wait=partial(wait, clock),
        clock=clock.now,
        sleep=clock.sleep,
        spread=lambda longest: site.chance.uniform(0, longest),
        new_id=lambda: f"id-{next(_NAMES)}",
    )


class OneImage:
    """Asks about one image, puts one item, announces it. The retries are as many and as long as ours."""

    def __init__(self, site: FleetSite, environment: Environment) -> None:
        self._aws = clients(site.services, environment)
        self._around: Runtime = runtime(site, environment)

    def recognize(self, body: str) -> None:
        key = json.loads(body)["Records"][0]["s3"]["object"]["key"]
        image = {"S3Object": {"Bucket": BUCKET, "Name": key}}
        answer: Mapping[str, Any] = Retrying(
            retry=retry_if_exception_type(ClientError),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS),
            sleep=self._around.sleep,
            reraise=True,
        )(lambda: self._aws.rekognition.detect_labels(Image=image))
        labels = {"S": json.dumps(answer["Labels"])}
        self._aws.dynamodb.put_item(
            TableName="images", Item={**key_to_wire(record_key(key)), "labels": labels}
        )
        entry = {"Id": "0", "Message": json.dumps({"key": key})}
        self._aws.sns.publish_batch(TopicArn="completions", PublishBatchRequestEntries=[entry])


def one_message_a_call(site: FleetSite, environment: Environment) -> Handler:
    """One message an invocation; what fails after its retries fails the invocation."""
    one = OneImage(site, environment)

    def handler(event: dict[str, Any], _deadline: Deadline) -> Mapping[str, Any]:
        for record in event["Records"]:
            one.recognize(record["body"])
        return {"batchItemFailures": []}

    return handler


def powertools_serial(site: FleetSite, environment: Environment) -> Handler:
    """Powertools' batch processor, as its documentation has it: one record after the other."""
    one = OneImage(site, environment)

    def handler(event: dict[str, Any], _deadline: Deadline) -> Mapping[str, Any]:
        reply: Mapping[str, Any] = process_partial_response(
            event=event,
            record_handler=lambda record: one.recognize(record.body),
            processor=BatchProcessor(event_type=EventType.SQS),
        )
        return reply

    return handler


# Time since 1970 as a float has a grain; who waits for less than that would wait for ever.
GRAIN_SECONDS = 1e-4

Call = Callable[..., Mapping[str, Any]]


class Limiter(Protocol):
    """Lets a call wait, and hears what became of it."""

    def before(self) -> None: ...

    def after(self, *, throttled: bool) -> None: ...


class LimitedClient:
    """A Rekognition client whose every call goes through the limiter of its operation."""

    def __init__(self, client: object, new_limiter: Callable[[], Limiter]) -> None:
        self._client, self._new_limiter = client, new_limiter
        self._limiters: dict[str, Limiter] = {}

    def __getattr__(self, name: str) -> Call:
        limiter = self._limiters.setdefault(name, self._new_limiter())
        call: Call = getattr(self._client, name)

        def limited(**asked: Any) -> Mapping[str, Any]:
            limiter.before()
            try:
                answer = call(**asked)
            except ClientError:
                limiter.after(throttled=True)
                raise
            limiter.after(throttled=False)
            return answer

        return limited


class StaticShare:
    """The quota divided by the workers there may be: a token bucket that holds a second's worth."""

    def __init__(self, clock: Clock, rate: float) -> None:
        self._clock = clock
        self._bucket = TokenBucket(rate, clock.now)

    def before(self) -> None:
        while not self._bucket.take():
            self._clock.sleep(self._bucket.wait_seconds() + GRAIN_SECONDS)

    def after(self, *, throttled: bool) -> None:
        """Nothing is learned."""


class Adaptive:
    """botocore's adaptive mode: its own classes, with the clock of the simulation.

    Its lock is replaced, for it would be held while others go on: waiting for its condition lets go of it, so
    that nothing is lost by having none.
    """

    def __init__(self, clock: Clock) -> None:
        time = _Time(clock)
        tokens = bucket.TokenBucket(max_rate=1, clock=time)
        setattr(tokens, "_new_fill_rate_condition", _NoCondition(clock))  # noqa: B010 - unknown to its types
        self._limiter = adaptive.ClientRateLimiter(
            rate_adjustor=throttling.CubicCalculator(starting_max_rate=0, start_time=clock.now()),
            rate_clocker=adaptive.RateClocker(time),
            token_bucket=tokens,
            throttling_detector=_Told(),
            clock=time,
        )

    def before(self) -> None:
        self._limiter.on_sending_request(request=None)

    def after(self, *, throttled: bool) -> None:
        self._limiter.on_receiving_response(throttled=throttled)


class _Time(bucket.Clock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def sleep(self, amount: float) -> None:
        self._clock.sleep(amount)

    def current_time(self) -> float:
        return self._clock.now()


class _Told:
    def is_throttling_error(self, *, throttled: bool, **_: object) -> bool:
        return throttled


class _NoCondition:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def notify(self) -> None: ...

    def wait(self, seconds: float) -> None:
        self._clock.sleep(seconds + GRAIN_SECONDS)


def adaptive_mode(site: FleetSite, client: object) -> LimitedClient:
    return LimitedClient(client, lambda: Adaptive(site.services.clock))


def static_split(site: FleetSite, client: object) -> LimitedClient:
    """Return a worker with its share of the quota of DetectLabels, the only one asked in the comparison."""
    share = site.settings.quotas["DetectLabels"] / site.settings.workers
    return LimitedClient(client, lambda: StaticShare(site.services.clock, share))


PROGRAMS: Mapping[str, Program] = {
    "budget": pipeline,
    "no limiter": without_limiter,
    "adaptive": partial(with_rekognition, adaptive_mode),
    "static": partial(with_rekognition, static_split),
    "one message": one_message_a_call,
    "serial": powertools_serial,
}
