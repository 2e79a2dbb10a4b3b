"""The function that answers operators, put together; it writes no metrics of its own."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import botocore.session
from aws_lambda_powertools import Logger

from aws.queues import SqsQueue
from contract.dead_letters import LETTER_ATTRIBUTES
from contract.environment import load
from contract.settings import OperatorSettings
from query_api.adapters.clients import CONNECTIONS, make_dynamodb_client, make_sqs_client, translated
from query_api.adapters.dead_letters import LaneLetters, SqsDeadLetters, at_once
from query_api.adapters.standing import DynamoDBStanding
from query_api.answering import Answering, answering
from query_api.endpoints.operating import OperatorEndpoints


def build() -> Answering:
    """Build what answers events, from the environment. Raises SettingsError."""
    return assemble(load(OperatorSettings, os.environ), botocore.session.get_session())


def assemble(settings: OperatorSettings, session: botocore.session.Session) -> Answering:
    """Build what answers events, and logs what was sent back, by whom it was asked."""
    logger = Logger()
    dynamodb, sqs = make_dynamodb_client(session), make_sqs_client(session)

    def lane(name: str, url: str, dead_letters_url: str) -> LaneLetters:
        letters = SqsQueue(sqs, dead_letters_url, translated, at_once, LETTER_ATTRIBUTES)
        return LaneLetters(name, SqsQueue(sqs, url, translated, at_once), letters)

    def unreadable(what: str, error: Exception) -> None:
        logger.warning("a count cannot be read, and is left out", item=what, error=repr(error))

    lanes = (
        lane("images", settings.queue_url, settings.dead_letter_queue_url),
        lane("bulk", settings.bulk_queue_url, settings.bulk_dead_letter_queue_url),
    )
    endpoints = OperatorEndpoints(
        DynamoDBStanding(
            dynamodb,
            settings.table_name,
            lanes,
            {**settings.quotas, **settings.regional_quotas},
            settings.daily_call_limits,
            ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="depth"),
            unreadable,
            time.time,
        ),
        SqsDeadLetters(lanes, settings.bucket_name, time.time),
        logger.info,
        settings.operators_group,
        settings.prefix_claim,
    )
    return answering(endpoints.routes(), logger)
