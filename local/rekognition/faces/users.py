"""Users: several faces of one person, searched for as one.

https://docs.aws.amazon.com/rekognition/latest/APIReference/API_AssociateFaces.html. AWS works a user out anew
after the answer: meanwhile it is UPDATING, further changes of it are a ConflictException, and a face that was
just added does not count. A user of 100 faces takes no more: a ServiceQuotaExceededException where it is
full, and, where a request goes beyond it, faces left out without a reason, for the model has none.
"""

import json
from collections.abc import Callable, Sequence
from itertools import groupby

from local.rekognition.faces import refusals
from local.rekognition.faces.collections import (
    SEARCH_THRESHOLD,
    Answer,
    Inquiry,
    page_token,
    read_page,
)
from local.rekognition.faces.likeness import Descriptor, middle_of, similarity
from local.rekognition.faces.quality import sift
from local.rekognition.faces.store import (
    FACE_MODEL_VERSION,
    AnsweredRequest,
    FaceStore,
    StoredCollection,
    StoredFace,
    StoredUser,
)
from local.rekognition.request import invalid_parameter

MOST_FACES_A_USER = 100
MOST_USERS_A_COLLECTION = 10_000_000
_ASSOCIATE_THRESHOLD = 75.0
_MOST_MATCHES = 500


def once(operation: str, work: Callable[[Inquiry], Answer]) -> Callable[[Inquiry], Answer]:
    """Return the operation as one that answers a ClientRequestToken again as it did the first time."""

    def answer(inquiry: Inquiry) -> Answer:
        token, number = inquiry.members.get("ClientRequestToken"), inquiry.collection().number
        if token is None:
            return work(inquiry)
        request = json.dumps(dict(inquiry.members), sort_keys=True)
        saved = inquiry.store.saved(number, operation, token)
        if saved is None:
            done = work(inquiry)
            inquiry.store.save(number, operation, token, AnsweredRequest(request, json.dumps(done)))
            return done
        if saved.request != request:
            raise refusals.token_reused(token)
        answered: Answer = json.loads(saved.answer)
        return answered

    return answer


def _status(user: StoredUser, now: float) -> str:
    if user.settled > now:
        return "UPDATING"
    return "ACTIVE" if user.faces else "CREATED"


def _settled_user(inquiry: Inquiry, collection: StoredCollection) -> StoredUser:
    """Return the user that is named. Raises `RekognitionError` where it is being updated."""
    user = _user(inquiry, collection)
    if user.settled > inquiry.store.clock():
        raise refusals.user_is_updating(user.name)
    return user


def _user(inquiry: Inquiry, collection: StoredCollection) -> StoredUser:
    name = inquiry.members["UserId"]
    user = inquiry.store.user(collection.number, name)
    if user is None:
        raise refusals.no_user(name)
    return user


def create_user(inquiry: Inquiry) -> Answer:
    collection, name = inquiry.collection(), inquiry.members["UserId"]
    if inquiry.store.user(collection.number, name) is not None:
        raise refusals.user_exists(name)
    if inquiry.store.user_count(collection.number) >= MOST_USERS_A_COLLECTION:
        raise refusals.too_many("users in the collection", MOST_USERS_A_COLLECTION)
    inquiry.store.add_user(collection.number, name)
    return {}


def delete_user(inquiry: Inquiry) -> Answer:
    """Remove a user; its faces stay in the collection, nobody's."""
    collection = inquiry.collection()
    user = _settled_user(inquiry, collection)
    for face in inquiry.store.faces_of_user(collection.number, user.name):
        inquiry.store.give_face(face.number, None)
    inquiry.store.delete_user(user.number)
    return {}


def list_users(inquiry: Inquiry) -> Answer:
    collection, limit = inquiry.collection(), inquiry.members.get("MaxResults", _MOST_MATCHES)
    after = read_page(inquiry.members.get("NextToken"))
    found, now = inquiry.store.users(collection.number, after, limit + 1), inquiry.store.clock()
    page = {"NextToken": page_token(found[limit - 1].number)} if len(found) > limit else {}
    return {"Users": [_user_members(user, now) for user in found[:limit]], **page}


def _user_members(user: StoredUser, now: float) -> Answer:
    return {"UserId": user.name, "UserStatus": _status(user, now)}


