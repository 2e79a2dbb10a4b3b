"""DetectFaces: where faces are (YuNet: boxes with five points), and what is to be said of each.

https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectFaces.html. Of ALL there are AgeRange,
Gender and Emotions, by `faceres` and `emotion` of @vladmandic/human; what no model here sees (Smile,
Eyeglasses, Beard, ...) is left out.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from PIL import Image

from local.rekognition.detector import Box, bounding_box, overlap
from local.rekognition.models.sessions import Floats, LoadNetwork, Network
from local.rekognition.pictures import Picture

_LANDMARKS = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")
_FROM_NETWORKS = frozenset({"AGE_RANGE", "GENDER", "EMOTIONS"})


@dataclass(frozen=True)
class DetectFaces:
    """The operation."""

    detector: Network
    age_gender: Network
    emotion: Network
    name: str = "DetectFaces"

    @classmethod
    def load(cls, load: LoadNetwork) -> Self:
        return cls(load("yunet"), load("faceres"), load("emotion"))

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        faces = detect_faces(self.detector, picture)
        return {"FaceDetails": self.details(faces, picture, request.get("Attributes", ()))}

    def details(
        self, faces: "Sequence[Face]", picture: Picture, attributes: Collection[str]
    ) -> list[dict[str, Any]]:
        """Return what is to be said of each face, as FaceDetails."""
        asked = frozenset(attributes)
        wanted = _FROM_NETWORKS if "ALL" in asked else asked & _FROM_NETWORKS
        return [
            _basic(face, picture) | (_extra(self._attributes(face, picture), wanted) if wanted else {})
            for face in faces
        ]

    def _attributes(self, face: "Face", picture: Picture) -> "Attributes":
        # RGB 0..255, 224 pixels; the other network takes grey -1..1, 64 pixels.
        view = np.asarray(square_around(face, picture, _AGE_FACTOR, _AGE_SIDE), dtype=np.float32)
        answer = self.age_gender.run(
            np.ascontiguousarray(view.transpose(2, 0, 1)[None]), ["gender_pred/Sigmoid", "age_pred/Softmax"]
        )
        reached = np.cumsum(answer["age_pred/Softmax"][0])
        low, high = (int(np.searchsorted(reached, quantile * reached[-1])) for quantile in _AGE_QUANTILES)
        small = np.asarray(square_around(face, picture, _EMOTION_FACTOR, _EMOTION_SIDE), dtype=np.float32)
        grey = (((small / 255 * _LUMINANCE).sum(axis=2) - 0.5) * 2).astype(np.float32)
        chances = self.emotion.run(grey[None, None])["Identity"][0]
        return Attributes(
            age_low=low,
            age_high=max(high, low + 1),
            female=1.0 - float(answer["gender_pred/Sigmoid"][0, 0]),
            emotions=dict(zip(_EMOTIONS, (float(chance) for chance in chances), strict=True)),
        )


def _basic(face: "Face", picture: Picture) -> dict[str, Any]:
    pose = pose_of(face, *picture.size)
    brightness, sharpness = quality_of(face, picture)
    return {
        "BoundingBox": bounding_box(face.box),
        "Confidence": round(face.score * 100, 4),
        "Landmarks": [
            {"Type": name, "X": x, "Y": y} for name, (x, y) in zip(_LANDMARKS, face.points, strict=True)
        ],
        "Pose": {"Roll": pose.roll, "Yaw": pose.yaw, "Pitch": pose.pitch},
        "Quality": {"Brightness": brightness, "Sharpness": sharpness},
    }


def _extra(attributes: "Attributes", wanted: frozenset[str]) -> dict[str, Any]:
    female = attributes.female >= 0.5  # noqa: PLR2004
    emotions = sorted(attributes.emotions.items(), key=lambda item: -item[1])
    members = {
        "AGE_RANGE": ("AgeRange", {"Low": attributes.age_low, "High": attributes.age_high}),
        "GENDER": (
            "Gender",
            {
                "Value": "Female" if female else "Male",
                "Confidence": round(100 * (attributes.female if female else 1 - attributes.female), 4),
            },
        ),
        "EMOTIONS": (
            "Emotions",
            [{"Type": name, "Confidence": round(chance * 100, 4)} for name, chance in emotions],
        ),
    }
    return {name: value for key, (name, value) in members.items() if key in wanted}


MIN_SCORE = 0.85
"""Faces that are there score 0.86 and more; animals, statues and ruins stay below 0.82."""
LONG_SIDE_PIXELS = 640
"""At this size the smallest face that Rekognition promises to find (40 of 1920 pixels) has 13."""
_STRIDES = (8, 16, 32)
_MAX_OVERLAP = 0.45
_MAX_FACES = 100
"""The 100 largest: https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectFaces.html"""

Point = tuple[float, float]


@dataclass(frozen=True)
class Face:
    """A face: score (0..1), box, and five points, all as ratios of the picture.

    The points are the eye at the left of the picture, the one at its right, the nose, and the corners
    of the mouth at the left and right.
    """

    score: float
    box: Box
    points: tuple[Point, Point, Point, Point, Point]


def _sigmoid(values: Floats) -> Floats:
    return (1.0 / (1.0 + np.exp(-values))).astype(np.float32)


def _candidates(answer: dict[str, Floats], stride: int, size: Point) -> list[Face]:
    scores = np.sqrt(_sigmoid(answer[f"class_{stride}"][0, 0]) * _sigmoid(answer[f"object_{stride}"][0, 0]))
    boxes, points = answer[f"box_{stride}"][0], answer[f"points_{stride}"][0]
    width, height = size
    faces = []
    for row, column in zip(*np.nonzero(scores >= MIN_SCORE), strict=True):
        x, y = (boxes[0, row, column] + column) * stride, (boxes[1, row, column] + row) * stride
        half_width, half_height = np.exp(boxes[2:, row, column]) * stride / 2
        box = (
            max(0.0, float(x - half_width) / width),
            max(0.0, float(y - half_height) / height),
            min(1.0, float(x + half_width) / width),
            min(1.0, float(y + half_height) / height),
        )
        places = points[:, row, column].reshape(5, 2) + np.array([column, row])
        one, two, three, four, five = (
            (float(px) * stride / width, float(py) * stride / height) for px, py in places
        )
        faces.append(Face(float(scores[row, column]), box, (one, two, three, four, five)))
    return faces


def detect_faces(network: Network, picture: Picture, long_side: int = LONG_SIDE_PIXELS) -> list[Face]:
    """Return the faces of a picture scaled to `long_side` pixels, largest first."""
    scale = long_side / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    view = picture.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    padded = np.zeros((-(-height // 32) * 32, -(-width // 32) * 32, 3), dtype=np.float32)
    padded[:height, :width] = np.asarray(view)[:, :, ::-1]
    answer = network.run(np.ascontiguousarray(padded.transpose(2, 0, 1)[None]))
    candidates = [face for stride in _STRIDES for face in _candidates(answer, stride, (width, height))]
    faces: list[Face] = []
    for face in sorted(candidates, key=lambda face: -face.score):
        if all(overlap(face.box, other.box) <= _MAX_OVERLAP for other in faces):
            faces.append(face)
    faces.sort(key=lambda face: -(face.box[2] - face.box[0]) * (face.box[3] - face.box[1]))
    return faces[:_MAX_FACES]


_NOSE_DEPTH = 0.75
"""How far a nose stands out from the plane of eyes and mouth, in distances between the eyes."""
_NOSE_HEIGHT = 0.56
"""Where it is between eyes (0) and mouth (1) on a face seen from the front."""
_SHARP_VARIANCE = 1000.0
_QUALITY_SIDE = 96


@dataclass(frozen=True)
class Pose:
    """Degrees: positive roll is clockwise, positive yaw to the right of the picture, positive pitch up."""

    roll: float
    yaw: float
    pitch: float


def pose_of(face: Face, width: float, height: float) -> Pose:
    """Return an estimate from the five points; `width` and `height` are the picture's, in pixels."""
    points = np.array(face.points) * (width, height)
    eyes, nose, mouth = points[:2].mean(axis=0), points[2], points[3:].mean(axis=0)
    across = points[1] - points[0]
    roll = math.atan2(across[1], across[0])
    turn = np.array([[math.cos(roll), math.sin(roll)], [-math.sin(roll), math.cos(roll)]])
    eyes, nose, mouth = turn @ eyes, turn @ nose, turn @ mouth
    down = max(float(mouth[1] - eyes[1]), 1.0)
    eye_distance = max(float(np.hypot(*across)), 0.6 * down)
    middle = eyes + (mouth - eyes) * _NOSE_HEIGHT
    yaw = math.asin(max(-1.0, min(1.0, float(nose[0] - middle[0]) / (_NOSE_DEPTH * eye_distance))))
    pitch = math.asin(max(-1.0, min(1.0, float(middle[1] - nose[1]) / (_NOSE_DEPTH * eye_distance))))
    return Pose(math.degrees(roll), math.degrees(yaw), math.degrees(pitch))


