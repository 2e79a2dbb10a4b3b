"""Alerts put together, once for each Lambda environment, by their entry."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools import Logger

from aws.calls import TableBatches
from contract.alerts import FLUSH_EVENT, AnnouncedPhoto, read_alerts
from contract.environment import load
from contract.settings import AlertsSettings
from processors.adapters.alerts import DynamoDBAlerts, SnsAlerts
from processors.adapters.calls import clients, retry_policy, translated
from processors.alerts.alerting import Alerting, Persons
from processors.completions import take_messages
from processors.telemetry import Log

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient

Answering = Callable[[dict[str, Any], Any], dict[str, Any]]


def build() -> Answering:
    """Build what answers. Raises SettingsError naming everything that is missing."""
    settings = load(AlertsSettings, os.environ)
    client, topic = clients("dynamodb", "sns")
    return assemble(settings, client, topic, Logger(), time.time)


def assemble(
    settings: AlertsSettings,
    client: "DynamoDBClient",
    topic: "SNSClient",
    logger: Logger,
    clock: Callable[[], float],
) -> Answering:
    """Put together what answers: messages of the queue, or the schedule, which asks `{"flush": "due"}`."""
    retry = retry_policy()
    kept = DynamoDBAlerts(client, settings.table_name, retry, clock)
    sent = SnsAlerts(topic, settings.topic_arn, retry)
    log = cast("Log", logger)
    persons = _persons(settings, client, clock) if settings.people_similarity_percent else None
    alerting = Alerting(read_alerts(settings.alerts), kept.read, kept.write, sent.send, clock, log, persons)

    def take(photos: Mapping[str, AnnouncedPhoto]) -> Sequence[str]:
        alerting.take(list(photos.values()))
        return ()

    def work(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        if FLUSH_EVENT in event:
            return {"sent": alerting.flush()}
        return take_messages(event["Records"], AnnouncedPhoto.of, take, log)

    return cast("Answering", logger.inject_lambda_context(work))


def _persons(settings: AlertsSettings, client: "DynamoDBClient", clock: Callable[[], float]) -> Persons:
    from processors.adapters.dynamodb import ImageTable
    from processors.adapters.seen_persons import SeenPersons

    # A batch of messages is a hundred photos at most, which is one batch of reads.
    retry, executor = retry_policy(), ThreadPoolExecutor(1)
    batches = TableBatches(client, settings.table_name, translated, retry, executor)
    return SeenPersons(ImageTable(batches, retry, clock), settings.people_similarity_percent).on
