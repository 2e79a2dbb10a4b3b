"""The collection of Rekognition that holds the faces of who agreed: users, and the faces of each.

What Rekognition does half is read in its answers, which are of 200: what was not done is returned, or raised.
https://docs.aws.amazon.com/rekognition/latest/dg/collections.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from aws.calls import in_batches
from aws.errors import ErrorTranslator
from aws.retries import RetryPolicy
from contract.errors import ImagepipeError
from people.progress import UnfinishedError

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DisassociateFaces.html
MOST_AT_ONCE = 100
LOOK_SECONDS = 1.0
# After a change, Rekognition works a user out anew: seconds.
MOST_LOOKS = 60
_UPDATING = "ConflictException"
# The status of a user whose faces all count.
_ACTIVE = "ACTIVE"
NOT_THERE = "ResourceNotFoundException"
_THERE_ALREADY = frozenset({"ResourceAlreadyExistsException", "ConflictException"})
_NO_FACE = "InvalidParameterException"
_GONE = "FACE_NOT_FOUND"
# What Rekognition says of a picture, and what it means.
PICTURE_FAULTS = {
    "InvalidS3ObjectException": "is not in the bucket, or Rekognition may not read it",
    "InvalidImageFormatException": "is not a JPEG or PNG",
    "ImageTooLargeException": "is too large for Rekognition",
}


class CollectionFace(NamedTuple):
    """A face in the collection. `user_id` is empty while it is nobody's."""

    face_id: str
    external_id: str
    user_id: str


class RefusedFace(NamedTuple):
    """A face that Rekognition did not make a user's, and how like the user's it is, where that is why."""

    face_id: str
    reasons: tuple[str, ...]
    similarity: float | None


class UnusablePhotoError(Exception):
    """A photo that Rekognition cannot look at, or takes no face from. The message continues its name."""


def image_of(bucket: str, key: str) -> dict[str, Any]:
    """Return an object of the bucket as Rekognition is asked about it."""
    return {"S3Object": {"Bucket": bucket, "Name": key}}


