"""What is done about persons who agreed by itself: a function on a schedule, where they are looked for."""

from pathlib import Path

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from contract import timing
from contract.environment import dump
from contract.people import DUE_EVENT, PEOPLE, PEOPLE_DUE, PHOTOS_DUE, collection_of
from contract.settings import PeopleSettings
from contract.table import CONTENT_PREFIX, INDEX_PREFIX, RECORD_PREFIX, person_term
from infra.functions import PythonFunction, allow, allow_on_items, ask_every
from infra.intake import ObjectEvents
from infra.settings import DeploymentSettings

MEMORY_MB = 256
# Each is of the collection alone: it takes out, and looks whether that is so.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrekognition.html
ON_COLLECTION = (
    "ListFaces",
    "ListUsers",
    "DisassociateFaces",
    "DeleteFaces",
    "DeleteUser",
    "SearchFacesByImage",
    "SearchUsersByImage",
)


class PersonFunction(Construct):
    """Forgets whose consent is over, each hour, and once a day removes faces whose photo is gone.

    It may take faces out of the one collection, and put none into it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        code: Path,
        intake: ObjectEvents,
        table: dynamodb.ITable,
    ) -> None:
        super().__init__(scope, construct_id)
        collection, images = collection_of(settings.stack), intake.images.queue
        told = PeopleSettings(
            intake.bucket.bucket_name,
            table.table_name,
            images.queue_url,
            collection,
            settings.bucket_prefix,
        )
        self.function = PythonFunction(
            self,
            "Upkeep",
            room="people",
            code=code,
            environment=dump(told),
            timeout_seconds=timing.PEOPLE_TIMEOUT_SECONDS,
            memory_mb=MEMORY_MB,
            log_retention_days=settings.log_retention_days,
        ).function
        # The next run goes on with what is left; one that is tried again at once reads the whole table again.
        self.function.configure_async_invoke(retry_attempts=0)
        arn = Stack.of(self).format_arn(
            service="rekognition", resource="collection", resource_name=collection
        )
        allow(self.function, [f"rekognition:{operation}" for operation in ON_COLLECTION], arn)
        self._allow_on_table(table)
        images.grant(self.function, "sqs:SendMessage")
        # Rekognition reads a photo with the rights of whoever asks. That one is gone is a reason to remove
        # its faces; that it is not to be seen is none.
        intake.let_read(self.function, versions=False)
        for due, hours in ((PEOPLE_DUE, timing.CONSENTS_HOURS), (PHOTOS_DUE, timing.GONE_PHOTOS_HOURS)):
            ask_every(self, due.capitalize(), Duration.hours(hours), self.function, **{DUE_EVENT: due})

    def _allow_on_table(self, table: dynamodb.ITable) -> None:
        """Let it look through the table, and change persons, their index rows, answers and corrections."""
        allow(self.function, ["dynamodb:Scan"], table.table_arn)
        for actions, keys in (
            (["dynamodb:Query"], [PEOPLE]),
            (["dynamodb:Query", "dynamodb:BatchWriteItem"], [f"{INDEX_PREFIX}{person_term('*')}"]),
            (["dynamodb:BatchGetItem"], [f"{RECORD_PREFIX}*"]),
            (["dynamodb:PutItem", "dynamodb:DeleteItem"], [PEOPLE]),
            (
                [f"dynamodb:{action}" for action in ("Query", "GetItem", "UpdateItem", "DeleteItem")],
                [f"{CONTENT_PREFIX}*"],
            ),
        ):
            allow_on_items(self.function, actions, table, keys)
