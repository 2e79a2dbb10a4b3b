"""Whatever is asked in whatever order, what is kept stays in order: by a model of a few lines."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from local.rekognition.faces.operations import answer_about_faces
from local.rekognition.faces.quality import SeenPicture
from local.rekognition.faces.store import FaceStore
from local.rekognition.request import RekognitionError
from tests.local.rekognition.faces.conftest import Clock, face

REGION = "us-east-1"
USERS = st.sampled_from(["ann", "ben", "cem"])
PERSONS = st.sampled_from(["ann", "ben"])


class AnyOrder(RuleBasedStateMachine):
    """Remembers which face is whose, and compares."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.store = FaceStore(clock=self.clock)
        self.owners: dict[str, str | None] = {}
        self.updating: dict[str, bool] = {}
        self.ask("CreateCollection")
        for person in ("ann", "ben"):
            self.create(person)
            self.index(person, 1, "x")
            self.index(person, 2, "x")

    def teardown(self) -> None:
        self.store.close()

    def ask(self, operation: str, *seen: SeenPicture, **request: Any) -> dict[str, Any]:
        members = {"CollectionId": "people", **request}
        return answer_about_faces(self.store, REGION, operation, members, seen)

    def refused(self, operation: str, user: str, **request: Any) -> str | None:
        """Return the code of the refusal that is due, having checked that it comes; None where none is."""
        due = None
        if user not in self.updating:
            due = "ResourceNotFoundException"
        elif self.updating[user]:
            due = "ConflictException"
        if due is not None:
            with pytest.raises(RekognitionError) as refused:
                self.ask(operation, UserId=user, **request)
            assert refused.value.code == due
        return due

    def some(self, numbers: list[int]) -> list[str]:
        return [list(self.owners)[number % len(self.owners)] for number in numbers] if self.owners else []

    @rule(person=PERSONS, photo=st.integers(1, 3), name=st.sampled_from(["x", "y"]))
    def index(self, person: str, photo: int, name: str) -> None:
        picture = SeenPicture(f"{person} {photo}", [face(person, photo)])
        (record,) = self.ask("IndexFaces", picture, ExternalImageId=name)["FaceRecords"]
        self.owners.setdefault(record["Face"]["FaceId"], None)

    @rule(numbers=st.lists(st.integers(0, 20), min_size=1, max_size=3))
    def delete(self, numbers: list[int]) -> None:
        faces = self.some(numbers)
        if faces:
            deleted = self.ask("DeleteFaces", FaceIds=faces)["DeletedFaces"]
            assert set(deleted) == {each for each in faces if self.owners[each] is None}
            for each in deleted:
                del self.owners[each]

    @rule(user=USERS)
    def create(self, user: str) -> None:
        if user not in self.updating:
            self.ask("CreateUser", UserId=user)
            self.updating[user] = False

    @rule(user=USERS)
    def remove(self, user: str) -> None:
        if self.refused("DeleteUser", user) is None:
            self.ask("DeleteUser", UserId=user)
            del self.updating[user]
            self.owners = {each: None if owner == user else owner for each, owner in self.owners.items()}

    @rule(user=USERS, numbers=st.lists(st.integers(0, 20), min_size=1, max_size=3))
    def associate(self, user: str, numbers: list[int]) -> None:
        faces = self.some(numbers)
        if faces and self.refused("AssociateFaces", user, FaceIds=faces) is None:
            answer = self.ask("AssociateFaces", UserId=user, FaceIds=faces, UserMatchThreshold=0)
            done = {each["FaceId"] for each in answer["AssociatedFaces"]}
            assert done == {each for each in faces if self.owners[each] is None}
            self.owners |= dict.fromkeys(done, user)
            self.updating[user] = bool(done)

    @rule(user=USERS, numbers=st.lists(st.integers(0, 20), min_size=1, max_size=3))
    def free(self, user: str, numbers: list[int]) -> None:
        faces = self.some(numbers)
        if faces and self.refused("DisassociateFaces", user, FaceIds=faces) is None:
            answer = self.ask("DisassociateFaces", UserId=user, FaceIds=faces)
            done = {each["FaceId"] for each in answer["DisassociatedFaces"]}
            assert done == {each for each in faces if self.owners[each] == user}
            self.owners |= dict.fromkeys(done)
            self.updating[user] = bool(done)

    @rule()
    def settle(self) -> None:
        self.clock.now += 1
        self.updating = dict.fromkeys(self.updating, False)

    @invariant()
    def what_is_listed_is_what_is_remembered(self) -> None:
        listed = self.ask("ListFaces")["Faces"]
        assert {each["FaceId"]: each.get("UserId") for each in listed} == self.owners
        statuses = {user["UserId"]: user["UserStatus"] for user in self.ask("ListUsers")["Users"]}
        assert statuses == {
            user: "UPDATING" if updating else "ACTIVE" if user in self.owners.values() else "CREATED"
            for user, updating in self.updating.items()
        }
        counted = self.ask("DescribeCollection")
        assert (counted["FaceCount"], counted["UserCount"]) == (len(self.owners), len(self.updating))

    @invariant()
    def whoever_is_found_has_a_face(self) -> None:
        photo = SeenPicture("new", [face("ann", 9)])
        found = self.ask("SearchUsersByImage", photo, UserMatchThreshold=0)["UserMatches"]
        assert {match["User"]["UserId"] for match in found} <= set(self.owners.values())


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=30)
