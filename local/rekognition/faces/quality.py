"""Which faces are too poor to be compared: the quality filter.

Where AWS draws its lines is not written down; these are drawn so that LOW keeps what the local network still
tells apart (docs/local.md), and MEDIUM and HIGH ask for what Media2Cloud asks for and more. What the reasons
mean: https://docs.aws.amazon.com/rekognition/latest/APIReference/API_UnindexedFace.html.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from local.rekognition.faces.likeness import Descriptor


class SeenFace(NamedTuple):
    """A face of a picture: what is told of it (a FaceDetail), and the numbers by which it is compared."""

    detail: dict[str, Any]
    descriptor: Descriptor

    @property
    def area(self) -> float:
        box = self.detail["BoundingBox"]
        return float(box["Width"]) * float(box["Height"])


class SeenPicture(NamedTuple):
    """The faces of a picture, largest first, and the SHA-256 of its bytes."""

    digest: str
    faces: Sequence[SeenFace]


class QualityBar(NamedTuple):
    """Degrees away from the front, brightness and sharpness (0 to 100), the side as a part of the picture."""

    max_turn: float
    min_brightness: float
    min_sharpness: float
    min_side: float


QUALITY_BARS: Mapping[str, QualityBar | None] = {
    "NONE": None,
    "LOW": QualityBar(60, 10, 2, 0.01),
    "AUTO": QualityBar(55, 15, 4, 0.02),
    "MEDIUM": QualityBar(45, 20, 8, 0.03),
    "HIGH": QualityBar(23, 26, 10, 0.05),
}


def faults(face: SeenFace, bar: QualityBar | None) -> list[str]:
    """Return the reasons for which a face does not pass."""
    if bar is None:
        return []
    pose, quality, box = (face.detail[part] for part in ("Pose", "Quality", "BoundingBox"))
    found = {
        "EXTREME_POSE": max(abs(pose["Yaw"]), abs(pose["Pitch"])) > bar.max_turn,
        "LOW_BRIGHTNESS": quality["Brightness"] < bar.min_brightness,
        "LOW_SHARPNESS": quality["Sharpness"] < bar.min_sharpness,
        "SMALL_BOUNDING_BOX": max(box["Width"], box["Height"]) < bar.min_side,
    }
    return [reason for reason, holds in found.items() if holds]


class Sifted(NamedTuple):
    """The faces that passed, largest first, and the others with their reasons."""

    kept: list[SeenFace]
    left: list[tuple[SeenFace, list[str]]]


def sift(faces: Sequence[SeenFace], quality_filter: str) -> Sifted:
    """Part the faces by a quality filter of the request."""
    bar = QUALITY_BARS[quality_filter]
    judged = [(face, faults(face, bar)) for face in sorted(faces, key=lambda face: -face.area)]
    return Sifted([face for face, reasons in judged if not reasons], [pair for pair in judged if pair[1]])
