"""What looks at films: a function with what decodes them. What it makes stands where renditions do."""

from pathlib import Path

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from contract import timing
from contract.environment import dump
from contract.settings import FilmsSettings
from infra.functions import PythonFunction, allow, allow_on_objects
from infra.intake import ObjectEvents
from infra.pictures import Pictures
from infra.settings import DeploymentSettings

# Two cores: decoding uses them, and what it costs is the same.
MEMORY_MB = 3538


class Films(Construct):
    """The films function, which the processor alone invokes.

    What decodes strangers' bytes has no rights but to read objects of the bucket and to write renditions.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        code: Path,
        intake: ObjectEvents,
        pictures: Pictures,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = PythonFunction(
            self,
            "Films",
            room="processors",
            entry="films_handler",
            service="films",
            code=code,
            environment=dump(
                FilmsSettings(
                    bucket_name=intake.bucket.bucket_name,
                    renditions_bucket=pictures.renditions.bucket_name,
                )
            ),
            timeout_seconds=timing.FILM_TIMEOUT_SECONDS,
            memory_mb=MEMORY_MB,
            log_retention_days=settings.log_retention_days,
        ).function
        intake.let_read(self.function)
        allow_on_objects(self.function, ["s3:PutObject"], pictures.renditions)

    def serve(self, processor: lambda_.Function) -> None:
        """Let the processor ask this function."""
        allow(processor, ["lambda:InvokeFunction"], self.function.function_arn)
