"""Users: several faces of one person, with the half-failures and the states that AWS has."""

from typing import Any

import pytest

from local.rekognition.faces import users
from local.rekognition.faces.store import FaceStore
from tests.local.rekognition.faces.conftest import FRONT, Clock, Photographer, Refusal, face
from tests.local.rekognition.faces.test_collections import NOBODY, index


class People:
    """A collection with the users and faces that a test wants, each face of a picture of its own."""

    def __init__(self, rekognition: Any, photographer: Photographer, clock: Clock) -> None:
        self.rekognition = rekognition
        self.photographer = photographer
        self.clock = clock

    def faces(self, person: str, *photos: int) -> list[str]:
        return [index(self.rekognition, self.photographer.photo(face(person, photo)))[0] for photo in photos]

    def user(self, person: str, *photos: int) -> list[str]:
        """Make a user of these photos of a person, and wait until it is ACTIVE."""
        self.rekognition.create_user(CollectionId="people", UserId=person)
        faces = self.faces(person, *photos)
        if faces:
            self.associate(person, *faces)
            self.settle()
        return faces

    def associate(self, user: str, *faces: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.rekognition.associate_faces(
            CollectionId="people", UserId=user, FaceIds=list(faces), **more
        )
        return answer

    def disassociate(self, user: str, *faces: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.rekognition.disassociate_faces(
            CollectionId="people", UserId=user, FaceIds=list(faces)
        )
        return answer

    def settle(self) -> None:
        self.clock.now += 1

    def status(self) -> dict[str, str]:
        listed = self.rekognition.list_users(CollectionId="people")["Users"]
        return {user["UserId"]: user["UserStatus"] for user in listed}

    def seen_in(self, *faces: Any, **more: Any) -> list[str]:
        photo = self.photographer.photo(*faces)
        answer = self.rekognition.search_users_by_image(CollectionId="people", Image=photo, **more)
        return [match["User"]["UserId"] for match in answer["UserMatches"]]


@pytest.fixture
def people(rekognition: Any, collection: str, photographer: Photographer, clock: Clock) -> People:
    return People(rekognition, photographer, clock)


def associated(answer: dict[str, Any]) -> list[str]:
    return [each["FaceId"] for each in answer["AssociatedFaces"]]


def reasons(answer: dict[str, Any]) -> dict[str, list[str]]:
    left = answer.get("UnsuccessfulFaceAssociations", answer.get("UnsuccessfulFaceDisassociations"))
    return {each["FaceId"]: each["Reasons"] for each in left or ()}


def test_a_user_is_created_updating_and_then_active(people: People) -> None:
    people.user("ann")
    assert people.status() == {"ann": "CREATED"}

    faces = people.faces("ann", 1, 2)
    answer = people.associate("ann", *faces)

    assert (associated(answer), answer["UserStatus"]) == (faces, "UPDATING")
    assert people.status() == {"ann": "UPDATING"}
    assert people.seen_in(face("ann", 3)) == []  # the face does not count yet
    people.settle()
    assert people.status() == {"ann": "ACTIVE"}
    assert people.seen_in(face("ann", 3)) == ["ann"]
    listed = people.rekognition.list_faces(CollectionId="people", UserId="ann")["Faces"]
    assert [(each["FaceId"], each["UserId"]) for each in listed] == [(one, "ann") for one in faces]


@pytest.mark.parametrize("operation", ["associate_faces", "disassociate_faces", "delete_user"])
def test_a_user_that_is_being_updated_takes_no_other_change(
    operation: str, people: People, refusal: Refusal
) -> None:
    people.user("ann")
    (one,) = people.faces("ann", 1)
    people.associate("ann", one)
    named = {"CollectionId": "people", "UserId": "ann"}
    more = {} if operation == "delete_user" else {"FaceIds": [one]}

    assert refusal(operation, **named, **more) == (
        "ConflictException",
        "The user id: ann is being updated; try again when it is ACTIVE",
    )
    people.settle()
    getattr(people.rekognition, operation)(**named, **more)


def test_a_user_is_made_once(people: People, refusal: Refusal) -> None:
    people.user("ann")

    assert refusal("create_user", CollectionId="people", UserId="ann") == (
        "ConflictException",
        "The user id: ann already exists",
    )


@pytest.mark.parametrize(
    "operation", ["delete_user", "associate_faces", "disassociate_faces", "search_users"]
)
def test_a_user_that_is_not_there_is_told(operation: str, people: People, refusal: Refusal) -> None:
    more = {"FaceIds": [NOBODY]} if operation.endswith("associate_faces") else {}

    assert refusal(operation, CollectionId="people", UserId="ann", **more) == (
        "ResourceNotFoundException",
        "The user id: ann does not exist",
    )


def test_a_request_that_is_sent_again_is_done_once(people: People, refusal: Refusal) -> None:
    named = {"CollectionId": "people", "UserId": "ann", "ClientRequestToken": "once"}
    people.rekognition.create_user(**named)
    people.rekognition.create_user(**named)
    one, two = people.faces("ann", 1, 2)
    first = people.associate("ann", one, ClientRequestToken="twice")
    again = people.associate("ann", one, ClientRequestToken="twice")

    assert (associated(again), again["UserStatus"]) == (associated(first), first["UserStatus"])
    assert refusal(
        "associate_faces",
        CollectionId="people",
        UserId="ann",
        FaceIds=[two],
        ClientRequestToken="twice",
    ) == (
        "IdempotentParameterMismatchException",
        "ClientRequestToken twice was used with other parameters before",
    )
    people.clock.now += 25 * 3600
    assert associated(people.associate("ann", two, ClientRequestToken="twice")) == [two]


def test_what_cannot_be_associated_is_told_in_an_answer_of_200(people: People) -> None:
    (ann,) = people.user("ann", 1)
    (bens,) = people.user("ben", 1)
    same, strange = people.faces("ann", 2)[0], people.faces("cem", 1)[0]

    answer = people.associate("ann", ann, same, bens, strange, NOBODY)

    assert associated(answer) == [same]
    assert reasons(answer) == {
        bens: ["ASSOCIATED_TO_A_DIFFERENT_USER"],
        strange: ["LOW_MATCH_CONFIDENCE"],
        NOBODY: ["FACE_NOT_FOUND"],
    }
    users = {each["FaceId"]: each["UserId"] for each in answer["UnsuccessfulFaceAssociations"]}
    assert users == {bens: "ben", strange: "ann", NOBODY: "ann"}
    (low,) = (each for each in answer["UnsuccessfulFaceAssociations"] if each["FaceId"] == strange)
    assert low["Confidence"] < 75


def test_how_like_a_face_has_to_be_is_the_callers(people: People) -> None:
    people.user("ann", 1)
    (strange,) = people.faces("cem", 1)

    assert associated(people.associate("ann", strange, UserMatchThreshold=0.0)) == [strange]


def test_nothing_is_updated_where_nothing_is_associated(people: People) -> None:
    (ann,) = people.user("ann", 1)

    answer = people.associate("ann", ann)

    assert (associated(answer), reasons(answer), answer["UserStatus"]) == ([], {}, "ACTIVE")


def test_a_user_has_no_more_faces_than_the_limit(
    people: People, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "MOST_FACES_A_USER", 2)
    people.user("ann", 1)
    two, three = people.faces("ann", 2, 3)

    answer = people.associate("ann", two, three)

    assert (associated(answer), reasons(answer)) == ([two], {three: []})
    people.settle()
    assert refusal("associate_faces", CollectionId="people", UserId="ann", FaceIds=[three]) == (
        "ServiceQuotaExceededException",
        "There are 2 faces of the user already",
    )


def test_a_request_names_a_hundred_faces_at_most(people: People, refusal: Refusal) -> None:
    people.user("ann")
    faces = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(101)]

    code, text = refusal("associate_faces", CollectionId="people", UserId="ann", FaceIds=faces)

    assert code == "ValidationException"
    assert text.endswith(
        "at 'faceIds' failed to satisfy constraint: Member must have length less than or equal to 100"
    )


def test_faces_are_freed_and_what_was_not_the_users_is_told(people: People) -> None:
    one, two = people.user("ann", 1, 2)
    (bens,) = people.user("ben", 1)
    (free,) = people.faces("ann", 3)

    answer = people.disassociate("ann", one, bens, free, NOBODY)

    assert [each["FaceId"] for each in answer["DisassociatedFaces"]] == [one]
    assert reasons(answer) == {bens: ["ASSOCIATED_TO_A_DIFFERENT_USER"], NOBODY: ["FACE_NOT_FOUND"]}
    assert answer["UserStatus"] == "UPDATING"
    people.settle()
    assert people.status() == {"ann": "ACTIVE", "ben": "ACTIVE"}
    people.disassociate("ann", two)
    people.settle()
    assert people.status()["ann"] == "CREATED"


def test_a_users_face_is_not_deleted_until_it_is_freed(people: People) -> None:
    (ann,) = people.user("ann", 1)

    answer = people.rekognition.delete_faces(CollectionId="people", FaceIds=[ann])

    assert answer["DeletedFaces"] == []
    assert answer["UnsuccessfulFaceDeletions"] == [
        {"FaceId": ann, "UserId": "ann", "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]}
    ]
    people.disassociate("ann", ann)
    assert people.rekognition.delete_faces(CollectionId="people", FaceIds=[ann])["DeletedFaces"] == [ann]


def test_deleting_a_user_frees_its_faces_and_deletes_none(people: People) -> None:
    (ann,) = people.user("ann", 1)

    people.rekognition.delete_user(CollectionId="people", UserId="ann")

    assert people.status() == {}
    (kept,) = people.rekognition.list_faces(CollectionId="people")["Faces"]
    assert (kept["FaceId"], "UserId" in kept) == (ann, False)
    assert people.seen_in(face("ann", 2)) == []
    found = people.rekognition.search_faces_by_image(
        CollectionId="people", Image=people.photographer.photo(face("ann", 3))
    )
    assert len(found["FaceMatches"]) == 1


def test_users_come_in_pages(people: People) -> None:
    for name in ("c", "a", "b"):
        people.user(name)

    pages = people.rekognition.get_paginator("list_users").paginate(
        CollectionId="people", PaginationConfig={"PageSize": 2}
    )

    assert [[user["UserId"] for user in page["Users"]] for page in pages] == [["c", "a"], ["b"]]


def test_users_are_found_by_a_face_or_by_another_user(people: People, refusal: Refusal) -> None:
    people.user("ann", 1, 2)
    people.user("ben", 1)
    (free,) = people.faces("ann", 3)
    people.rekognition.create_user(CollectionId="people", UserId="twin")
    people.associate("twin", *people.faces("ann", 4))
    people.settle()
    search = people.rekognition.search_users

    by_face = search(CollectionId="people", FaceId=free)
    assert {match["User"]["UserId"] for match in by_face["UserMatches"]} == {"ann", "twin"}
    assert by_face["SearchedFace"] == {"FaceId": free}
    similarities = [match["Similarity"] for match in by_face["UserMatches"]]
    assert similarities == sorted(similarities, reverse=True)
    assert len(search(CollectionId="people", FaceId=free, MaxUsers=1)["UserMatches"]) == 1

    by_user = search(CollectionId="people", UserId="ann")
    assert [match["User"] for match in by_user["UserMatches"]] == [{"UserId": "twin", "UserStatus": "ACTIVE"}]
    assert by_user["SearchedUser"] == {"UserId": "ann"}

    both = {"FaceId": free, "UserId": "ann"}
    for wrong in ({}, both):
        assert refusal("search_users", CollectionId="people", **wrong) == (
            "InvalidParameterException",
            "Request has invalid parameters",
        )
    assert refusal("search_users", CollectionId="people", FaceId=NOBODY)[1] == (
        "faceId was not found in the collection."
    )


def test_a_user_without_faces_finds_nobody(people: People) -> None:
    people.user("ann", 1)
    people.user("new")

    assert people.rekognition.search_users(CollectionId="people", UserId="new")["UserMatches"] == []


def test_the_largest_face_of_a_picture_is_searched_among_the_users(people: People) -> None:
    people.user("ann", 1, 2)
    people.user("ben", 1)
    poor = face("cem", side=0.9, Pose=FRONT | {"Yaw": 80.0})
    photo = people.photographer.photo(face("ben", 2, side=0.1), face("ann", 3, side=0.4), poor)

    answer = people.rekognition.search_users_by_image(CollectionId="people", Image=photo, QualityFilter="LOW")

    assert [match["User"]["UserId"] for match in answer["UserMatches"]] == ["ann"]
    assert answer["SearchedFace"]["FaceDetail"]["BoundingBox"]["Width"] == 0.4
    unsearched = [
        (each["FaceDetails"]["BoundingBox"]["Width"], each["Reasons"]) for each in answer["UnsearchedFaces"]
    ]
    assert unsearched == [(0.1, ["FACE_NOT_LARGEST"]), (0.9, ["EXTREME_POSE"])]


def test_a_picture_without_a_face_finds_nobody_and_is_no_error(people: People) -> None:
    people.user("ann", 1)

    answer = people.rekognition.search_users_by_image(
        CollectionId="people", Image=people.photographer.photo()
    )

    assert (answer["UserMatches"], answer["UnsearchedFaces"]) == ([], [])
    assert "SearchedFace" not in answer


def test_users_are_there_after_a_restart(people: People, store: FaceStore) -> None:
    people.user("ann", 1, 2)
    store.close()

    again = FaceStore(store.path, clock=people.clock)

    found = again.collection("us-east-1", "people")
    assert found is not None
    assert [(user.name, user.faces) for user in again.users(found.number)] == [("ann", 2)]
    again.close()
