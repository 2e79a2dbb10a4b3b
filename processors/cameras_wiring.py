"""Telling of cameras put together, once for each Lambda environment, by their entry."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from aws_lambda_powertools import Logger

from contract.camera_telling import TICK_EVENT
from contract.cameras import read_cameras
from contract.environment import load
from contract.settings import CamerasSettings
from processors.adapters.calls import lambda_config, retry_policy
from processors.adapters.camera_telling import DynamoDBTelling, SnsCameras
from processors.cameras.telling import AnnouncedPicture, CameraTelling
from processors.completions import take_messages
from processors.telemetry import Log

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient

Answering = Callable[[dict[str, Any], Any], dict[str, Any]]


def build() -> Answering:
    """Build what answers. Raises SettingsError naming everything that is missing."""
    settings = load(CamerasSettings, os.environ)
    session = botocore.session.get_session()
    client = cast("DynamoDBClient", session.create_client("dynamodb", config=lambda_config()))
    topic = cast("SNSClient", session.create_client("sns", config=lambda_config()))
    return assemble(settings, client, topic, Logger(), time.time)


def assemble(
    settings: CamerasSettings,
    client: "DynamoDBClient",
    topic: "SNSClient",
    logger: Logger,
    clock: Callable[[], float],
) -> Answering:
    """Put together what answers: messages of the queue, or the schedule, which asks `{"tick": "due"}`."""
    retry, log = retry_policy(), cast("Log", logger)
    kept = DynamoDBTelling(client, settings.table_name, retry, clock)
    sent = SnsCameras(topic, settings.topic_arn, retry)
    telling = CameraTelling(
        read_cameras(settings.cameras), kept.read, kept.write, kept.pictures, sent.send, clock, log
    )

    def take(pictures: Mapping[str, AnnouncedPicture]) -> Sequence[str]:
        failed = telling.take(list(pictures.values()))
        return [identifier for identifier, picture in pictures.items() if picture.camera in failed]

    def work(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        if TICK_EVENT in event:
            return {"sent": telling.tick()}
        return take_messages(event["Records"], AnnouncedPicture.of, take, log)

    return cast("Answering", logger.inject_lambda_context(work))
