"""Where faces are: YuNet, boxes with five points."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from local.rekognition.detector import Box, overlap
from local.rekognition.models.sessions import Floats, Network
from local.rekognition.pictures import Picture

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
