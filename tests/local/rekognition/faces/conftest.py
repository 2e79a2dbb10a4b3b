"""A boto3 client whose requests are answered by the local Rekognition in this process."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from math import hypot
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.model import ListShape, Shape, StringShape, StructureShape

from local.rekognition.faces.likeness import Descriptor
from local.rekognition.faces.quality import SeenFace
from local.rekognition.faces.store import FaceStore
from local.rekognition.pictures import Picture
from local.rekognition.recognition import RealRecognition
from local.rekognition.service import RekognitionService, application
from tests.local.rekognition.asgi import PORT, Http
from tests.local.rekognition.pictures_made import picture

MODEL = botocore.session.get_session().get_service_model("rekognition")
SOUND = {"Brightness": 60.0, "Sharpness": 60.0}
FRONT = {"Roll": 0.0, "Yaw": 0.0, "Pitch": 0.0}


def direction(seed: str, length: float) -> list[float]:
    drawn = random.Random(seed)
    numbers = [drawn.gauss(0, 1) for _ in range(128)]
    return [number / hypot(*numbers) * length for number in numbers]


def descriptor(person: str, photo: int, apart: float = 0.2) -> Descriptor:
    """Numbers of a photo of a person, `apart` from what all photos of the person have in common."""
    pairs = zip(direction(person, 1.4), direction(f"{person} {photo}", apart), strict=True)
    return tuple(one + other for one, other in pairs)


def face(person: str, photo: int = 1, side: float = 0.3, **detail: Any) -> SeenFace:
    told = {
        "BoundingBox": {"Left": 0.1, "Top": 0.2, "Width": side, "Height": side},
        "Confidence": 99.0,
        "Landmarks": [{"Type": "nose", "X": 0.2, "Y": 0.3}],
        "Pose": FRONT,
        "Quality": SOUND,
    }
    return SeenFace(told | detail, descriptor(person, photo))


@dataclass
class Photographer:
    """Makes pictures of the faces that a test wants, and sees these faces in them."""

    name: str = "LookAtFaces"
    looks: int = 0
    faces: dict[tuple[int, int], list[SeenFace]] = field(default_factory=dict)

    def photo(self, *faces: SeenFace) -> dict[str, bytes]:
        size = (100 + len(self.faces), 90)
        self.faces[size] = list(faces)
        return {"Bytes": picture(*size)}

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        self.looks += 1
        return {"Faces": self.faces[picture.size]}


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def unnamed(value: Any, shape: Shape, path: str = "") -> list[str]:
    """Return the members of an answer, and the words, that the service's model does not name."""
    if isinstance(shape, StructureShape):
        strange = [f"{path}.{name}" for name in value.keys() - shape.members.keys()]
        known = [(name, member) for name, member in shape.members.items() if name in value]
        return strange + [
            found for name, member in known for found in unnamed(value[name], member, f"{path}.{name}")
        ]
    if isinstance(shape, ListShape):
        return [found for each in value for found in unnamed(each, shape.member, path)]
    words = shape.enum if isinstance(shape, StringShape) else None
    return [f"{path}={value}"] if words and value not in words else []


def client_of(http: Http, region: str = "us-east-1") -> Any:
    """Return a client of boto3 that sends nothing over the network, and takes only what the model names."""
    client: Any = boto3.client(
        "rekognition",
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )

    def send(request: Any, **_: Any) -> AWSResponse:
        headers = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        del headers["Content-Length"]
        answer = http.send("POST", "/", request.body, headers)
        if answer.status == HTTPStatus.OK:
            shape = MODEL.operation_model(headers["X-Amz-Target"].partition(".")[2]).output_shape
            assert shape is not None
            assert unnamed(answer.json(), shape) == []
        told: Any = answer.headers
        response = AWSResponse(request.url, answer.status, told, None)
        response._content = answer.body  # type: ignore[attr-defined]
        return response

    client.meta.events.register("before-send.rekognition", send)
    return client


@pytest.fixture
def photographer() -> Photographer:
    return Photographer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[FaceStore]:
    store = FaceStore(tmp_path / "place" / "collections.sqlite", clock=clock)
    yield store
    store.close()


Serve = Callable[[FaceStore], Http]


@pytest.fixture
def serve(photographer: Photographer) -> Serve:
    def serve(store: FaceStore) -> Http:
        def no_object(place: object) -> bytes:
            raise AssertionError(place)

        recognition = RealRecognition({}, no_object, 1, tuple, photographer, store)
        return Http(application(RekognitionService(recognition, MODEL), PORT))

    return serve


@pytest.fixture
def http(serve: Serve, store: FaceStore) -> Http:
    return serve(store)


@pytest.fixture
def rekognition(http: Http) -> Any:
    return client_of(http)


@pytest.fixture
def collection(rekognition: Any) -> str:
    rekognition.create_collection(CollectionId="people")
    return "people"


Refusal = Callable[..., tuple[str, str]]


@pytest.fixture
def refusal(rekognition: Any) -> Refusal:
    """Returns code and text of what an operation refuses."""

    def refusal(operation: str, **request: Any) -> tuple[str, str]:
        with pytest.raises(rekognition.exceptions.ClientError) as refused:
            getattr(rekognition, operation)(**request)
        error = refused.value.response["Error"]
        return error["Code"], error["Message"]

    return refusal
