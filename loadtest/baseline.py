"""The local cloud's own rate: the same photos, queues and workers, with a function that does nothing."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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
    with _Site.made(stack) as site:
        upload_seconds = site.upload()
        function_seconds = site.drain()
        return {
            "photos": PHOTOS,
            "workers": WORKERS,
            "uploads_a_second": PHOTOS / upload_seconds,
            "messages_a_second": PHOTOS / function_seconds,
            "both_a_second": PHOTOS / (upload_seconds + function_seconds),
        }


@dataclass(frozen=True)
class _Site:
    stack: Stack
    bucket: str
    queue_url: str
    queue_arn: str
    function: str

    @classmethod
    @contextmanager
    def made(cls, stack: Stack) -> Iterator[_Site]:
        """Make a bucket whose events go to a queue, and a function that nothing feeds yet."""
        name = f"baseline-{uuid4().hex[:8]}"
        client = stack.functions_client
        with ExitStack() as until_over:
            stack.s3.create_bucket(Bucket=name)
            url = stack.sqs.create_queue(QueueName=name)["QueueUrl"]
            until_over.callback(stack.sqs.delete_queue, QueueUrl=url)
            arn = stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
                "QueueArn"
            ]
            stack.s3.put_bucket_notification_configuration(
                Bucket=name,
                NotificationConfiguration={
                    "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
                },
            )
            client.create_function(
                FunctionName=name,
                Runtime="python3.13",
                Role="arn:aws:iam::000000000000:role/baseline",
                Handler="baseline.answer",
                Code={"ZipFile": _code()},
                Timeout=30,
            )
            until_over.callback(client.delete_function, FunctionName=name)
            yield cls(stack, name, url, arn, name)

    def upload(self) -> float:
        body, begun = smallest_photo().read_bytes(), time.monotonic()

        def put(number: int) -> None:
            self.stack.s3.put_object(Bucket=self.bucket, Key=f"{number}.jpg", Body=body)

        with ThreadPoolExecutor(UPLOADERS) as uploaders:
            list(uploaders.map(put, range(PHOTOS)))
        return time.monotonic() - begun

    def drain(self) -> float:
        """Let the function take the messages; return the seconds from the first taken to the last gone."""
        client = self.stack.functions_client
        made = client.create_event_source_mapping(
            EventSourceArn=self.queue_arn,
            FunctionName=self.function,
            BatchSize=BATCH,
            ScalingConfig={"MaximumConcurrency": WORKERS},
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )["UUID"]
        try:
            everything = self.stack.depth(self.queue_url).total
            deadline = time.monotonic() + _PATIENCE_SECONDS
            begun = time.monotonic()
            while (left := self.stack.depth(self.queue_url).total) > 0:
                if left == everything:
                    begun = time.monotonic()
                if time.monotonic() > deadline:
                    raise LoadtestError(f"{left} messages were left for a function that does nothing")
                time.sleep(_POLL_SECONDS)
            return max(_POLL_SECONDS, time.monotonic() - begun)
        finally:
            client.delete_event_source_mapping(UUID=made)


def _code() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("baseline.py", _HANDLER)
    return packed.getvalue()
