"""Answers about pictures that nobody looked at: always the same for the same request, as late as usual.

Two cores recognise about thirteen photos a second, so a quota of fifty calls a second cannot be reached with
models that look. What is measured against canned answers says nothing about recognition.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract.detectors import IMAGE_PROPERTIES
from local.rekognition.faces.likeness import Descriptor
from local.rekognition.faces.operations import FACE_OPERATIONS, answer_about_faces, require_collection
from local.rekognition.faces.quality import SeenFace, SeenPicture
from local.rekognition.faces.store import FaceStore
from local.rekognition.request import ObjectPlace
from local.rekognition.service import CallLog, HasLeft, ReadRequest

LABELS_A_PICTURE = 10
_MOST_FACES = 2
_NAMES = Path(__file__).with_name("canned_labels.txt").read_text().split()
_BOX = {"Width": 0.25, "Height": 0.25, "Left": 0.375, "Top": 0.375}
_POLYGON = [{"X": x, "Y": y} for x, y in ((0.375, 0.375), (0.625, 0.375), (0.625, 0.625), (0.375, 0.625))]


def detect_labels(seed: bytes) -> dict[str, Any]:
    start, step = seed[0] % len(_NAMES), 1 + seed[1] % 5
    names = dict.fromkeys(_NAMES[(start + step * place) % len(_NAMES)] for place in range(LABELS_A_PICTURE))
    labels = [
        {
            "Name": name,
            "Confidence": round(99.0 - 5 * place - seed[place + 2] / 64, 4),
            "Instances": [],
            "Parents": [],
            "Aliases": [],
            "Categories": [{"Name": "Canned"}],
        }
        for place, name in enumerate(names)
    ]
    return {"Labels": labels, "LabelModelVersion": "3.0"}


def detect_faces(seed: bytes) -> dict[str, Any]:
    face = {
        "BoundingBox": _BOX,
        "Confidence": 99.5,
        "AgeRange": {"Low": 20, "High": 30},
        "Smile": {"Value": True, "Confidence": 90.0},
        "Landmarks": [],
        "Pose": {"Roll": 0.0, "Yaw": 0.0, "Pitch": 0.0},
        "Quality": {"Brightness": 80.0, "Sharpness": 80.0},
        "Emotions": [{"Type": "CALM", "Confidence": 90.0}],
    }
    return {"FaceDetails": [face] * (seed[0] % (_MOST_FACES + 1))}


def detect_moderation_labels(seed: bytes) -> dict[str, Any]:
    """Return one category for a picture in sixteen."""
    found = {"Name": "Alcohol", "ParentName": "", "Confidence": 91.0, "TaxonomyLevel": 1}
    labels = [found] if seed[0] % 16 == 0 else []
    return {"ModerationLabels": labels, "ModerationModelVersion": "7.0", "ContentTypes": []}


def detect_text(seed: bytes) -> dict[str, Any]:
    """Return one line of one word for a picture in two."""
    geometry = {"BoundingBox": _BOX, "Polygon": _POLYGON}
    said = {"DetectedText": f"W{seed[1]}", "Confidence": 98.0, "Geometry": geometry}
    found = [{**said, "Type": "LINE", "Id": 0}, {**said, "Type": "WORD", "Id": 1, "ParentId": 0}]
    return {"TextDetections": found if seed[0] % 2 else [], "TextModelVersion": "3.0"}


def image_properties(seed: bytes) -> dict[str, Any]:
    """Return two colours of three, which cover two thirds and a third."""
    shades = (
        ("navy", "blue", (0, 0, 128)),
        ("gold", "yellow", (255, 215, 0)),
        ("white", "white", (255,) * 3),
    )
    start = seed[0] % len(shades)
    colors = [
        {
            **dict(zip(("Red", "Green", "Blue"), rgb, strict=True)),
            "HexCode": "#{:02x}{:02x}{:02x}".format(*rgb),
            "CSSColor": css,
            "SimplifiedColor": simplified,
            "PixelPercent": percent,
        }
        for (css, simplified, rgb), percent in zip(
            (shades[start], shades[(start + 1) % len(shades)]), (66.6, 33.4), strict=True
        )
    ]
    quality = {"Brightness": 60.0, "Sharpness": 80.0, "Contrast": 40.0}
    properties = {"Quality": quality, "DominantColors": colors}
    return {"Labels": [], "ImageProperties": properties, "LabelModelVersion": "3.0"}


def recognize_celebrities(_seed: bytes) -> dict[str, Any]:
    """Return nobody: a name would be somebody's."""
    return {"CelebrityFaces": [], "UnrecognizedFaces": []}