@dataclass(frozen=True)
class FaceCollection:
    """One collection. `image` is a picture as Rekognition is asked about it. `sleep` waits between looks."""

    client: "RekognitionClient"
    collection_id: str
    translated: ErrorTranslator
    retry: RetryPolicy
    sleep: Callable[[float], None]

    def create(self) -> None:
        """Make the collection, unless it is there."""
        self._unless(_THERE_ALREADY, "CreateCollection", self.client.create_collection)

    def delete(self) -> None:
        """Remove the collection with whatever is in it; one that is gone is no failure."""
        self._unless(frozenset({NOT_THERE}), "DeleteCollection", self.client.delete_collection)

    def count_faces(self, image: Mapping[str, Any]) -> int:
        """Return how many faces are in a picture. Raise UnusablePhotoError."""
        asked = self._reliable("DetectFaces", self.client.detect_faces)
        with_faces: Any = self._look(lambda: asked(Image=image))
        return len(with_faces["FaceDetails"])

    def create_user(self, user_id: str) -> None:
        """Make a user, unless it is there."""
        self._unless(_THERE_ALREADY, "CreateUser", self.client.create_user, UserId=user_id)

    def index(self, image: Mapping[str, Any], external_id: str) -> str:
        """Keep the face of a picture; return its id, the same where it is kept already.

        Raise UnusablePhotoError where it is not kept.
        """
        asked = self._asked("IndexFaces", self.client.index_faces)
        named = {"Image": image, "ExternalImageId": external_id, "MaxFaces": 1, "QualityFilter": "AUTO"}
        answer = self._look(lambda: asked(**named))
        if records := answer.get("FaceRecords"):
            face_id: str = records[0]["Face"]["FaceId"]
            return face_id
        reasons = [reason for face in answer.get("UnindexedFaces", ()) for reason in face["Reasons"]]
        why = ", ".join(sorted(set(reasons))) or "no reason given"
        raise UnusablePhotoError(f"shows a face that Rekognition does not keep ({why})")

    def associate(self, user_id: str, face_ids: Sequence[str]) -> list[RefusedFace]:
        """Make up to a hundred faces a user's; return those that were refused."""
        answer = self._when_settled(
            "AssociateFaces", self.client.associate_faces, UserId=user_id, FaceIds=list(face_ids)
        )
        return [
            RefusedFace(each["FaceId"], tuple(each.get("Reasons", ())), each.get("Confidence"))
            for each in answer.get("UnsuccessfulFaceAssociations", ())
        ]

    def disassociate(self, user_id: str, face_ids: Sequence[str]) -> None:
        """Make faces nobody's; what is not there, or not the user's, is no failure."""
        for batch in in_batches(face_ids, MOST_AT_ONCE):
            self._when_settled(
                "DisassociateFaces",
                self.client.disassociate_faces,
                unless=frozenset({NOT_THERE}),
                UserId=user_id,
                FaceIds=list(batch),
            )

    def delete_faces(self, face_ids: Sequence[str]) -> None:
        """Remove faces that are nobody's. Raise UnfinishedError where Rekognition leaves one."""
        for batch in in_batches(face_ids, MOST_AT_ONCE):
            answer = self._asked("DeleteFaces", self.client.delete_faces)(FaceIds=list(batch))
            left = {
                each["FaceId"]: ", ".join(each.get("Reasons", ())) or "no reason given"
                for each in answer.get("UnsuccessfulFaceDeletions", ())
                if _GONE not in each.get("Reasons", ())
            }
            if left:
                first, reason = next(iter(left.items()))
                raise UnfinishedError(
                    "FacesLeft",
                    f"Rekognition left {len(left):,} faces in {self.collection_id}, {first} first "
                    f"({reason}); run the command again",
                )

    def delete_user(self, user_id: str) -> None:
        """Remove a user who has no faces any more; one that is gone is no failure."""
        self._when_settled(
            "DeleteUser", self.client.delete_user, unless=frozenset({NOT_THERE}), UserId=user_id
        )

    def faces(self) -> list[CollectionFace]:
        """Return all faces that are kept; where the collection was never made, none."""
        return [
            CollectionFace(each["FaceId"], each.get("ExternalImageId", ""), each.get("UserId", ""))
            for page in self._pages("ListFaces", self.client.list_faces)
            for each in page["Faces"]
        ]

    def users(self) -> set[str]:
        """Return the ids of all users; where the collection was never made, none."""
        return set(self._statuses())

    def wait_until_active(self, user_id: str) -> None:
        """Wait until searches know the faces that a user was given. Raise UnfinishedError.

        A user that is there no more is not waited for.
        """
        for _ in range(MOST_LOOKS):
            if self._statuses().get(user_id, _ACTIVE) == _ACTIVE:
                return
            self.sleep(LOOK_SECONDS)
        raise self._busy(user_id)

    def search(self, image: Mapping[str, Any]) -> tuple[set[str], set[str]]:
        """Return the external ids of the faces, and the users, like the largest face of a picture.

        Where the collection was never made, none. Raise UnusablePhotoError where there is no face to search
        by, or no picture.
        """
        absent = frozenset({NOT_THERE})

        def asked(operation: str, call: Callable[..., Any]) -> Mapping[str, Any]:
            found: Mapping[str, Any] = self._look(lambda: self._unless(absent, operation, call, Image=image))
            return found

        try:
            faces = asked("SearchFacesByImage", self.client.search_faces_by_image)
        except ImagepipeError as error:
            if error.code == _NO_FACE:
                raise UnusablePhotoError("shows no face") from error
            raise
        users = asked("SearchUsersByImage", self.client.search_users_by_image)
        return (
            {each["Face"].get("ExternalImageId", "") for each in faces.get("FaceMatches", ())},
            {each["User"]["UserId"] for each in users.get("UserMatches", ())},
        )

    def _reliable(self, what: str, call: Callable[..., Any]) -> Callable[..., Any]:
        return self.retry.around(self.translated(what)(call))

    def _asked(self, operation: str, call: Callable[..., Any]) -> Callable[..., Any]:
        asked = self._reliable(f"{operation} on {self.collection_id}", call)
        return lambda **more: asked(CollectionId=self.collection_id, **more)

    def _unless(
        self, codes: frozenset[str], operation: str, call: Callable[..., Any], **more: Any
    ) -> Mapping[str, Any]:
        """Make a call; what Rekognition says by these codes is no failure."""
        try:
            answer: Mapping[str, Any] = self._asked(operation, call)(**more)
        except ImagepipeError as error:
            if error.code not in codes:
                raise
            return {}
        return answer

    def _when_settled(
        self,
        operation: str,
        call: Callable[..., Any],
        unless: frozenset[str] = frozenset(),
        **more: Any,
    ) -> Mapping[str, Any]:
        """Change a user, as soon as Rekognition has done with its last change. Raise UnfinishedError."""
        for _ in range(MOST_LOOKS):
            try:
                return self._unless(unless, operation, call, **more)
            except ImagepipeError as error:
                if error.code != _UPDATING:
                    raise
            self.sleep(LOOK_SECONDS)
        raise self._busy(more["UserId"])

    def _busy(self, user_id: str) -> UnfinishedError:
        return UnfinishedError(
            "UserBusy",
            f"Rekognition is still busy with the last change of user {user_id} of "
            f"{self.collection_id}; run the command again in a minute",
        )

    def _statuses(self) -> dict[str, str]:
        return {
            each["UserId"]: each["UserStatus"]
            for page in self._pages("ListUsers", self.client.list_users)
            for each in page["Users"]
        }

    def _pages(self, operation: str, call: Callable[..., Any]) -> Iterator[Mapping[str, Any]]:
        more: dict[str, Any] = {}
        while True:
            page = self._unless(frozenset({NOT_THERE}), operation, call, **more)
            if not page:
                return
            yield page
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}

    @staticmethod
    def _look(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except ImagepipeError as error:
            if error.code not in PICTURE_FAULTS:
                raise
            raise UnusablePhotoError(PICTURE_FAULTS[error.code]) from error
