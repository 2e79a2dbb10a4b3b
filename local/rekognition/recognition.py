"""Recognition by models that really look: which operations there are, and who waits for which answer.

A new operation is one file with a class like `DetectLabels`, and one line in `load_operations`. Some models
are loaded at the first call, so that whoever does not use them does not pay.

On a machine that has too much to do, a caller gives up, and asks again. Were every such call worked on anew,
all would be given up in turn and nobody would ever be answered: answers that are being worked out are shared,
and those whose caller has not waited are kept.
"""

import asyncio
import json
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from local.rekognition.detect_faces import DetectFaces
from local.rekognition.detect_labels import DetectLabels
from local.rekognition.detect_moderation_labels import DetectModerationLabels
from local.rekognition.detect_text import DetectText
from local.rekognition.faces.descriptors import LookAtFaces
from local.rekognition.faces.operations import (
    FACE_OPERATIONS,
    SHOWN_PICTURES,
    answer_about_faces,
    require_collection,
)
from local.rekognition.faces.quality import SeenPicture
from local.rekognition.faces.store import FaceStore
from local.rekognition.models.sessions import (
    INSTALLED,
    LoadNetwork,
    Network,
    installed_path,
    load_network,
    network_path,
)
from local.rekognition.pictures import Picture, PictureCache, digest_of
from local.rekognition.request import IMAGE_MEMBERS, ReadObject
from local.rekognition.service import CallLog, HasLeft, ReadRequest

_KEPT = 256

Answer = dict[str, Any]


