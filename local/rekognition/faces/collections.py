"""Collections and the faces in them: made, listed, indexed, searched, deleted.

https://docs.aws.amazon.com/rekognition/latest/dg/collections.html. A request that says twice what is to be
indexed (the same picture under the same ExternalImageId) is answered with the faces that are there.
"""

import base64
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from local.rekognition.faces import refusals
from local.rekognition.faces.likeness import Descriptor, similarity
from local.rekognition.faces.quality import SeenFace, SeenPicture, sift
from local.rekognition.faces.store import FACE_MODEL_VERSION, Box, FaceStore, StoredCollection, StoredFace

MOST_FACES_A_PICTURE = 100
MOST_FACES_A_COLLECTION = 10_000_000
"""https://docs.aws.amazon.com/rekognition/latest/dg/limits.html"""
SEARCH_THRESHOLD = 80.0
_MOST_MATCHES = 4096
_ACCOUNT = "000000000000"
Answer = dict[str, Any]


class Inquiry:
    """One request to one region: its members, the pictures that it shows, and where collections are kept."""

    def __init__(
        self, store: FaceStore, region: str, members: Mapping[str, Any], pictures: Sequence[SeenPicture] = ()
    ) -> None:
        self.store = store
        self.region = region
        self.members = members
        self.pictures = pictures

    def collection(self) -> StoredCollection:
        """Return the collection that is named. Raises `RekognitionError`."""
        name = self.members["CollectionId"]
        found = self.store.collection(self.region, name)
        if found is None:
            raise refusals.no_collection(name)
        return found


def create_collection(inquiry: Inquiry) -> Answer:
    name = inquiry.members["CollectionId"]
    if inquiry.store.collection(inquiry.region, name) is not None:
        raise refusals.collection_exists(name)
    inquiry.store.add_collection(inquiry.region, name)
    return {
        "StatusCode": 200,
        # Without `arn:` before it, as AWS answers here, and here alone.
        "CollectionArn": f"aws:rekognition:{inquiry.region}:{_ACCOUNT}:collection/{name}",
        "FaceModelVersion": FACE_MODEL_VERSION,
    }


def list_collections(inquiry: Inquiry) -> Answer:
    limit = inquiry.members.get("MaxResults") or _MOST_MATCHES
    after = read_page(inquiry.members.get("NextToken"))
    found = inquiry.store.collections(inquiry.region, after, limit + 1)
    names = [collection.name for collection in found[:limit]]
    page = {"NextToken": page_token(found[limit - 1].number)} if len(found) > limit else {}
    return {"CollectionIds": names, "FaceModelVersions": [FACE_MODEL_VERSION] * len(names), **page}


def describe_collection(inquiry: Inquiry) -> Answer:
    collection = inquiry.collection()
    return {
        "FaceCount": inquiry.store.face_count(collection.number),
        "UserCount": inquiry.store.user_count(collection.number),
        "FaceModelVersion": FACE_MODEL_VERSION,
        "CollectionARN": f"arn:aws:rekognition:{inquiry.region}:{_ACCOUNT}:collection/{collection.name}",
        "CreationTimestamp": collection.created,
    }


def delete_collection(inquiry: Inquiry) -> Answer:
    inquiry.store.delete_collection(inquiry.collection().number)
    return {"StatusCode": 200}


def index_faces(inquiry: Inquiry) -> Answer:
    """Keep the faces of a picture, largest first, and tell which were not kept and why."""
    collection, (picture,) = inquiry.collection(), inquiry.pictures
    most = min(inquiry.members.get("MaxFaces", MOST_FACES_A_PICTURE), MOST_FACES_A_PICTURE)
    kept, left = sift(picture.faces, inquiry.members.get("QualityFilter", "AUTO"))
    image = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{collection.number} {picture.digest}"))
    external = inquiry.members.get("ExternalImageId")
    there: dict[Box, list[StoredFace]] = {}
    for face in inquiry.store.faces_of_image(collection.number, image):
        if face.external_image == external:
            there.setdefault(face.box, []).append(face)
    records = []
    for seen in kept[:most]:
        known = there.get(_box(seen))
        face = known.pop(0) if known else _index(inquiry.store, collection.number, seen, image, external)
        records.append({"Face": face_members(face), "FaceDetail": seen.detail})
    beyond = [(face, ["EXCEEDS_MAX_FACES"]) for face in kept[most:]]
    return {
        "FaceRecords": records,
        "FaceModelVersion": FACE_MODEL_VERSION,
        "UnindexedFaces": [
            {"Reasons": reasons, "FaceDetail": face.detail} for face, reasons in [*left, *beyond]
        ],
    }


def _box(seen: SeenFace) -> Box:
    box = seen.detail["BoundingBox"]
    return box["Left"], box["Top"], box["Width"], box["Height"]


