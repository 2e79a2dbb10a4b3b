"""The pictures function put together, once for each Lambda environment, by its entry."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools import Logger

from contract.environment import load
from contract.settings import PicturesSettings
from processors.adapters.calls import clients, retry_policy
from processors.adapters.photos import S3Photos
from processors.adapters.s3_renditions import S3Renditions
from processors.pictures.photos_function import PhotosFunction

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from contract.cameras import Cameras

Answering = Callable[[dict[str, Any], Any], dict[str, Any]]


def build() -> Answering:
    """Build what answers. Raises SettingsError naming everything that is missing."""
    settings = load(PicturesSettings, os.environ)
    (client,) = clients("s3")
    return assemble(settings, client, Logger())


def assemble(settings: PicturesSettings, client: "S3Client", logger: Logger) -> Answering:
    retry = retry_policy()
    function = PhotosFunction(
        S3Photos(client, settings.bucket_name, retry),
        S3Renditions(client, settings.renditions_bucket, retry),
        keep_location=settings.keep_location == "yes",
        near_duplicates=settings.near_duplicates == "yes",
        sidecars=settings.sidecars == "yes",
        films=settings.films == "yes",
        cameras=_cameras(settings.cameras),
    )

    def work(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        return function.answer(event)

    return cast("Answering", logger.inject_lambda_context(work))


def _cameras(text: str) -> "Cameras | None":
    if not text:
        return None
    from contract.cameras import read_cameras

    return read_cameras(text)
