"""The depth of the queues in SQS."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from botocore.session import Session

from aws.client_config import client_config
from aws.queue_depths import QueueDepth, read_depth
from query_api.adapters.aws_errors import translated
from query_api.adapters.dynamodb import ATTEMPTS, CONNECT_SECONDS, READ_SECONDS
from query_api.ports import Backlog

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def make_client(session: Session) -> SQSClient:
    """Make the client, with short time-outs."""
    config = client_config(connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS, attempts=ATTEMPTS)
    return cast("SQSClient", session.create_client("sqs", config=config))


@dataclass(frozen=True)
class QueueUrls:
    """The URL of each queue."""

    images: str
    bulk: str
    images_dead_letters: str
    bulk_dead_letters: str


@dataclass(frozen=True)
class QueueBacklogs:
    """Asks SQS. `client` makes the client at the first question, for few questions need it."""

    client: Callable[[], SQSClient]
    urls: QueueUrls
    executor: Executor

    def backlog(self) -> Backlog:
        """Ask all queues, side by side."""
        client = self.client()
        urls = self.urls
        images, bulk, *dead = self.executor.map(
            lambda url: _depth(client, url),
            (urls.images, urls.bulk, urls.images_dead_letters, urls.bulk_dead_letters),
        )
        return Backlog(images, bulk, sum(depth.total for depth in dead))


def _depth(client: SQSClient, url: str) -> QueueDepth:
    with translated(f"GetQueueAttributes of {url}"):
        return read_depth(client, url)
