"""What was told of cameras, their pictures in which something was seen, and the topic of their events."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aws.calls import pages
from aws.retries import RetryPolicy
from contract.camera_events import CameraEvent, CameraPicture, WatchedPersons
from contract.camera_telling import CameraMessage, ToldState
from contract.cameras import Camera, told_key
from contract.errors import ConfigurationError, ImagepipeError
from contract.items import from_wire, key_to_wire
from contract.moments import to_text
from contract.records import ImageRecord
from contract.table import EXPIRY, seen_term, term_partitions
from processors.adapters.calls import put_as_read, translated
from processors.adapters.dynamodb import FAULTS
from processors.cameras.gate import SCENE_KEPT_SECONDS
from processors.cameras.telling import subject_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient

    from contract.policy import Policy

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class DynamoDBTelling:
    """One item a camera, and the index of what was seen. `clock` gives seconds since 1970.

    `records` returns those of keys, as of now; of their labels, those are told that the policy shows.
    """

    client: "DynamoDBClient"
    table_name: str
    retry: RetryPolicy
    clock: Callable[[], float]
    records: Callable[[Sequence[str]], Mapping[str, ImageRecord | ImagepipeError]]
    policy: "Policy | None" = None

    def read(self, camera: str) -> ToldState:
        """Return what was told, as of now. Raise ConfigurationError where that cannot be read."""
        answer = self.retry.around(
            translated(f"GetItem of {camera} on {self.table_name}")(self.client.get_item)
        )(TableName=self.table_name, Key=key_to_wire(told_key(camera)), ConsistentRead=True)
        if "Item" not in answer:
            return ToldState()
        try:
            return ToldState.from_item(from_wire(answer["Item"]))
        except FAULTS as fault:
            raise ConfigurationError(
                "UnreadableTelling",
                f"what was told of the camera {camera} cannot be read ({fault!r}): delete the item "
                f"{told_key(camera).pk} {told_key(camera).sk}; what is there now is told again",
            ) from fault

    def write(self, camera: str, state: ToldState) -> bool:
        """Keep it, and return True, if what is there has still the version that was read."""
        expiry = {EXPIRY: int(self.clock()) + SCENE_KEPT_SECONDS}
        item = {**told_key(camera)._asdict(), **state.to_item(), **expiry}
        return put_as_read(self.client, self.table_name, self.retry, item, state.version)

    def pictures(
        self, camera: Camera, since: float, until: float, watched: WatchedPersons
    ) -> Sequence[CameraPicture]:
        """Return the pictures between two times in which something was seen, as their records have it.

        A row counts only while its record stands for it; a record that cannot be read says nothing.
        """
        rows = {(row["key"]["S"], row["revision"]["S"]) for row in self._rows(camera, since, until)}
        records = self.records(sorted({key for key, _ in rows}))
        standing = [each for each in records.values() if isinstance(each, ImageRecord)]
        return [
            picture
            for record in standing
            if (record.key, record.revision) in rows
            if (picture := CameraPicture.of(self._shown(record), watched)) is not None
        ]

    def _shown(self, record: ImageRecord) -> ImageRecord:
        if self.policy is None:
            return record
        return replace(record, findings=self.policy.applied(record.findings))

    def _rows(self, camera: Camera, since: float, until: float) -> Iterator[dict[str, Any]]:
        query = self.retry.around(translated(f"Query on {self.table_name}")(self.client.query))
        for partition in term_partitions(seen_term(camera.name)):
            read = pages(
                query,
                TableName=self.table_name,
                KeyConditionExpression="pk = :partition AND sk BETWEEN :since AND :until",
                ExpressionAttributeValues={
                    ":partition": {"S": partition},
                    ":since": {"S": to_text(since)},
                    ":until": {"S": f"{to_text(until)}~"},
                },
                ConsistentRead=True,
            )
            for page in read:
                yield from page["Items"]


@dataclass(frozen=True)
class SnsCameras:
    """The topic of cameras. Each message has its event, camera and label as attributes, to filter by."""

    client: "SNSClient"
    topic_arn: str
    retry: RetryPolicy

    def send(self, camera: Camera, message: CameraMessage) -> None:
        """Publish a message; returns when SNS has it. Raise a word for failure."""
        attributes = {"event": message.event, "camera": camera.name, "id": message.id}
        if message.about is not None:
            attributes |= _told_by(message.about)
        self.retry.around(translated(f"Publish to {self.topic_arn}")(self.client.publish))(
            TopicArn=self.topic_arn,
            Subject=subject_of(message),
            Message=json.dumps(body_of(message), indent=1, ensure_ascii=False),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()
            },
        )


def body_of(message: CameraMessage) -> dict[str, Any]:
    """Write a message. docs/cameras.md is its documentation."""
    body: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "id": message.id,
        "event": message.event,
        "camera": message.camera,
        "at": to_text(message.at),
    }
    if message.event == "digest":
        body["counts"] = dict(message.counts)
    if (about := message.about) is not None:
        body |= {
            **_told_by(about),
            "begin": to_text(about.begin),
            "end": to_text(about.end),
            "pictures": about.pictures,
            "confidence": about.confidence,
            "box": about.box._asdict(),
            "zones": list(about.zones),
            "best": about.best,
        }
    return body


def _told_by(event: CameraEvent) -> dict[str, str]:
    """Return what an event is told by. Of persons it is said that one came whom the camera watches for.

    What was sent cannot be forgotten: it has neither name nor id.
    """
    return {"person": "watched"} if event.person else {"label": event.label}