class SingleFlight:
    """Works out each question once for all who ask it at the same time. Of one event loop."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Task[Answer]] = {}
        self._kept: OrderedDict[str, Answer] = OrderedDict()

    async def do(self, question: str, work_out: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return the answer: one that is there or under way, else what `work_out` returns or raises."""
        if question in self._kept:
            return self._kept.pop(question)
        if question not in self._under_way:
            self._under_way[question] = asyncio.ensure_future(self._work(question, work_out))
        return await asyncio.shield(self._under_way[question])

    async def _work(self, question: str, work_out: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            return await work_out()
        finally:
            del self._under_way[question]

    def keep(self, question: str, answer: Answer) -> None:
        """Keep an answer that its caller has not waited for, for when the question is asked again."""
        self._kept[question] = answer
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


FETCHES_AT_ONCE = 8


@dataclass
class RealRecognition:
    """The operations by name, and what they share.

    Objects are fetched by a few threads that wait, pictures are looked at by `workers` threads that
    compute (networks and decoder let go of the interpreter), and the event loop does neither.
    """

    detectors: "Mapping[str, Operation]"
    read_object: ReadObject
    workers: int
    models: Callable[[], tuple[str, ...]] = tuple
    look_at_faces: "Operation | None" = None
    collections: FaceStore = field(default_factory=FaceStore)

    def __post_init__(self) -> None:
        self._pictures = PictureCache()
        self._answers = SingleFlight()
        self._fetchers = ThreadPoolExecutor(FETCHES_AT_ONCE, thread_name_prefix="fetch")
        self._lookers = ThreadPoolExecutor(self.workers, thread_name_prefix="look")

    @property
    def operations(self) -> frozenset[str]:
        return frozenset(self.detectors) | (FACE_OPERATIONS if self.look_at_faces else frozenset())

    def waiting(self) -> list[str]:
        """Return the operations whose networks are loaded at their first call, and are not yet."""
        late = [name for name, operation in self.detectors.items() if _is_waiting(operation)]
        return sorted([*late, *(SHOWN_PICTURES if _is_waiting(self.look_at_faces) else ())])

    def health(self) -> dict[str, Any]:
        return {"models": list(self.models()), "waiting": self.waiting(), "workers": self.workers}

    async def answer(
        self, operation: str, read: ReadRequest, calls: CallLog, has_left: HasLeft
    ) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        request, contents, region = await loop.run_in_executor(self._fetchers, self._fetch, operation, read)
        for content in contents:
            calls.count("contents", operation, content.digest)
        if self.look_at_faces is None or operation in self.detectors:
            asked = {name: value for name, value in request.items() if name not in IMAGE_MEMBERS}
            return await self._look(self.detectors[operation], contents[0], asked, has_left)
        attributes = {"Attributes": request.get("DetectionAttributes", [])}
        seen = []
        for content in contents:
            look = await self._look(self.look_at_faces, content, attributes, has_left)
            seen.append(SeenPicture(content.digest, look["Faces"]))
        return await loop.run_in_executor(
            self._lookers, answer_about_faces, self.collections, region, operation, request, seen
        )

    def look_at(self, operation: str, picture: Picture, asked: Mapping[str, Any]) -> Answer:
        """Return what is seen in a picture that is at hand, such as a frame of a video. For threads."""
        looking = self.detectors.get(operation, self.look_at_faces)
        assert looking is not None, operation
        return looking.answer(picture, asked)

    def _fetch(self, operation: str, read: ReadRequest) -> "tuple[dict[str, Any], list[_Content], str]":
        request, images, region = read()
        if operation in FACE_OPERATIONS:
            require_collection(self.collections, region, operation, request)
        found = [image if isinstance(image, bytes) else self.read_object(image) for image in images]
        return request, [_Content(digest_of(data), data) for data in found], region

    async def _look(
        self, operation: "Operation", content: "_Content", asked: Mapping[str, Any], has_left: HasLeft
    ) -> Answer:
        """Return what is seen in a picture, which is the same whoever asks and whenever."""
        question = json.dumps([operation.name, content.digest, asked], sort_keys=True)

        def work() -> Answer:
            return operation.answer(self._pictures.get(*content), asked)

        async def look() -> Answer:
            return await asyncio.get_running_loop().run_in_executor(self._lookers, work)

        answer = await self._answers.do(question, look)
        if await has_left():
            self._answers.keep(question, answer)
        return answer


class _Content(NamedTuple):
    digest: str
    data: bytes


class Operation(Protocol):
    """Answers requests about one picture; safe to share between threads. Named as in the service's model."""

    @property
    def name(self) -> str: ...

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of the output shape. Raises `RekognitionError`."""
        ...


@dataclass
class LateOperation:
    """Stands for the operation that `make` gives. The first calls wait for it; a failure is tried again."""

    name: str
    make: Callable[[], Operation]
    _made: Operation | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_ready(self) -> bool:
        return self._made is not None

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        with self._turn:
            if self._made is None:
                self._made = self.make()
        return self._made.answer(picture, request)


def _is_waiting(operation: Operation | None) -> bool:
    return isinstance(operation, LateOperation) and not operation.is_ready


class Networks:
    """The networks of one server, each loaded once; threads may ask at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.Lock()
        self._loaded: dict[str, Network] = {}

    def load(self, name: str) -> Network:
        with self._turn:
            if name not in self._loaded:
                self._loaded[name] = load_network(self._folder, name)
            return self._loaded[name]

    def require(self, name: str) -> None:
        """Raise `MissingModelsError` where a network is not there; load nothing."""
        network_path(self._folder, name)

    def names(self) -> tuple[str, ...]:
        with self._turn:
            return tuple(sorted(self._loaded))


def load_look_at_faces(networks: Networks) -> Operation:
    """Return what sees whose faces a picture shows, loaded when it is called. Raises `MissingModelsError`."""
    networks.require("face-descriptors")
    return LateOperation("LookAtFaces", lambda: LookAtFaces.load(networks.load))


def load_operations(load: LoadNetwork) -> dict[str, Operation]:
    """Load what every deployment asks; the rest is loaded when it is called. Raises `MissingModelsError`."""
    operations: list[Operation] = [
        DetectLabels.load(load),
        DetectFaces.load(load),
        LateOperation("DetectModerationLabels", lambda: DetectModerationLabels.load(load)),
        LateOperation("DetectText", lambda: DetectText.load(load)),
    ]
    for name in INSTALLED:
        installed_path(name)  # what is missing is told at the start, not at the first call
    return {operation.name: operation for operation in operations}
