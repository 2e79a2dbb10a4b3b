"""Collections and the faces in them, by boto3's own client."""

from pathlib import Path
from typing import Any

import pytest

from local.rekognition.faces import collections
from local.rekognition.faces.store import FaceStore
from tests.local.rekognition.asgi import Http
from tests.local.rekognition.faces.conftest import (
    FRONT,
    SOUND,
    Clock,
    Photographer,
    Refusal,
    Serve,
    client_of,
    face,
)

NOBODY = "00000000-0000-4000-8000-000000000000"


def index(rekognition: Any, photo: dict[str, bytes], **more: Any) -> list[str]:
    answer = rekognition.index_faces(CollectionId="people", Image=photo, **more)
    return [record["Face"]["FaceId"] for record in answer["FaceRecords"]]


def test_a_collection_is_made_described_listed_and_deleted(rekognition: Any, clock: Clock) -> None:
    made = rekognition.create_collection(CollectionId="people")

    assert made["StatusCode"] == 200
    assert made["CollectionArn"] == "aws:rekognition:us-east-1:000000000000:collection/people"
    described = rekognition.describe_collection(CollectionId="people")
    assert described["CollectionARN"] == "arn:aws:rekognition:us-east-1:000000000000:collection/people"
    assert (described["FaceCount"], described["UserCount"]) == (0, 0)
    assert described["CreationTimestamp"].timestamp() == clock.now
    assert rekognition.list_collections()["CollectionIds"] == ["people"]
    assert rekognition.list_collections()["FaceModelVersions"] == [made["FaceModelVersion"]]
    assert rekognition.delete_collection(CollectionId="people")["StatusCode"] == 200
    assert rekognition.list_collections()["CollectionIds"] == []


def test_a_collection_is_made_once(collection: str, refusal: Refusal, rekognition: Any) -> None:
    assert refusal("create_collection", CollectionId=collection) == (
        "ResourceAlreadyExistsException",
        "The collection id: people already exists",
    )
    rekognition.create_collection(CollectionId="People")  # names are case-sensitive


ABOUT_COLLECTIONS: dict[str, dict[str, Any]] = {
    "describe_collection": {},
    "delete_collection": {},
    "index_faces": {"Image": {"Bytes": b"no picture"}},
    "list_faces": {},
    "delete_faces": {"FaceIds": [NOBODY]},
    "search_faces": {"FaceId": NOBODY},
    "search_faces_by_image": {"Image": {"Bytes": b"no picture"}},
    "create_user": {"UserId": "ann"},
    "delete_user": {"UserId": "ann"},
    "list_users": {},
    "associate_faces": {"UserId": "ann", "FaceIds": [NOBODY]},
    "disassociate_faces": {"UserId": "ann", "FaceIds": [NOBODY]},
    "search_users": {"UserId": "ann"},
    "search_users_by_image": {"Image": {"Bytes": b"no picture"}},
}


@pytest.mark.parametrize("operation", ABOUT_COLLECTIONS)
def test_a_collection_that_is_not_there_is_told_before_a_picture_is_looked_at(
    operation: str, refusal: Refusal
) -> None:
    assert refusal(operation, CollectionId="nowhere", **ABOUT_COLLECTIONS[operation]) == (
        "ResourceNotFoundException",
        "The collection id: nowhere does not exist",
    )


def test_a_name_that_cannot_be_is_a_validation_exception(refusal: Refusal) -> None:
    code, text = refusal("create_collection", CollectionId="my people")

    assert code == "ValidationException"
    assert text == (
        "1 validation error detected: Value 'my people' at 'collectionId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [a-zA-Z0-9_.\-]+"
    )


def test_operations_on_faces_have_quotas_like_the_others(
    http: Http, collection: str, rekognition: Any, refusal: Refusal
) -> None:
    change = b'{"rates": {"ListFaces": 1}, "latencies_ms": {"SearchUsersByImage": 5}}'
    assert http.send("PUT", "/_local/settings", change).status == 200

    rekognition.list_faces(CollectionId=collection)
    assert refusal("list_faces", CollectionId=collection) == (
        "ProvisionedThroughputExceededException",
        "Provisioned rate exceeded",
    )
    assert http.get("/_local/calls")["operations"]["ListFaces"]["throttled"] == 1


