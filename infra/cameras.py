"""Telling of cameras: a queue of what is known of their pictures, a function, and a topic of events."""

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sns as sns
from constructs import Construct

from contract import timing
from contract.camera_telling import TICK_EVENT, TICK_MINUTES
from contract.cameras import CAMERA_PREFIX, Camera, write_cameras
from contract.environment import dump
from contract.people import PEOPLE
from contract.settings import CamerasSettings
from contract.table import INDEX_PREFIX, RECORD_PREFIX, seen_term
from infra.functions import PythonFunction, allow, allow_on_items, ask_every
from infra.settings import DeploymentSettings
from infra.topics import SubscribedQueue, encrypted_topic

BATCH_SIZE = 100
MEMORY_MB = 256


class CameraEvents(Construct):
    """Completions of cameras' pictures wait in a queue; what comes and goes is sent to `topic`.

    The function is asked every minute too, for what ends, falls silent or is due though no picture comes.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        code: Path,
        table: dynamodb.ITable,
        told_by: sns.Topic,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = encrypted_topic(self, display_name="imagepipe cameras", email=settings.camera_email)
        cameras = settings.all_cameras
        watch_people = any(camera.watch_people for camera in cameras)
        self.function = PythonFunction(
            self,
            "Telling",
            room="processors",
            entry="cameras_handler",
            service="cameras",
            code=code,
            environment={
                name: text
                for name, text in dump(
                    CamerasSettings(
                        table.table_name,
                        self.topic.topic_arn,
                        write_cameras(cameras),
                        settings.policy_json,
                        settings.people_similarity_percent,
                    )
                ).items()
                if text and (watch_people or name != "PEOPLE_SIMILARITY_PERCENT")
            },
            timeout_seconds=timing.CAMERAS_TIMEOUT_SECONDS,
            memory_mb=MEMORY_MB,
            log_retention_days=settings.log_retention_days,
        ).function
        self._permit(table, cameras)
        if watch_people:
            allow_on_items(self.function, ["dynamodb:Query"], table, [PEOPLE])
        waiting = SubscribedQueue(
            self,
            told_by,
            self.function,
            retention_days=timing.QUEUE_RETENTION_DAYS,
            visibility_seconds=timing.CAMERAS_VISIBILITY_SECONDS,
            max_receives=timing.CAMERAS_MAX_RECEIVES,
            batch_size=BATCH_SIZE,
            window_seconds=timing.CAMERAS_WINDOW_SECONDS,
            only={
                "camera": sns.SubscriptionFilter.string_filter(allowlist=[camera.name for camera in cameras])
            },
        )
        self.queue, self.dead_letters = waiting.queue, waiting.dead_letters
        ask_every(self, "Tick", Duration.minutes(TICK_MINUTES), self.function, **{TICK_EVENT: "due"})

    def _permit(self, table: dynamodb.ITable, cameras: Sequence[Camera]) -> None:
        """Let it see pictures of these cameras, and nobody else's photos."""
        notes = ["dynamodb:GetItem", "dynamodb:PutItem"]
        allow_on_items(self.function, notes, table, [f"{CAMERA_PREFIX}*"])
        seen = [f"{INDEX_PREFIX}{seen_term(camera.name)}#*" for camera in cameras]
        allow_on_items(self.function, ["dynamodb:Query"], table, seen)
        records = [f"{RECORD_PREFIX}{camera.prefix}*" for camera in cameras]
        allow_on_items(self.function, ["dynamodb:BatchGetItem"], table, records)
        allow(self.function, ["sns:Publish"], self.topic.topic_arn)
