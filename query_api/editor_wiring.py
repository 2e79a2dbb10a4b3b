"""The function that takes corrections, put together; it writes no metrics of its own."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import botocore.session
from aws_lambda_powertools import Logger

from aws.queues import Outgoing, SqsQueue
from contract.environment import load
from contract.moments import day_of, to_text
from contract.notifications import look_again_parts
from contract.settings import EditorSettings, policy_of
from query_api.adapters.clients import make_dynamodb_client, make_sqs_client, translated
from query_api.adapters.corrections import DynamoDBCorrections
from query_api.adapters.dead_letters import at_once
from query_api.answering import Answering, answering
from query_api.endpoints.correcting import CorrectionEndpoints

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def build() -> Answering:
    """Build what answers events, from the environment. Raises SettingsError."""
    return assemble(load(EditorSettings, os.environ), botocore.session.get_session())


def assemble(settings: EditorSettings, session: botocore.session.Session) -> Answering:
    """Build what answers events, and logs what was corrected, by whom."""
    logger = Logger()
    dynamodb, sqs = make_dynamodb_client(session), make_sqs_client(session)
    queue = SqsQueue(sqs, settings.queue_url, translated, at_once)
    endpoints = CorrectionEndpoints(
        DynamoDBCorrections(dynamodb, settings.table_name),
        lambda keys: ask_to_look(queue, settings.bucket_name, keys, to_text(time.time())),
        lambda: to_text(time.time()),
        logger.info,
        settings.prefix_claim,
        policy_of(settings.policy),
        _names(settings, dynamodb, logger),
    )
    return answering(endpoints.routes(), logger)


def _names(
    settings: EditorSettings, client: "DynamoDBClient", logger: Logger
) -> Callable[[], Mapping[str, str]] | None:
    if not settings.people:
        return None
    from query_api.adapters.people import read_names

    def unreadable(what: str, error: Exception) -> None:
        logger.warning("an item cannot be read, and is passed over", item=what, reason=repr(error))

    return partial(read_names, client, settings.table_name, lambda: day_of(time.time()), unreadable)


def ask_to_look(queue: SqsQueue, bucket_name: str, keys: Sequence[str], at: str) -> None:
    """Ask for records to be made anew, the first by a message of its own. Raise what SQS refuses."""
    parts = [part for group in (keys[:1], keys[1:]) for part in look_again_parts(bucket_name, group, at)]
    messages = [Outgoing(str(place), body) for place, (_, body) in enumerate(parts)]
    for error in queue.send(messages).values():
        raise error