def test_collections_come_in_pages(rekognition: Any) -> None:
    names = ["c", "a", "b" * 255, "d"]
    for name in names:
        rekognition.create_collection(CollectionId=name)

    pages = list(rekognition.get_paginator("list_collections").paginate(PaginationConfig={"PageSize": 2}))

    assert [page["CollectionIds"] for page in pages] == [names[:2], names[2:]]


@pytest.mark.parametrize("token", ["!", "YWZ0ZXI=", "YWZ0ZXIgb25l", "MTI="])
def test_a_page_that_was_never_given_is_refused(token: str, refusal: Refusal) -> None:
    assert refusal("list_collections", NextToken=token) == (
        "InvalidPaginationTokenException",
        "Invalid pagination token",
    )


def test_regions_that_were_set_up_have_collections_of_their_own(http: Http, rekognition: Any) -> None:
    assert http.send("PUT", "/_local/settings?region=us-west-2", b"{}").status == 200
    west = client_of(http, "us-west-2")
    rekognition.create_collection(CollectionId="people")

    assert west.list_collections()["CollectionIds"] == []
    made = west.create_collection(CollectionId="people")
    assert made["CollectionArn"] == "aws:rekognition:us-west-2:000000000000:collection/people"


def test_collections_are_there_after_a_restart(
    rekognition: Any, collection: str, photographer: Photographer, store: FaceStore, serve: Serve
) -> None:
    (ann,) = index(rekognition, photographer.photo(face("ann")))
    rekognition.create_user(CollectionId=collection, UserId="ann")
    store.close()

    again = client_of(serve(FaceStore(store.path)))

    found = again.search_faces_by_image(CollectionId=collection, Image=photographer.photo(face("ann", 2)))
    assert [match["Face"]["FaceId"] for match in found["FaceMatches"]] == [ann]
    assert again.list_users(CollectionId=collection)["Users"] == [{"UserId": "ann", "UserStatus": "CREATED"}]


def test_nothing_is_written_before_there_is_something_to_keep(store: FaceStore) -> None:
    assert store.path is not None
    assert not store.path.parent.exists()


def test_faces_are_indexed_largest_first(
    rekognition: Any, collection: str, photographer: Photographer
) -> None:
    photo = photographer.photo(face("ann", side=0.2), face("ben", side=0.4))

    answer = rekognition.index_faces(CollectionId=collection, Image=photo, ExternalImageId="a:1")

    records = answer["FaceRecords"]
    assert [record["FaceDetail"]["BoundingBox"]["Width"] for record in records] == [0.4, 0.2]
    assert [record["Face"]["ExternalImageId"] for record in records] == ["a:1", "a:1"]
    assert len({record["Face"]["ImageId"] for record in records}) == 1
    assert len({record["Face"]["FaceId"] for record in records}) == 2
    assert answer["UnindexedFaces"] == []
    assert rekognition.describe_collection(CollectionId=collection)["FaceCount"] == 2


def test_a_picture_without_faces_indexes_none(
    rekognition: Any, collection: str, photographer: Photographer
) -> None:
    answer = rekognition.index_faces(CollectionId=collection, Image=photographer.photo())

    assert (answer["FaceRecords"], answer["UnindexedFaces"]) == ([], [])


def test_faces_beyond_the_maximum_are_told_with_the_reason(
    rekognition: Any, collection: str, photographer: Photographer
) -> None:
    photo = photographer.photo(face("ann", side=0.2), face("ben", side=0.4))

    answer = rekognition.index_faces(CollectionId=collection, Image=photo, MaxFaces=1)

    assert [record["FaceDetail"]["BoundingBox"]["Width"] for record in answer["FaceRecords"]] == [0.4]
    (left,) = answer["UnindexedFaces"]
    assert left["Reasons"] == ["EXCEEDS_MAX_FACES"]
    assert left["FaceDetail"]["BoundingBox"]["Width"] == 0.2


