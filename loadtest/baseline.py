"""The local cloud's own rate: the same photos, queues and workers, with a function that does nothing."""

import io
import time
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from uuid import uuid4

from loadtest import LoadtestError
from loadtest.photos import smallest_photo
from loadtest.stack import Stack

PHOTOS = 600
WORKERS = 8
BATCH = 10
UPLOADERS = 8
_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.1
_HANDLER = "def answer(event, context):\n    return {'batchItemFailures': []}\n"


def rate(stack: Stack, say: Callable[[str], None]) -> Mapping[str, float]:
    """Measure uploads a second while nothing else happens, and messages a second through the function.

    For a cloud of one's own on this machine. Raises LoadtestError.
    """
    say(f"the local cloud alone: {PHOTOS} photos, and a function that does nothing")
    name = f"baseline-{uuid4().hex[:8]}"
    with ExitStack() as until_over:
        queue_url, queue_arn = _make(stack, name, until_over)
        upload_seconds = _upload(stack, name)
        function_seconds = _drain(stack, name, queue_url, queue_arn)
    return {
        "photos": PHOTOS,
        "workers": WORKERS,
        "uploads_a_second": PHOTOS / upload_seconds,
        "messages_a_second": PHOTOS / function_seconds,
        "both_a_second": PHOTOS / (upload_seconds + function_seconds),
    }


def _make(stack: Stack, name: str, until_over: ExitStack) -> tuple[str, str]:
    """Make a bucket whose events go to a queue (returns URL and ARN), and a function that nothing feeds."""
    stack.s3.create_bucket(Bucket=name)
    url = stack.sqs.create_queue(QueueName=name)["QueueUrl"]
    until_over.callback(stack.sqs.delete_queue, QueueUrl=url)
    asked = stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = asked["Attributes"]["QueueArn"]
    stack.s3.put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    stack.functions_client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/baseline",
        Handler="baseline.answer",
        Code={"ZipFile": _code()},
        Timeout=30,
    )
    until_over.callback(stack.functions_client.delete_function, FunctionName=name)
    return url, arn


def _upload(stack: Stack, bucket: str) -> float:
    body, begun = smallest_photo().read_bytes(), time.monotonic()

    def put(number: int) -> None:
        stack.s3.put_object(Bucket=bucket, Key=f"{number}.jpg", Body=body)

    with ThreadPoolExecutor(UPLOADERS) as uploaders:
        list(uploaders.map(put, range(PHOTOS)))
    return time.monotonic() - begun


def _drain(stack: Stack, function: str, queue_url: str, queue_arn: str) -> float:
    """Let the function take the messages; return the seconds from the first taken to the last gone."""
    made = stack.functions_client.create_event_source_mapping(
        EventSourceArn=queue_arn,
        FunctionName=function,
        BatchSize=BATCH,
        ScalingConfig={"MaximumConcurrency": WORKERS},
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )["UUID"]
    try:
        everything = stack.depth(queue_url).total
        deadline = time.monotonic() + _PATIENCE_SECONDS
        begun = time.monotonic()
        while (left := stack.depth(queue_url).total) > 0:
            if left == everything:
                begun = time.monotonic()
            if time.monotonic() > deadline:
                raise LoadtestError(f"{left} messages were left for a function that does nothing")
            time.sleep(_POLL_SECONDS)
        return max(_POLL_SECONDS, time.monotonic() - begun)
    finally:
        stack.functions_client.delete_event_source_mapping(UUID=made)


def _code() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("baseline.py", _HANDLER)
    return packed.getvalue()
