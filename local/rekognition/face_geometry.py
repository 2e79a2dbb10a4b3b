"""What five points and some pixels say about a face: pose, brightness, sharpness."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from local.rekognition.face_detector import Face
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
    """An estimate from the five points; `width` and `height` are the picture's, in pixels."""
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
    """The face upright in a square `factor` times its longer side, `side` pixels wide, RGB."""
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
