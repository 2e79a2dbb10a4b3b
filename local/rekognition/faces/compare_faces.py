"""CompareFaces: the largest face of one picture against every face of another. Nothing is kept.

https://docs.aws.amazon.com/rekognition/latest/APIReference/API_CompareFaces.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

from local.rekognition.faces.likeness import similarity
from local.rekognition.faces.quality import SeenFace, SeenPicture, sift
from local.rekognition.request import invalid_parameter

_DEFAULT_THRESHOLD = 80.0
_COMPARED = ("BoundingBox", "Confidence", "Landmarks", "Pose", "Quality")


def compare_faces(request: Mapping[str, Any], pictures: Sequence[SeenPicture]) -> dict[str, Any]:
    """Return how alike the faces are. Raises `RekognitionError` where a picture shows none."""
    source, target = (sift(picture.faces, request.get("QualityFilter", "NONE")).kept for picture in pictures)
    if not source or not target:
        raise invalid_parameter()
    threshold = request.get("SimilarityThreshold", _DEFAULT_THRESHOLD)
    likeness = [(similarity(source[0].descriptor, face.descriptor), face) for face in target]
    likeness.sort(key=lambda pair: -pair[0])
    return {
        "SourceImageFace": {name: source[0].detail[name] for name in ("BoundingBox", "Confidence")},
        "FaceMatches": [
            {"Similarity": alike, "Face": _compared(face)} for alike, face in likeness if alike >= threshold
        ],
        "UnmatchedFaces": [_compared(face) for alike, face in likeness if alike < threshold],
    }


def _compared(face: SeenFace) -> dict[str, Any]:
    return {name: face.detail[name] for name in _COMPARED}