def test_no_more_than_a_hundred_faces_of_a_picture_are_indexed(
    rekognition: Any, collection: str, photographer: Photographer
) -> None:
    photo = photographer.photo(*(face(f"person {number}", side=0.3 - number / 1000) for number in range(101)))

    answer = rekognition.index_faces(CollectionId=collection, Image=photo, MaxFaces=4000)

    assert len(answer["FaceRecords"]) == 100
    assert [left["Reasons"] for left in answer["UnindexedFaces"]] == [["EXCEEDS_MAX_FACES"]]


POOR = [
    ({"Pose": FRONT | {"Yaw": -70.0}}, ["EXTREME_POSE"]),
    ({"Quality": SOUND | {"Brightness": 5.0}}, ["LOW_BRIGHTNESS"]),
    ({"Quality": {"Brightness": 5.0, "Sharpness": 1.0}}, ["LOW_BRIGHTNESS", "LOW_SHARPNESS"]),
    ({"side": 0.005}, ["SMALL_BOUNDING_BOX"]),
]


@pytest.mark.parametrize(("poor", "reasons"), POOR)
def test_poor_faces_are_left_out_unless_they_are_asked_for(
    poor: dict[str, Any], reasons: list[str], rekognition: Any, collection: str, photographer: Photographer
) -> None:
    photo = photographer.photo(face("ann", **poor))

    answer = rekognition.index_faces(CollectionId=collection, Image=photo)
    assert answer["FaceRecords"] == []
    assert [left["Reasons"] for left in answer["UnindexedFaces"]] == [reasons]

    assert len(index(rekognition, photo, QualityFilter="NONE")) == 1


def test_a_picture_that_is_indexed_again_is_not_kept_twice(
    rekognition: Any, collection: str, photographer: Photographer
) -> None:
    photo = photographer.photo(face("ann"), face("ben"))
    first = index(rekognition, photo, ExternalImageId="one")

    assert index(rekognition, photo, ExternalImageId="one") == first
    assert not set(index(rekognition, photo, ExternalImageId="two")) & set(first)
    assert rekognition.describe_collection(CollectionId=collection)["FaceCount"] == 4


def test_a_full_collection_takes_no_more_faces(
    rekognition: Any,
    collection: str,
    photographer: Photographer,
    refusal: Refusal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collections, "MOST_FACES_A_COLLECTION", 1)
    photo = photographer.photo(face("ann"), face("ben"))

    assert refusal("index_faces", CollectionId=collection, Image=photo) == (
        "ServiceQuotaExceededException",
        "There are 1 faces in the collection already",
    )
    assert rekognition.describe_collection(CollectionId=collection)["FaceCount"] == 0


def test_faces_are_listed_in_pages_and_by_their_ids(
    rekognition: Any, collection: str, photographer: Photographer
) -> None:
    faces = index(rekognition, photographer.photo(*(face(str(number)) for number in range(5))))

    pages = rekognition.get_paginator("list_faces").paginate(
        CollectionId=collection, PaginationConfig={"PageSize": 2}
    )
    assert [[each["FaceId"] for each in page["Faces"]] for page in pages] == [
        faces[:2],
        faces[2:4],
        faces[4:],
    ]
    some = rekognition.list_faces(CollectionId=collection, FaceIds=[faces[3], NOBODY])
    assert [each["FaceId"] for each in some["Faces"]] == [faces[3]]
    assert "NextToken" not in some


def test_faces_are_deleted_one_by_one_and_what_is_not_there_is_told(
    rekognition: Any, collection: str, photographer: Photographer
) -> None:
    ann, ben = index(rekognition, photographer.photo(face("ann"), face("ben")))

    answer = rekognition.delete_faces(CollectionId=collection, FaceIds=[ann, NOBODY])

    assert answer["DeletedFaces"] == [ann]
    assert answer["UnsuccessfulFaceDeletions"] == [{"FaceId": NOBODY, "Reasons": ["FACE_NOT_FOUND"]}]
    assert [each["FaceId"] for each in rekognition.list_faces(CollectionId=collection)["Faces"]] == [ben]


