"""A table in memory, and the local Rekognition in this process with what it is made to see."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aws.calls import TableBatches
from contract.moments import to_text
from contract.people import Person
from local.rekognition.faces.quality import SeenFace
from local.rekognition.faces.store import FaceStore
from local.rekognition.pictures import Picture
from local.rekognition.recognition import RealRecognition
from local.rekognition.request import ObjectPlace, unreadable
from local.rekognition.service import RekognitionService, application
from operations.adapters.aws_errors import translated
from operations.people.enrolment import Enrolment
from operations.people.photos import ShownPhoto, shown_photos
from people.collection import FaceCollection
from people.forgetting import PersonRemoval, Receipt
from people.mentions import MentionRemoval
from people.mentions_table import DynamoDBMentions
from people.persons import DynamoDBPeople
from tests.fakes.dynamodb import TABLE
from tests.fakes.s3 import BUCKET
from tests.fakes.sqs import IMAGES, FakeSQS
from tests.local.rekognition.asgi import PORT, Http
from tests.local.rekognition.faces.conftest import MODEL, Clock, client_of
from tests.local.rekognition.pictures_made import picture
from tests.operations.stores import ScannedDynamoDB
from tests.operations.test_forgetting import finished
from tests.operations.world import AT_ONCE, queue
from tests.processors.world import InlineExecutor, World


@dataclass
class Album:
    """Photos of the faces that a test wants, in the bucket and on disk, each seen by its size."""

    directory: Path
    faces: dict[tuple[int, int], list[SeenFace]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)

    def photo(self, *faces: SeenFace) -> bytes:
        size = (100 + len(self.faces), 90)
        self.faces[size] = list(faces)
        return picture(*size)

    def put(self, key: str, *faces: SeenFace) -> str:
        """Put a photo into the bucket; return how it is named to the command."""
        self.objects[key] = self.photo(*faces)
        return f"s3://{BUCKET}/{key}"

    def save(self, name: str, *faces: SeenFace) -> str:
        path = self.directory / name
        path.write_bytes(self.photo(*faces))
        return str(path)

    def read(self, place: ObjectPlace) -> bytes:
        if place.key not in self.objects:
            raise unreadable()
        return self.objects[place.key]


@dataclass
class Sight:
    """An operation that sees what is on a photo of the album."""

    name: str
    album: Album

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"Faces": self.album.faces[picture.size]}


@dataclass
class DetectedFaces(Sight):
    """DetectFaces, which says of faces less than what they are told apart by."""

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"FaceDetails": [face.detail for face in self.album.faces[picture.size]]}


@dataclass
class Pipeline:
    """What `imagepipe people` works on, and the number of ids given out."""

    album: Album
    people: DynamoDBPeople
    mentions: DynamoDBMentions
    collection: FaceCollection
    rekognition: Any
    items: Any
    clock: Clock
    calls: list[str]
    ids: int = 0
    queues: FakeSQS = field(default_factory=FakeSQS)

    def new_id(self) -> str:
        self.ids += 1
        return f"p{self.ids}"

    def now(self) -> str:
        return to_text(self.clock())

    @property
    def enrolment(self) -> Enrolment:
        return Enrolment(self.people, self.collection, self.new_id, self.now)

    @property
    def removal(self) -> PersonRemoval:
        mentions = MentionRemoval(
            self.mentions, queue(self.queues, IMAGES), BUCKET, self.now, self.collection.sleep
        )
        return PersonRemoval(self.people, self.collection, BUCKET, self.now, mentions)

    def shown(self, *names: str) -> list[ShownPhoto]:
        return shown_photos(names, BUCKET)

    def state(self) -> tuple[Any, ...]:
        """Return all that is kept anywhere."""
        faces = sorted((face.external_id, face.user_id) for face in self.collection.faces())
        return faces, sorted(self.collection.users()), self.people.everybody()


def forget(pipeline: Pipeline, persons: Sequence[Person]) -> list[Receipt]:
    receipts: list[Receipt] = []
    finished(pipeline.removal.forget(persons, receipts.append))
    return receipts


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def album(tmp_path: Path) -> Album:
    return Album(tmp_path)


@pytest.fixture
def pipeline(album: Album, tmp_path: Path, clock: Clock) -> Iterator[Pipeline]:
    store = FaceStore(tmp_path / "place" / "collections.sqlite", clock=clock)
    operations: Any = {"DetectFaces": DetectedFaces("DetectFaces", album)}
    look: Any = Sight("LookAtFaces", album)
    recognition = RealRecognition(operations, album.read, 1, tuple, look, store)
    rekognition = client_of(Http(application(RekognitionService(recognition, MODEL), PORT)))
    calls: list[str] = []

    def note(model: Any, **_: Any) -> None:
        calls.append(model.name)

    rekognition.meta.events.register("before-call.rekognition", note)

    def sleep(seconds: float) -> None:
        clock.now += seconds

    table: Any = ScannedDynamoDB(World().table)
    executor: Executor = InlineExecutor()
    reads = TableBatches(table, TABLE, translated, AT_ONCE, executor)
    yield Pipeline(
        album,
        DynamoDBPeople(reads),
        DynamoDBMentions(reads),
        FaceCollection(rekognition, "imagepipe-people", translated, AT_ONCE, sleep),
        rekognition,
        table.table.items,
        clock,
        calls,
    )
    store.close()
