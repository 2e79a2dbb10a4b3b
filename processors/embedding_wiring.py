"""The meaning function that asks Bedrock put together, once for each Lambda environment, by its entry."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools import Logger

from contract.environment import load
from contract.settings import EmbeddingSettings
from contract.timing import EMBEDDING_CALL_SECONDS
from processors.adapters.bedrock import TitanModel
from processors.adapters.calls import clients, retry_policy
from processors.adapters.s3_renditions import S3Renditions
from processors.embedding.embedding_function import EmbeddingAnswers

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Answering = Callable[[dict[str, Any], Any], dict[str, Any]]


def build() -> Answering:
    """Build what answers. Raises SettingsError naming everything that is missing."""
    settings = load(EmbeddingSettings, os.environ)
    s3, bedrock = clients("s3", "bedrock-runtime", read_seconds=EMBEDDING_CALL_SECONDS)
    return assemble(settings, s3, bedrock, Logger())


def assemble(settings: EmbeddingSettings, s3: "S3Client", bedrock: Any, logger: Logger) -> Answering:
    """Put it together. Who asks tries again, with a permit for each attempt: here nothing is."""
    thumbnails = S3Renditions(s3, settings.renditions_bucket, retry_policy(attempts=1))
    function = EmbeddingAnswers(thumbnails.get, TitanModel(bedrock))

    def work(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        return function.answer(event)

    return cast("Answering", logger.inject_lambda_context(work))