def square_around(face: Face, picture: Picture, factor: float, side: int) -> Picture:
    """Return the face upright in a square `factor` times its longer side, `side` pixels wide, RGB."""
    width, height = picture.size
    left, top, right, bottom = face.box
    half = factor * max((right - left) * width, (bottom - top) * height) / 2
    x, y = (left + right) * width / 2, (top + bottom) * height / 2
    roll = math.radians(pose_of(face, width, height).roll)
    step = 2 * half / side
    cosine, sine = math.cos(roll) * step, math.sin(roll) * step
    middle = side / 2
    affine = (cosine, -sine, x - middle * (cosine - sine), sine, cosine, y - middle * (sine + cosine))
    return picture.transform((side, side), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)


def quality_of(face: Face, picture: Picture) -> tuple[float, float]:
    """Brightness and sharpness, each 0..100: mean luminance, and how strongly it changes between pixels."""
    width, height = picture.size
    left, top, right, bottom = face.box
    pixels = (left * width, top * height, right * width, bottom * height)
    crop = picture.resize((_QUALITY_SIDE, _QUALITY_SIDE), Image.Resampling.BICUBIC, box=pixels).convert("L")
    grey = np.asarray(crop, dtype=np.float32)
    laplacian = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    variance = float(laplacian.var())
    return float(grey.mean()) / 255 * 100, 100 * variance / (variance + _SHARP_VARIANCE / 4)


_AGE_SIDE, _AGE_FACTOR = 224, 1.2
_EMOTION_SIDE, _EMOTION_FACTOR = 64, 1.2
_EMOTIONS = ("ANGRY", "DISGUSTED", "FEAR", "HAPPY", "SAD", "SURPRISED", "CALM")
_LUMINANCE = np.array([0.2989, 0.587, 0.114], dtype=np.float32)
_AGE_QUANTILES = (0.25, 0.75)
"""The middle half of what the network thinks possible: about ten years, as Rekognition's ranges are."""


@dataclass(frozen=True)
class Attributes:
    """An age range in years, the chance of being female (0..1), emotions with their chances (0..1)."""

    age_low: int
    age_high: int
    female: float
    emotions: dict[str, float]