def _index(store: FaceStore, collection: int, seen: SeenFace, image: str, external: str | None) -> StoredFace:
    if store.face_count(collection) >= MOST_FACES_A_COLLECTION:
        raise refusals.too_many("faces in the collection", MOST_FACES_A_COLLECTION)
    face_id, confidence = str(uuid.uuid4()), float(seen.detail["Confidence"])
    face = StoredFace(0, face_id, image, external, _box(seen), confidence, seen.descriptor)
    store.add_face(collection, face)
    return face


def face_members(face: StoredFace) -> Answer:
    """Return a Face as the service's model has it."""
    left, top, width, height = face.box
    external = {"ExternalImageId": face.external_image} if face.external_image is not None else {}
    user = {"UserId": face.user} if face.user is not None else {}
    return {
        "FaceId": face.id,
        "BoundingBox": {"Width": width, "Height": height, "Left": left, "Top": top},
        "ImageId": face.image,
        **external,
        "Confidence": face.confidence,
        "IndexFacesModelVersion": FACE_MODEL_VERSION,
        **user,
    }


def list_faces(inquiry: Inquiry) -> Answer:
    members, collection = inquiry.members, inquiry.collection()
    limit, after = members.get("MaxResults") or _MOST_MATCHES, read_page(members.get("NextToken"))
    wanted = frozenset(members["FaceIds"]) if "FaceIds" in members else None
    found = [
        face
        for face in inquiry.store.faces(collection.number)
        if face.number > after
        and (wanted is None or face.id in wanted)
        and ("UserId" not in members or face.user == members["UserId"])
    ]
    page = {"NextToken": page_token(found[limit - 1].number)} if len(found) > limit else {}
    faces = [face_members(face) for face in found[:limit]]
    return {"Faces": faces, "FaceModelVersion": FACE_MODEL_VERSION, **page}


def delete_faces(inquiry: Inquiry) -> Answer:
    """Remove faces; those of users stay until they are disassociated."""
    collection = inquiry.collection()
    deleted: list[str] = []
    left: list[Answer] = []
    for face_id in dict.fromkeys(inquiry.members["FaceIds"]):
        face = inquiry.store.face(collection.number, face_id)
        if face is None:
            left.append({"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]})
        elif face.user is not None:
            reasons = ["ASSOCIATED_TO_AN_EXISTING_USER"]
            left.append({"FaceId": face_id, "UserId": face.user, "Reasons": reasons})
        else:
            inquiry.store.delete_face(face.number)
            deleted.append(face_id)
    return {"DeletedFaces": deleted, "UnsuccessfulFaceDeletions": left}


def search_faces(inquiry: Inquiry) -> Answer:
    collection, face_id = inquiry.collection(), inquiry.members["FaceId"]
    face = inquiry.store.face(collection.number, face_id)
    if face is None:
        raise refusals.no_face_in_collection()
    others = [other for other in inquiry.store.faces(collection.number) if other.number != face.number]
    return {
        "SearchedFaceId": face_id,
        "FaceMatches": _matches(inquiry, face.descriptor, others),
        "FaceModelVersion": FACE_MODEL_VERSION,
    }


def search_faces_by_image(inquiry: Inquiry) -> Answer:
    collection, (picture,) = inquiry.collection(), inquiry.pictures
    kept = sift(picture.faces, inquiry.members.get("QualityFilter", "NONE")).kept
    if not kept:
        raise refusals.no_face_in_picture()
    return {
        "SearchedFaceBoundingBox": kept[0].detail["BoundingBox"],
        "SearchedFaceConfidence": kept[0].detail["Confidence"],
        "FaceMatches": _matches(inquiry, kept[0].descriptor, inquiry.store.faces(collection.number)),
        "FaceModelVersion": FACE_MODEL_VERSION,
    }


def _matches(inquiry: Inquiry, descriptor: Descriptor, faces: Sequence[StoredFace]) -> list[Answer]:
    threshold = inquiry.members.get("FaceMatchThreshold", SEARCH_THRESHOLD)
    likeness = [(similarity(descriptor, face.descriptor), face) for face in faces]
    found = sorted((pair for pair in likeness if pair[0] >= threshold), key=lambda pair: -pair[0])
    most = inquiry.members.get("MaxFaces", _MOST_MATCHES)
    return [{"Similarity": alike, "Face": face_members(face)} for alike, face in found[:most]]


def page_token(last: int) -> str:
    """Return the token of the page that follows a row of this number."""
    return base64.urlsafe_b64encode(f"after {last}".encode()).decode()


def read_page(token: str | None) -> int:
    """Return the row that a page follows. Raises `RekognitionError` for a token that was never given."""
    if token is None:
        return 0
    try:
        word, _, number = base64.b64decode(token, b"-_", validate=True).decode().partition(" ")
        if word == "after":
            return int(number)
    except ValueError:
        pass
    raise refusals.wrong_page()