def test_what_was_deleted_is_not_left_in_the_file(
    rekognition: Any, collection: str, photographer: Photographer, store: FaceStore
) -> None:
    (ann,) = index(rekognition, photographer.photo(face("ann")), ExternalImageId="the-name-of-ann")
    assert store.path is not None
    assert b"the-name-of-ann" in store.path.read_bytes()

    rekognition.delete_faces(CollectionId=collection, FaceIds=[ann])

    assert b"the-name-of-ann" not in store.path.read_bytes()
    assert [path.name for path in store.path.parent.iterdir()] == [store.path.name]


def test_the_file_is_read_by_its_owner_alone(collection: str, store: FaceStore) -> None:
    assert store.path is not None
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_a_face_finds_the_others_of_its_person_and_not_itself(
    rekognition: Any, collection: str, photographer: Photographer
) -> None:
    first, second, _ = (
        index(rekognition, photographer.photo(face(person, number)))[0]
        for person, number in (("ann", 1), ("ann", 2), ("ben", 1))
    )

    answer = rekognition.search_faces(CollectionId=collection, FaceId=first)

    assert answer["SearchedFaceId"] == first
    assert [match["Face"]["FaceId"] for match in answer["FaceMatches"]] == [second]
    assert 80 <= answer["FaceMatches"][0]["Similarity"] <= 100


def test_a_face_that_is_not_in_the_collection_is_an_invalid_parameter(
    collection: str, refusal: Refusal
) -> None:
    assert refusal("search_faces", CollectionId=collection, FaceId=NOBODY) == (
        "InvalidParameterException",
        "faceId was not found in the collection.",
    )


def test_the_largest_face_of_a_picture_is_searched_for_the_surest_first(
    rekognition: Any, collection: str, photographer: Photographer
) -> None:
    far, near = (
        index(rekognition, photographer.photo(face("ann", number)._replace(descriptor=numbers)))[0]
        for number, numbers in ((1, face("ann", 3).descriptor), (2, face("ann", 4).descriptor))
    )
    photo = photographer.photo(face("ben", side=0.1), face("ann", 4, side=0.5))

    answer = rekognition.search_faces_by_image(CollectionId=collection, Image=photo)

    assert answer["SearchedFaceBoundingBox"]["Width"] == 0.5
    assert answer["SearchedFaceConfidence"] == 99.0
    assert [match["Face"]["FaceId"] for match in answer["FaceMatches"]] == [near, far]
    limited = rekognition.search_faces_by_image(CollectionId=collection, Image=photo, MaxFaces=1)
    assert [match["Face"]["FaceId"] for match in limited["FaceMatches"]] == [near]


def test_the_threshold_is_the_callers(rekognition: Any, collection: str, photographer: Photographer) -> None:
    index(rekognition, photographer.photo(face("ann")))
    stranger = photographer.photo(face("ben"))

    def found(**more: float) -> int:
        answer = rekognition.search_faces_by_image(CollectionId=collection, Image=stranger, **more)
        return len(answer["FaceMatches"])

    assert (found(), found(FaceMatchThreshold=0.0)) == (0, 1)


def test_a_picture_without_a_face_cannot_be_searched_for(
    collection: str, photographer: Photographer, refusal: Refusal
) -> None:
    for photo in (photographer.photo(), photographer.photo(face("ann", Pose=FRONT | {"Yaw": 80.0}))):
        assert refusal(
            "search_faces_by_image", CollectionId=collection, Image=photo, QualityFilter="LOW"
        ) == ("InvalidParameterException", "There are no faces in the image. Should be at least 1.")


def test_what_fails_half_way_changes_nothing_and_the_next_is_done(store: FaceStore) -> None:
    def break_off() -> None:
        with store.transaction():
            store.add_collection("us-east-1", "people")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()

    assert store.collections("us-east-1", 0, 10) == []
    with store.transaction():
        store.add_collection("us-east-1", "people")
    assert len(store.collections("us-east-1", 0, 10)) == 1


def test_what_is_kept_of_a_broken_file_is_told_with_the_file(tmp_path: Path) -> None:
    broken = tmp_path / "collections.sqlite"
    broken.write_bytes(b"no database" * 1000)

    with pytest.raises(Exception, match="file is not a database"):
        FaceStore(broken)
