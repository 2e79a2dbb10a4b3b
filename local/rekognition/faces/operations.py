"""The operations about whose face it is, by name: the same for models that look and for canned answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.rekognition.faces import collections, users
from local.rekognition.faces.collections import Answer, Inquiry
from local.rekognition.faces.likeness import similarity
from local.rekognition.faces.quality import SeenFace, SeenPicture, sift
from local.rekognition.faces.store import FaceStore
from local.rekognition.request import IMAGE_MEMBERS, invalid_parameter

_COMPARED = ("BoundingBox", "Confidence", "Landmarks", "Pose", "Quality")


def compare_faces(inquiry: Inquiry) -> Answer:
    """Compare the largest face of one picture with every face of another. Nothing is kept.

    https://docs.aws.amazon.com/rekognition/latest/APIReference/API_CompareFaces.html
    """
    request = inquiry.members
    source, target = (
        sift(picture.faces, request.get("QualityFilter", "NONE")).kept for picture in inquiry.pictures
    )
    if not source or not target:
        raise invalid_parameter()
    threshold = request.get("SimilarityThreshold", collections.SEARCH_THRESHOLD)
    likeness = [(similarity(source[0].descriptor, face.descriptor), face) for face in target]
    likeness.sort(key=lambda pair: -pair[0])
    return {
        "SourceImageFace": {name: source[0].detail[name] for name in ("BoundingBox", "Confidence")},
        "FaceMatches": [
            {"Similarity": alike, "Face": _compared(face)} for alike, face in likeness if alike >= threshold
        ],
        "UnmatchedFaces": [_compared(face) for alike, face in likeness if alike < threshold],
    }


def _compared(face: SeenFace) -> Answer:
    return {name: face.detail[name] for name in _COMPARED}


_FACE_OPERATIONS: Mapping[str, Callable[[Inquiry], Answer]] = {
    "AssociateFaces": users.once("AssociateFaces", users.associate_faces),
    "CompareFaces": compare_faces,
    "CreateCollection": collections.create_collection,
    "CreateUser": users.once("CreateUser", users.create_user),
    "DeleteCollection": collections.delete_collection,
    "DeleteFaces": collections.delete_faces,
    "DeleteUser": users.once("DeleteUser", users.delete_user),
    "DescribeCollection": collections.describe_collection,
    "DisassociateFaces": users.once("DisassociateFaces", users.disassociate_faces),
    "IndexFaces": collections.index_faces,
    "ListCollections": collections.list_collections,
    "ListFaces": collections.list_faces,
    "ListUsers": users.list_users,
    "SearchFaces": collections.search_faces,
    "SearchFacesByImage": collections.search_faces_by_image,
    "SearchUsers": users.search_users,
    "SearchUsersByImage": users.search_users_by_image,
}
FACE_OPERATIONS = frozenset(_FACE_OPERATIONS)
SHOWN_PICTURES = frozenset({"CompareFaces", "IndexFaces", "SearchFacesByImage", "SearchUsersByImage"})
"""Those of them that look at pictures."""


def require_collection(store: FaceStore, region: str, operation: str, request: Mapping[str, Any]) -> None:
    """Raise `RekognitionError` for a collection that is not there, before a picture is looked at."""
    if operation != "CreateCollection" and "CollectionId" in request:
        Inquiry(store, region, request).collection()


def answer_about_faces(
    store: FaceStore, region: str, operation: str, request: Mapping[str, Any], seen: Sequence[SeenPicture]
) -> Answer:
    """Return the members of the output shape. Raises `RekognitionError`, and then nothing has changed."""
    members = {name: value for name, value in request.items() if name not in IMAGE_MEMBERS}
    with store.transaction():
        return _FACE_OPERATIONS[operation](Inquiry(store, region, members, seen))
