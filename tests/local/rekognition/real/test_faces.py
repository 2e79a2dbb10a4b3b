"""Whose faces the local Rekognition sees on real photos."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.local.rekognition.real.conftest import IMAGES, Running, free_port, running

HOPPER, TURNED, ASTRONAUT, CROWD, CAT = (
    {"Bytes": (IMAGES / name).read_bytes()}
    for name in ("grace_hopper.jpg", "grace_hopper_turned.jpg", "astronaut.jpg", "mexico.jpg", "cat.jpg")
)


def test_one_person_is_known_again_and_two_are_told_apart(rekognition: Any) -> None:
    same = rekognition.compare_faces(SourceImage=HOPPER, TargetImage=TURNED)
    others = rekognition.compare_faces(SourceImage=HOPPER, TargetImage=ASTRONAUT)

    assert [match["Similarity"] > 99 for match in same["FaceMatches"]] == [True]
    assert (others["FaceMatches"], len(others["UnmatchedFaces"])) == ([], 1)


def test_a_user_is_found_on_a_photo_that_was_not_indexed(rekognition: Any) -> None:
    named = {"CollectionId": "known"}
    rekognition.create_collection(**named)
    try:
        for user, photo in (("hopper", HOPPER), ("collins", ASTRONAUT)):
            (record,) = rekognition.index_faces(**named, Image=photo, ExternalImageId=user)["FaceRecords"]
            rekognition.create_user(**named, UserId=user)
            rekognition.associate_faces(**named, UserId=user, FaceIds=[record["Face"]["FaceId"]])
        crowd = rekognition.index_faces(**named, Image=CROWD, DetectionAttributes=["ALL"], MaxFaces=2)
        wait_until_active(rekognition, "known")

        found = rekognition.search_users_by_image(**named, Image=TURNED)

        assert [match["User"]["UserId"] for match in found["UserMatches"]] == ["hopper"]
        assert len(crowd["FaceRecords"]) == 2
        assert {"AgeRange", "Gender", "Emotions"} <= crowd["FaceRecords"][0]["FaceDetail"].keys()
        assert len(crowd["UnindexedFaces"]) >= 2
        assert rekognition.search_users_by_image(**named, Image=CROWD)["UserMatches"] == []
        with pytest.raises(rekognition.exceptions.InvalidParameterException, match="no faces in the image"):
            rekognition.search_faces_by_image(**named, Image=CAT)
    finally:
        rekognition.delete_collection(**named)


def wait_until_active(rekognition: Any, collection: str) -> None:
    for _ in range(1000):
        users = rekognition.list_users(CollectionId=collection)["Users"]
        if all(user["UserStatus"] == "ACTIVE" for user in users):
            return
    raise AssertionError(users)


def canned(collections: Path) -> Any:
    port = free_port()
    options = ["--port", str(port), "--canned", "--median-seconds", "0", "--collections", str(collections)]
    return running([sys.executable, "-m", "local.rekognition", *options], port, "/health")


@pytest.mark.nightly
def test_collections_survive_a_kill(tmp_path: Path) -> None:
    with canned(tmp_path / "collections.sqlite") as server:
        client = server.client("rekognition")
        client.create_collection(CollectionId="people")
        client.create_user(CollectionId="people", UserId="ann")
        killed(server)

    with canned(tmp_path / "collections.sqlite") as server:
        users = server.client("rekognition").list_users(CollectionId="people")["Users"]

    assert [user["UserId"] for user in users] == ["ann"]


def killed(server: Running) -> None:
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(10)
