"""The clients of AWS, their time-outs, what its failures mean; and the queues, asked for their depth alone.

They come from botocore: importing boto3 around it would cost a fifth of the cold start, for nothing that is
used here. They own retrying: three attempts with short time-outs, within the function's own.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from botocore.session import Session

from aws.client_config import client_config
from aws.errors import ErrorTranslator
from aws.queue_depths import QueueDepth, read_depth
from contract.errors import ConfigurationError, TransientError
from query_api.adapters.readable import parse_plainly
from query_api.ports import Backlog

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

CONNECT_SECONDS = 1.0
READ_SECONDS = 2.0
ATTEMPTS = 3
# Partitions and terms are read side by side.
CONNECTIONS = 16

# A request that AWS finds wrong is the deployment's fault (no such table, no permission, no valid
# credentials) or ours; in both cases asking again does not help.
translated = ErrorTranslator(
    passing=TransientError, refused_request=ConfigurationError, unknown=ConfigurationError
)


def make_dynamodb_client(session: Session) -> "DynamoDBClient":
    config = client_config(
        connect_seconds=CONNECT_SECONDS,
        read_seconds=READ_SECONDS,
        attempts=ATTEMPTS,
        connections=CONNECTIONS,
        # What we send is ours; checking it anew takes a tenth of a call's own time.
        parameter_validation=False,
    )
    parse_plainly(session)
    return cast("DynamoDBClient", session.create_client("dynamodb", config=config))


def make_sqs_client(session: Session) -> "SQSClient":
    config = client_config(connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS, attempts=ATTEMPTS)
    return cast("SQSClient", session.create_client("sqs", config=config))


@dataclass(frozen=True)
class QueueBacklogs:
    """Asks SQS, by the queues' URLs. `client` makes the client at the first question: few need it."""

    client: "Callable[[], SQSClient]"
    images: str
    bulk: str
    dead_letters: tuple[str, ...]
    executor: Executor

    def backlog(self) -> Backlog:
        """Ask all queues, side by side."""
        client = self.client()
        images, bulk, *dead = self.executor.map(
            lambda url: _depth(client, url), (self.images, self.bulk, *self.dead_letters)
        )
        return Backlog(images, bulk, sum(depth.total for depth in dead))


def _depth(client: "SQSClient", url: str) -> QueueDepth:
    with translated(f"GetQueueAttributes of {url}"):
        return read_depth(client, url)
