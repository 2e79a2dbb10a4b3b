"""What the operations on faces see in a picture: faces as DetectFaces tells of them, and their numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from local.rekognition.detect_faces import DetectFaces, detect_faces
from local.rekognition.faces.descriptors import describe
from local.rekognition.faces.quality import SeenFace
from local.rekognition.models.sessions import LoadNetwork, Network
from local.rekognition.pictures import Picture


@dataclass(frozen=True)
class LookAtFaces:
    """No operation of Rekognition's, but of this form; answered is `{"Faces": [SeenFace, ...]}`."""

    detect: DetectFaces
    descriptors: Network
    name: str = "LookAtFaces"

    @classmethod
    def load(cls, load: LoadNetwork) -> Self:
        return cls(DetectFaces.load(load), load("face-descriptors"))

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        faces = detect_faces(self.detect.detector, picture)
        details = self.detect.details(faces, picture, request["Attributes"])
        numbers = describe(self.descriptors, faces, picture)
        return {"Faces": [SeenFace(*face) for face in zip(details, numbers, strict=True)]}
