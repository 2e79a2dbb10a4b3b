"""What looks at photos as files: a function with what decodes them, and a bucket for renditions."""

from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from contract import timing
from contract.cameras import write_cameras
from contract.environment import dump
from contract.settings import (
    FilmJobsSettings,
    PicturesSettings,
    ProcessorSettings,
    QuerySettings,
    TallySettings,
)
from infra.buckets import private_bucket
from infra.functions import PythonFunction, allow, allow_on_objects
from infra.intake import ObjectEvents
from infra.regions import REGIONAL_QUOTAS
from infra.settings import DeploymentSettings

# Lambda gives processor time by memory: a whole core and a little. Photos of 100 MP take most of it.
MEMORY_MB = 2048


# What functions are told of a bucket that is not ours, of people who sign in, correct or are looked for, and
# of a policy, if there are.
_UNLESS_EMPTY = (
    *("BUCKET_PREFIX", "BUCKET_SUFFIXES", "PREFIX_CLAIM", "SIGN_IN_URL", "SIGN_IN_CLIENT"),
    *("POLICY", "CORRECTED_BUCKET", "CORRECTED_QUEUE_URL", "DETECTORS_BY_PREFIX", "CUSTOM_LABELS_MODEL"),
    *("MEANING_FUNCTION", "MEANING_BY", "SEEING_FUNCTION", "LABELS_ANEW", "QUESTION_LIMITS"),
    "FILMS_FUNCTION",
    "PEOPLE_COLLECTION",
    "CAMERAS",
    "PEOPLE_IN_FILMS",
)
# What the other functions are told of it, and are told nothing of where it is off.
_TOLD = ("PICTURES_FUNCTION", "RENDITIONS_BUCKET", "KEEP_LOCATION", "NEAR_DUPLICATES", "SIDECARS", "SCENES")


class Pictures(Construct):
    """The pictures function, which the processor alone invokes, and the bucket of thumbnails and views.

    The bucket holds nothing that cannot be made anew, so it keeps no versions; what it holds goes with the
    last record of its content, not by a lifecycle rule. Browsers show what stands in it by signed URLs.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        code: Path,
        intake: ObjectEvents,
    ) -> None:
        super().__init__(scope, construct_id)
        self.renditions = private_bucket(
            self,
            "Renditions",
            settings,
            lifecycle_rules=[s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(7))],
        )
        self.function = PythonFunction(
            self,
            "Pictures",
            room="processors",
            entry="pictures_handler",
            service="pictures",
            code=code,
            environment=_told(
                PicturesSettings(
                    bucket_name=intake.bucket.bucket_name,
                    renditions_bucket=self.renditions.bucket_name,
                    keep_location="yes" if settings.keep_location else "no",
                    near_duplicates="yes" if settings.near_duplicates else "no",
                    sidecars="yes" if settings.sidecars else "no",
                    films="yes" if settings.takes_films else "no",
                    cameras=write_cameras(settings.all_cameras, only_the_gate=True),
                )
            ),
            timeout_seconds=timing.PICTURE_TIMEOUT_SECONDS,
            memory_mb=MEMORY_MB,
            log_retention_days=settings.log_retention_days,
        ).function
        intake.let_read(self.function)
        allow_on_objects(self.function, ["s3:PutObject"], self.renditions)

    def serve(self, processor: lambda_.Function) -> None:
        """Let the processor ask this function, and Rekognition, with the processor's rights, read views."""
        allow(processor, ["lambda:InvokeFunction"], self.function.function_arn)
        allow_on_objects(processor, ["s3:GetObject"], self.renditions)

    def cut_out_faces(self) -> None:
        """Let the function read the views that it has made, to cut faces out of them."""
        allow_on_objects(self.function, ["s3:GetObject"], self.renditions)

    def show(self, query: lambda_.Function) -> None:
        """Let the query function sign URLs of renditions."""
        allow_on_objects(query, ["s3:GetObject"], self.renditions)

    def let_remove(self, tally: lambda_.Function) -> None:
        """Let the tally remove renditions that no answer names any more: it lists them, and reads none."""
        allow(tally, ["s3:ListBucket"], self.renditions.bucket_arn)
        allow_on_objects(tally, ["s3:DeleteObject"], self.renditions)


def _told(settings: PicturesSettings) -> dict[str, str]:
    """Return its environment, without a word of films or cameras where there are none."""
    written = dump(settings)
    if settings.films == "no":
        del written["FILMS"]
    if not settings.cameras:
        del written["CAMERAS"]
    return written


def environment(
    settings: ProcessorSettings | QuerySettings | TallySettings | FilmJobsSettings,
) -> dict[str, str]:
    """Return the environment of another function, without what is empty because it is off.

    That of the regions is left to `infra/regions.py`, which knows which of them is home.
    """
    unsaid = set() if settings.renditions_bucket else set(_TOLD)
    written = dump(settings)
    unsaid |= {REGIONAL_QUOTAS, *(name for name in _UNLESS_EMPTY if not written.get(name))}
    return {name: text for name, text in written.items() if name not in unsaid}
