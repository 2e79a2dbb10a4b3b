"""DetectFaces.

https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectFaces.html. Of ALL there are
AgeRange, Gender and Emotions; what no model here sees (Smile, Eyeglasses, Beard, ...) is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from local.rekognition.detect_labels import bounding_box
from local.rekognition.face_attributes import AttributeNetworks, Attributes, pose_of, quality_of
from local.rekognition.face_detector import Face, detect_faces
from local.rekognition.models.sessions import LoadNetwork, Network
from local.rekognition.pictures import Picture

_LANDMARKS = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")
_FROM_NETWORKS = frozenset({"AGE_RANGE", "GENDER", "EMOTIONS"})


@dataclass(frozen=True)
class DetectFaces:
    """The operation."""

    detector: Network
    attributes: AttributeNetworks
    name: str = "DetectFaces"

    @classmethod
    def load(cls, load: LoadNetwork) -> Self:
        return cls(load("yunet"), AttributeNetworks(load("faceres"), load("emotion")))

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the faces, largest first, with what `Attributes` asks for."""
        asked = frozenset(request.get("Attributes", ()))
        wanted = _FROM_NETWORKS if "ALL" in asked else asked & _FROM_NETWORKS
        faces = detect_faces(self.detector, picture)
        found: list[Attributes | None] = [None] * len(faces)
        if wanted:
            found = [*self.attributes.look_at(faces, picture)]
        return {
            "FaceDetails": [
                {**_basic(face, picture), **(_extra(attributes, wanted) if attributes else {})}
                for face, attributes in zip(faces, found, strict=True)
            ]
        }


def _basic(face: Face, picture: Picture) -> dict[str, Any]:
    """Return what every answer has."""
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


def _extra(attributes: Attributes, wanted: frozenset[str]) -> dict[str, Any]:
    """Return what the attribute networks see."""
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
