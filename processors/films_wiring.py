"""The films function put together, once for each Lambda environment, by its entry."""

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools import Logger

from contract.environment import load
from contract.settings import FilmsSettings
from processors.adapters.calls import clients, retry_policy
from processors.adapters.photos import S3Photos
from processors.adapters.s3_renditions import S3Renditions
from processors.films.films_function import FilmsFunction

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Answering = Callable[[dict[str, Any], Any], dict[str, Any]]


def build() -> Answering:
    """Build what answers. Raises SettingsError naming everything that is missing."""
    settings = load(FilmsSettings, os.environ)
    (client,) = clients("s3")
    return assemble(settings, client, Logger())


def assemble(settings: FilmsSettings, client: "S3Client", logger: Logger) -> Answering:
    retry = retry_policy()
    function = FilmsFunction(
        S3Photos(client, settings.bucket_name, retry),
        S3Renditions(client, settings.renditions_bucket, retry),
        time.monotonic,
    )

    def work(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        return function.answer(event)

    return cast("Answering", logger.inject_lambda_context(work))
