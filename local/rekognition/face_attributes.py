"""What is to be said of a face: pose, brightness and sharpness, age, gender and emotions.

The last by the networks `faceres` and `emotion` of @vladmandic/human.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from local.rekognition.face_detector import Face
from local.rekognition.models.sessions import Network
from local.rekognition.pictures import Picture

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


@dataclass(frozen=True)
class AttributeNetworks:
    """`age_gender` takes RGB 0..255, 224 pixels; `emotion` grey -1..1, 64 pixels."""

    age_gender: Network
    emotion: Network

    def look_at(self, faces: list[Face], picture: Picture) -> list[Attributes]:
        """Return the attributes of each face; nothing is computed for none."""
        return [self._look_at(face, picture) for face in faces]

    def _look_at(self, face: Face, picture: Picture) -> Attributes:
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
