"""Telling of cameras put together, once for each Lambda environment, by their entry."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools import Logger

from aws.calls import TableBatches
from contract.camera_telling import TICK_EVENT
from contract.cameras import read_cameras
from contract.environment import load
from contract.settings import CamerasSettings, policy_of
from processors.adapters.calls import clients, retry_policy, translated
from processors.adapters.camera_telling import DynamoDBTelling, SnsCameras
from processors.adapters.dynamodb import ImageTable
from processors.cameras.telling import AnnouncedPicture, CameraTelling
from processors.completions import take_messages
from processors.runtime import Runtime
from processors.telemetry import Log

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient


Answering = Callable[[dict[str, Any], Any], dict[str, Any]]


def build() -> Answering:
    """Build what answers. Raises SettingsError naming everything that is missing."""
    settings = load(CamerasSettings, os.environ)
    client, topic = clients("dynamodb", "sns")
    return assemble(settings, client, topic, Logger(), Runtime())


def assemble(
    settings: CamerasSettings,
    client: "DynamoDBClient",
    topic: "SNSClient",
    logger: Logger,
    runtime: Runtime,
) -> Answering:
    """Put together what answers: messages of the queue, or the schedule, which asks `{"tick": "due"}`."""
    retry, log, name = retry_policy(runtime.sleep), cast("Log", logger), settings.table_name
    batches = TableBatches(client, name, translated, retry, runtime.new_executor(1))
    table = ImageTable(batches, retry, runtime.clock)
    records = table.read_records
    kept = DynamoDBTelling(client, name, retry, runtime.clock, records, policy_of(settings.policy))
    sent = SnsCameras(topic, settings.topic_arn, retry)
    telling = CameraTelling(
        read_cameras(settings.cameras),
        kept.read,
        kept.write,
        kept.pictures,
        sent.send,
        runtime.clock,
        log,
        _names(table) if settings.people_similarity_percent else dict,
        settings.people_similarity_percent,
    )

    def take(pictures: Mapping[str, AnnouncedPicture]) -> Sequence[str]:
        failed = telling.take(list(pictures.values()))
        return [identifier for identifier, picture in pictures.items() if picture.camera in failed]

    def work(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        if TICK_EVENT in event:
            return {"sent": telling.tick()}
        return take_messages(event["Records"], AnnouncedPicture.of, take, log)

    return cast("Answering", logger.inject_lambda_context(work))


def _names(table: ImageTable) -> Callable[[], Mapping[str, str]]:
    from processors.adapters.face_answers import FaceAnswers

    answers = FaceAnswers(table)
    return lambda: answers.scope().persons