def associate_faces(inquiry: Inquiry) -> Answer:
    """Make faces a user's that are like those that it has; say which are not, and why. Answered with 200."""
    collection = inquiry.collection()
    user = _settled_user(inquiry, collection)
    if user.faces >= MOST_FACES_A_USER:
        raise refusals.too_many("faces of the user", MOST_FACES_A_USER)
    middle = middle_of_user(inquiry.store.faces_of_user(collection.number, user.name))
    threshold = inquiry.members.get("UserMatchThreshold", _ASSOCIATE_THRESHOLD)
    taken: list[StoredFace] = []
    left: list[Answer] = []
    for face_id in dict.fromkeys(inquiry.members["FaceIds"]):
        face = inquiry.store.face(collection.number, face_id)
        if face is None:
            left.append({"FaceId": face_id, "UserId": user.name, "Reasons": ["FACE_NOT_FOUND"]})
        elif face.user == user.name:
            continue
        elif face.user is not None:
            left.append(_of_another(face))
        elif middle is not None and (alike := similarity(middle, face.descriptor)) < threshold:
            reasons = ["LOW_MATCH_CONFIDENCE"]
            left.append({"FaceId": face.id, "UserId": user.name, "Confidence": alike, "Reasons": reasons})
        elif user.faces + len(taken) >= MOST_FACES_A_USER:
            left.append({"FaceId": face.id, "UserId": user.name, "Reasons": []})
        else:
            taken.append(face)
    if taken:
        settled = inquiry.store.touch_user(user.number)
        for face in taken:
            inquiry.store.give_face(face.number, user.name, settled)
    return {
        "AssociatedFaces": [{"FaceId": face.id} for face in taken],
        "UnsuccessfulFaceAssociations": left,
        "UserStatus": _status(_user(inquiry, collection), inquiry.store.clock()),
    }


def _of_another(face: StoredFace) -> Answer:
    return {"FaceId": face.id, "UserId": face.user, "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]}


def disassociate_faces(inquiry: Inquiry) -> Answer:
    """Make faces nobody's; say which were not the user's. Answered with 200."""
    collection = inquiry.collection()
    user = _settled_user(inquiry, collection)
    freed: list[Answer] = []
    left: list[Answer] = []
    for face_id in dict.fromkeys(inquiry.members["FaceIds"]):
        face = inquiry.store.face(collection.number, face_id)
        if face is None:
            left.append({"FaceId": face_id, "UserId": user.name, "Reasons": ["FACE_NOT_FOUND"]})
        elif face.user == user.name:
            inquiry.store.give_face(face.number, None)
            freed.append({"FaceId": face.id})
        elif face.user is not None:
            left.append(_of_another(face))
    if freed:
        inquiry.store.touch_user(user.number)
    return {
        "DisassociatedFaces": freed,
        "UnsuccessfulFaceDisassociations": left,
        "UserStatus": _status(_user(inquiry, collection), inquiry.store.clock()),
    }


def search_users(inquiry: Inquiry) -> Answer:
    """Return the users like a face of the collection, or like another user."""
    collection, members = inquiry.collection(), inquiry.members
    if ("FaceId" in members) == ("UserId" in members):
        raise invalid_parameter()
    middle: Descriptor | None
    if "FaceId" in members:
        face = inquiry.store.face(collection.number, members["FaceId"])
        if face is None:
            raise refusals.no_face_in_collection()
        searched, middle = {"SearchedFace": {"FaceId": face.id}}, face.descriptor
    else:
        user = _user(inquiry, collection)
        searched = {"SearchedUser": {"UserId": user.name}}
        middle = middle_of_user(_counting(inquiry.store, collection, user.name))
    matches = [] if middle is None else _matches(inquiry, collection, middle)
    others = [match for match in matches if match["User"]["UserId"] != members.get("UserId")]
    most = members.get("MaxUsers", _MOST_MATCHES)
    return {"UserMatches": others[:most], "FaceModelVersion": FACE_MODEL_VERSION, **searched}


def search_users_by_image(inquiry: Inquiry) -> Answer:
    """Return the users like the largest face; where there is no face, nobody, and no error."""
    collection, (picture,) = inquiry.collection(), inquiry.pictures
    kept, left = sift(picture.faces, inquiry.members.get("QualityFilter", "NONE"))
    unsearched = [*((face, ["FACE_NOT_LARGEST"]) for face in kept[1:]), *left]
    matches = _matches(inquiry, collection, kept[0].descriptor) if kept else []
    return {
        "UserMatches": matches[: inquiry.members.get("MaxUsers", _MOST_MATCHES)],
        "FaceModelVersion": FACE_MODEL_VERSION,
        **({"SearchedFace": {"FaceDetail": kept[0].detail}} if kept else {}),
        "UnsearchedFaces": [{"FaceDetails": face.detail, "Reasons": reasons} for face, reasons in unsearched],
    }


def middle_of_user(faces: Sequence[StoredFace]) -> Descriptor | None:
    return middle_of([face.descriptor for face in faces]) if faces else None


def _counting(store: FaceStore, collection: StoredCollection, user: str | None = None) -> list[StoredFace]:
    number, now = collection.number, store.clock()
    faces = store.faces_of_users(number) if user is None else store.faces_of_user(number, user)
    return [face for face in faces if face.counts_from <= now]


def _matches(inquiry: Inquiry, collection: StoredCollection, descriptor: Descriptor) -> list[Answer]:
    threshold = inquiry.members.get("UserMatchThreshold", SEARCH_THRESHOLD)
    users = {user.name: user for user in inquiry.store.users(collection.number)}
    now = inquiry.store.clock()
    found: list[Answer] = []
    for name, faces in groupby(_counting(inquiry.store, collection), key=lambda face: face.user):
        alike = similarity(descriptor, middle_of([face.descriptor for face in faces]))
        if name in users and alike >= threshold:
            found.append({"Similarity": alike, "User": _user_members(users[name], now)})
    return sorted(found, key=lambda match: -match["Similarity"])