def detect_protective_equipment(seed: bytes) -> dict[str, Any]:
    """Return somebody with a helmet for a picture in four."""
    sure = {"Confidence": 98.0}
    helmet = {"Type": "HEAD_COVER", "BoundingBox": _BOX, **sure, "CoversBodyPart": {**sure, "Value": True}}
    head = {"Name": "HEAD", **sure, "EquipmentDetections": [helmet]}
    person = {"BodyParts": [head], "BoundingBox": _BOX, **sure, "Id": 0}
    persons = [person] if seed[0] % 4 == 0 else []
    return {"ProtectiveEquipmentModelVersion": "1.0", "Persons": persons}


def detect_custom_labels(seed: bytes) -> dict[str, Any]:
    """Return one thing with its place for a picture in two."""
    found = {"Name": "Canned Thing", "Confidence": 88.0, "Geometry": {"BoundingBox": _BOX}}
    return {"CustomLabels": [found] if seed[0] % 2 else []}


ANSWERS: Mapping[str, Callable[[bytes], dict[str, Any]]] = {
    "DetectCustomLabels": detect_custom_labels,
    "DetectFaces": detect_faces,
    "DetectLabels": detect_labels,
    "DetectModerationLabels": detect_moderation_labels,
    "DetectProtectiveEquipment": detect_protective_equipment,
    "DetectText": detect_text,
    "RecognizeCelebrities": recognize_celebrities,
}


_PERSONS = 50
_NUMBERS = 128
_LENGTH, _DIFFERENCE = 1.4, 0.2
"""How long a descriptor is, and how far one of a person is from the others: as of the network that looks."""


def _direction(seed: str, length: float) -> list[float]:
    drawn = random.Random(seed)  # noqa: S311  # no secrets here
    numbers = [drawn.gauss(0, 1) for _ in range(_NUMBERS)]
    return [number / math.hypot(*numbers) * length for number in numbers]


def canned_faces(picture: str) -> SeenPicture:
    """Return the faces that DetectFaces tells of a picture, each of one of fifty persons."""
    seed = _seed(picture)
    faces = []
    for number, detail in enumerate(detect_faces(seed)["FaceDetails"]):
        person = _direction(f"person {seed[number + 1] % _PERSONS}", _LENGTH)
        other = _direction(f"{picture} {number}", _DIFFERENCE)
        descriptor: Descriptor = tuple(one + more for one, more in zip(person, other, strict=True))
        faces.append(SeenFace(detail, descriptor))
    return SeenPicture(seed.hex(), faces)


def _seed(picture: str) -> bytes:
    return hashlib.blake2b(picture.encode(), digest_size=32).digest()


def answer(operation: str, picture: str, features: Collection[str] = ()) -> dict[str, Any]:
    """Return the members of an operation's answer about the picture of this name."""
    answering = image_properties if IMAGE_PROPERTIES in features else ANSWERS[operation]
    return answering(_seed(picture))


@dataclass(frozen=True)
class LogNormal:
    """Times that calls take: half of them less than the median; `sigma` says how long the tail is."""

    median_seconds: float = 0.45
    sigma: float = 0.35
    random: random.Random = field(default_factory=random.Random)

    def draw_seconds(self) -> float:
        if self.median_seconds <= 0:
            return 0.0
        return self.random.lognormvariate(math.log(self.median_seconds), self.sigma)


@dataclass(frozen=True)
class CannedRecognition:
    """Answers without looking, and without reading objects: only bytes sent along are counted by content."""

    latency: LogNormal = LogNormal()
    collections: FaceStore = field(default_factory=FaceStore)
    operations = tuple(sorted([*ANSWERS, *FACE_OPERATIONS]))

    def health(self) -> dict[str, Any]:
        return {"canned": True, "models": [], "waiting": [], "workers": 0}

    async def answer(
        self, operation: str, read: ReadRequest, calls: CallLog, _has_left: HasLeft
    ) -> dict[str, Any]:
        await asyncio.sleep(self.latency.draw_seconds())
        request, images, region = read()
        pictures = [_name(image) for image in images]
        for image, picture in zip(images, pictures, strict=True):
            if isinstance(image, bytes):
                calls.count("contents", operation, picture)
        if operation in ANSWERS:
            return answer(operation, pictures[0], request.get("Features", ()))
        require_collection(self.collections, region, operation, request)
        seen = [canned_faces(picture) for picture in pictures]
        return answer_about_faces(self.collections, region, operation, request, seen)


def _name(image: bytes | ObjectPlace) -> str:
    return hashlib.sha256(image).hexdigest() if isinstance(image, bytes) else f"{image.bucket}/{image.key}"
