"""From a face in a picture to the numbers by which it is compared.

A face is set upright and cut out so that eyes and mouth stand where dlib's network was trained to see them
(`get_face_chip_details` of https://github.com/davisking/dlib, a border of a quarter), and put through it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from PIL import Image

from local.rekognition.detect_faces import DetectFaces, Face, Point, detect_faces
from local.rekognition.detector import overlap
from local.rekognition.faces.likeness import Descriptor
from local.rekognition.faces.quality import SeenFace
from local.rekognition.models.sessions import Floats, LoadNetwork, Network
from local.rekognition.pictures import Picture

CHIP_PIXELS = 150
_BORDER = 0.25
_EYES_AND_MOUTH = (0.2255, 0.2154), (0.7548, 0.2154), (0.254149, 0.780233), (0.726104, 0.780233)
"""Where both eyes and both corners of the mouth stand in dlib's mean face, as parts of it."""
_MEAN = np.array([122.782, 117.001, 104.298], dtype=np.float32)
_AT_ONCE = 16


def _target() -> list[complex]:
    return [complex(x + _BORDER, y + _BORDER) / (1 + 2 * _BORDER) * CHIP_PIXELS for x, y in _EYES_AND_MOUTH]


def _placement(points: list[complex]) -> tuple[complex, complex]:
    """Return `turn` and `shift`: what is at `z` of the chip is at `turn * z + shift` of the picture.

    The nose is left out: on a face seen from aside it is not where it is on one from the front.
    """
    target = _target()
    middle_of_points, middle = sum(points) / len(points), sum(target) / len(target)
    pairs = [(point - middle_of_points, z - middle) for point, z in zip(points, target, strict=True)]
    turn = sum(point * z.conjugate() for point, z in pairs) / sum(abs(z) ** 2 for _, z in pairs)
    return turn, middle_of_points - turn * middle


def face_chip(points: tuple[Point, ...], picture: Picture) -> Picture:
    """Return a face as the network wants it, 150 pixels wide and high; beyond the picture it is black."""
    width, height = picture.size
    left_eye, right_eye, _, *mouth = (complex(x * width, y * height) for x, y in points)
    turn, shift = _placement([left_eye, right_eye, *mouth])
    factor = int(abs(turn))
    if factor > 1:  # Pillow's transform takes single pixels, however many a chip's pixel stands for
        corners = [turn * complex(x, y) + shift for x in (0, CHIP_PIXELS) for y in (0, CHIP_PIXELS)]
        left = max(0, math.floor(min(corner.real for corner in corners)))
        top = max(0, math.floor(min(corner.imag for corner in corners)))
        right = min(width, math.ceil(max(corner.real for corner in corners)))
        bottom = min(height, math.ceil(max(corner.imag for corner in corners)))
        picture = picture.crop((left, top, right, bottom)).reduce(factor)
        turn, shift = turn / factor, (shift - complex(left, top)) / factor
    affine = (turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag)
    return picture.transform(
        (CHIP_PIXELS, CHIP_PIXELS), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR
    )


_LOOKS = (128, 160, 224)
"""Pixels of a view twice as wide as the face: in these the detector places points best."""
_SAME_FACE = 0.4


def steady_points(detector: Network, face: Face, picture: Picture) -> tuple[Point, ...]:
    """Return the five points as the mean of what the detector sees in views of three sizes.

    One look places them some pixels off, by another amount where the same face is larger or smaller in its
    picture, and the numbers of a face follow. Where no view shows the face, its points stay.
    """
    width, height = picture.size
    left, top, right, bottom = face.box
    half = max((right - left) * width, (bottom - top) * height)
    x, y = (left + right) / 2 * width, (top + bottom) / 2 * height
    corner, side = (round(x - half), round(y - half)), max(1, round(2 * half))
    view = picture.crop((*corner, corner[0] + side, corner[1] + side))
    here = (
        (left * width - corner[0]) / side,
        (top * height - corner[1]) / side,
        (right * width - corner[0]) / side,
        (bottom * height - corner[1]) / side,
    )
    seen = []
    for pixels in _LOOKS:
        faces = detect_faces(detector, view, pixels)
        nearest = max(faces, key=lambda other: overlap(other.box, here), default=None)
        if nearest is not None and overlap(nearest.box, here) >= _SAME_FACE:
            seen.append(nearest.points)
    if not seen:
        return face.points
    means = np.array(seen).mean(axis=0)
    return tuple(
        (float(px * side + corner[0]) / width, float(py * side + corner[1]) / height) for px, py in means
    )


def describe(network: Network, faces: Sequence[tuple[Point, ...]], picture: Picture) -> list[Descriptor]:
    """Return the 128 numbers of each face, given by its five points."""
    found: list[Descriptor] = []
    for start in range(0, len(faces), _AT_ONCE):
        chips = [face_chip(points, picture) for points in faces[start : start + _AT_ONCE]]
        values: Floats = np.stack([np.asarray(chip, dtype=np.float32) for chip in chips])
        batch = np.ascontiguousarray(((values - _MEAN) / 255).transpose(0, 3, 1, 2), dtype=np.float32)
        found += [tuple(row.tolist()) for row in network.run(batch)["descriptors"]]
    return found


@dataclass(frozen=True)
class LookAtFaces:
    """What the operations on faces see in a picture; of the form of an operation, but none of Rekognition's.

    The answer is `{"Faces": [SeenFace, ...]}`.
    """

    detect: DetectFaces
    descriptors: Network
    name: str = "LookAtFaces"

    @classmethod
    def load(cls, load: LoadNetwork) -> Self:
        return cls(DetectFaces.load(load), load("face-descriptors"))

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        faces = detect_faces(self.detect.detector, picture)
        details = self.detect.details(faces, picture, request["Attributes"])
        steady = [steady_points(self.detect.detector, face, picture) for face in faces]
        numbers = describe(self.descriptors, steady, picture)
        return {"Faces": [SeenFace(*face) for face in zip(details, numbers, strict=True)]}
