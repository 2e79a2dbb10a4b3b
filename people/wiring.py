"""What looks after persons put together, once for each Lambda environment, by its entry."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast

import botocore.session
from aws_lambda_powertools import Logger

from aws.calls import TableBatches, head_object
from aws.client_config import client_config
from aws.errors import ErrorTranslator
from aws.queues import SqsQueue
from aws.retries import RetryPolicy
from contract.environment import load
from contract.errors import ConfigurationError, NotReadyError
from contract.moments import day_of, to_text
from contract.people import DUE_EVENT
from contract.settings import PeopleSettings
from people.collection import FaceCollection
from people.forgetting import PersonRemoval
from people.mentions import MentionRemoval
from people.mentions_table import DynamoDBMentions
from people.persons import DynamoDBPeople
from people.upkeep import PersonUpkeep

Answering = Callable[[dict[str, Any], Any], dict[str, Any]]

translated = ErrorTranslator(
    passing=NotReadyError, refused_request=ConfigurationError, unknown=ConfigurationError
)
# Nobody waits, and there is time.
RETRY = RetryPolicy(attempts=12, total_seconds=60, longest_wait_seconds=5)
READ_SECONDS = 30
CONNECT_SECONDS = 3


def build() -> Answering:
    """Build what answers. Raises SettingsError naming everything that is missing."""
    settings = load(PeopleSettings, os.environ)
    session = botocore.session.get_session()
    config = client_config(connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS)
    return assemble(settings, partial(session.create_client, config=config), Logger(), time.time, time.sleep)


def assemble(
    settings: PeopleSettings,
    client: Callable[[str], Any],
    logger: Logger,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Answering:
    """Put together what answers the schedule, which says what is due. `client` makes one of a service."""
    batches = TableBatches(client("dynamodb"), settings.table_name, translated, RETRY, ThreadPoolExecutor(1))
    rekognition, s3, bucket = client("rekognition"), client("s3"), settings.bucket_name

    def now() -> str:
        return to_text(clock())

    def is_gone(key: str) -> bool:
        if not key.startswith(settings.bucket_prefix):
            return False
        return RETRY.around(translated("HeadObject of a photo")(head_object))(s3, bucket, key) is None

    mentions = MentionRemoval(
        DynamoDBMentions(batches),
        SqsQueue(client("sqs"), settings.queue_url, translated, RETRY),
        bucket,
        now,
        sleep,
    )
    collection = FaceCollection(rekognition, settings.people_collection, translated, RETRY, sleep)
    upkeep = PersonUpkeep(
        PersonRemoval(DynamoDBPeople(batches), collection, bucket, now, mentions),
        is_gone,
        lambda: day_of(clock()),
        logger.info,
        logger.error,
    )

    def work(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        return dict(upkeep.carry_out(event[DUE_EVENT]))

    return cast("Answering", logger.inject_lambda_context(work))
