"""What jobs find: by models that look at frames, or canned, for load that nobody looks at."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from local.rekognition.canned import ANSWERS, canned_faces
from local.rekognition.faces.collections import SEARCH_THRESHOLD, face_members
from local.rekognition.faces.likeness import Descriptor, similarity
from local.rekognition.faces.quality import SeenFace
from local.rekognition.faces.store import FaceStore
from local.rekognition.pictures import Picture
from local.rekognition.videos.apis import FACE_SEARCH, LABELS, MODERATION, TEXT, Result, VideoApi
from local.rekognition.videos.decoding import STEP_MS, VideoMetadata, frames_of, read_metadata

_ASKED_FACES = ("BoundingBox", "Confidence", "Landmarks", "Pose", "Quality")
_SAME_PERSON = 80.0
_MIN_CONFIDENCE = 50.0


class Analysis(NamedTuple):
    """What a job has found, by TIMESTAMPS, and what the video is."""

    metadata: VideoMetadata
    results: list[Result]


class LookAtVideo(Protocol):
    """Works a job out. Raises `UnreadableVideoError`; may take as long as the video."""

    def __call__(
        self, api: VideoApi, region: str, request: Mapping[str, Any], video: Path | str
    ) -> Analysis: ...


AskAboutPicture = Callable[[str, Picture, Mapping[str, Any]], Mapping[str, Any]]
"""Returns what an operation answers about a picture: `LookAtFaces` too, which is none of Rekognition's."""
_OF_PICTURES = {
    LABELS.start: ("DetectLabels", "Labels"),
    MODERATION.start: ("DetectModerationLabels", "ModerationLabels"),
    TEXT.start: ("DetectText", "TextDetections"),
}
_ASKED_OF_PICTURES = ("MinConfidence", "Settings", "Filters")


@dataclass(frozen=True)
class RealVideos:
    """Looks at two frames a second, each as at a picture."""

    ask: AskAboutPicture
    collections: FaceStore

    def __call__(self, api: VideoApi, region: str, request: Mapping[str, Any], video: Path | str) -> Analysis:
        path = Path(video)
        metadata = read_metadata(path)
        if api is FACE_SEARCH:
            search = FaceSearch(self.collections, region, request)
            seen = (
                (at, self.ask("LookAtFaces", picture, {"Attributes": []})["Faces"])
                for at, picture in frames_of(path)
            )
            return Analysis(metadata, [found for at, faces in seen for found in search.found(at, faces)])
        operation, member = _OF_PICTURES[api.start]
        asked = {name: request[name] for name in _ASKED_OF_PICTURES if name in request}
        if api is not TEXT:
            asked.setdefault("MinConfidence", _MIN_CONFIDENCE)
        results = [
            {"Timestamp": at, api.detail: found}
            for at, picture in frames_of(path)
            for found in self.ask(operation, picture, asked)[member]
        ]
        return Analysis(metadata, results)


@dataclass(frozen=True)
class CannedVideos:
    """Answers by the name of the video without reading it; every video takes `seconds`."""

    collections: FaceStore
    seconds: float = 10.0

    def __call__(self, api: VideoApi, region: str, request: Mapping[str, Any], video: Path | str) -> Analysis:
        metadata = VideoMetadata("h264", "QuickTime / MOV", round(self.seconds * 1000), 30.0, 1280, 720)
        times = range(0, metadata.duration_ms, STEP_MS)
        # A scene lasts four seconds, so that there are intervals.
        scenes = {at: f"{video} {at // 4000}" for at in times}
        if api is FACE_SEARCH:
            search = FaceSearch(self.collections, region, request)
            found = [
                one for at, scene in scenes.items() for one in search.found(at, canned_faces(scene).faces)
            ]
            return Analysis(metadata, found)
        operation, member = _OF_PICTURES[api.start]
        results = [
            {"Timestamp": at, api.detail: found}
            for at, scene in scenes.items()
            for found in ANSWERS[operation](hashlib.blake2b(scene.encode(), digest_size=32).digest())[member]
        ]
        return Analysis(metadata, results)


class FaceSearch:
    """Tells the faces of one video apart, and looks for each in a collection, not among its users."""

    def __init__(self, store: FaceStore, region: str, request: Mapping[str, Any]) -> None:
        collection = store.collection(region, request["CollectionId"])
        self._faces = store.faces(collection.number) if collection is not None else []
        self._threshold = request.get("FaceMatchThreshold", SEARCH_THRESHOLD)
        self._persons: list[Descriptor] = []

    def found(self, at_ms: int, faces: Sequence[SeenFace]) -> list[Result]:
        return [self._person(at_ms, face) for face in faces]

    def _person(self, at_ms: int, face: SeenFace) -> Result:
        likeness = [(similarity(face.descriptor, known.descriptor), known) for known in self._faces]
        matches = sorted((one for one in likeness if one[0] >= self._threshold), key=lambda one: -one[0])
        detail = {name: face.detail[name] for name in _ASKED_FACES if name in face.detail}
        person = {
            "Index": self._index(face.descriptor),
            "BoundingBox": detail["BoundingBox"],
            "Face": detail,
        }
        # Of who is like nobody, AWS leaves it out.
        # https://docs.aws.amazon.com/rekognition/latest/dg/procedure-person-search-videos.html
        like = [{"Similarity": alike, "Face": face_members(known)} for alike, known in matches]
        return {"Timestamp": at_ms, "Person": person, **({"FaceMatches": like} if like else {})}

    def _index(self, descriptor: Descriptor) -> int:
        for index, known in enumerate(self._persons):
            if similarity(descriptor, known) >= _SAME_PERSON:
                return index
        self._persons.append(descriptor)
        return len(self._persons) - 1
