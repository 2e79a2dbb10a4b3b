"""CompareFaces: one face against all of another picture."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.rekognition.faces.likeness import middle_of, similarity
from tests.local.rekognition.faces.conftest import FRONT, Photographer, Refusal, descriptor, face


def test_the_largest_face_is_compared_with_every_face_of_the_other_picture(
    rekognition: Any, photographer: Photographer
) -> None:
    source = photographer.photo(face("ben", side=0.1), face("ann", 1, side=0.4))
    target = photographer.photo(face("cem", side=0.5), face("ann", 2, side=0.2), face("ann", 1, side=0.3))

    answer = rekognition.compare_faces(SourceImage=source, TargetImage=target)

    assert answer["SourceImageFace"]["BoundingBox"]["Width"] == 0.4
    matches = [
        (match["Face"]["BoundingBox"]["Width"], match["Similarity"]) for match in answer["FaceMatches"]
    ]
    assert [width for width, _ in matches] == [0.3, 0.2]
    assert 80 <= matches[1][1] < matches[0][1] <= 100
    (other,) = answer["UnmatchedFaces"]
    assert other["BoundingBox"]["Width"] == 0.5
    assert set(other) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}


def test_the_threshold_is_the_callers(rekognition: Any, photographer: Photographer) -> None:
    pictures = {
        "SourceImage": photographer.photo(face("ann")),
        "TargetImage": photographer.photo(face("ben")),
    }

    assert len(rekognition.compare_faces(**pictures)["UnmatchedFaces"]) == 1
    assert len(rekognition.compare_faces(**pictures, SimilarityThreshold=0.0)["FaceMatches"]) == 1


@pytest.mark.parametrize("empty", ["SourceImage", "TargetImage"])
def test_a_picture_without_a_face_is_an_invalid_parameter(
    empty: str, photographer: Photographer, refusal: Refusal
) -> None:
    turned_away = photographer.photo(face("ann", Pose=FRONT | {"Yaw": 80.0}))
    for nobody in (photographer.photo(), turned_away):
        shown = photographer.photo(face("ann"))
        pictures = {"SourceImage": shown, "TargetImage": shown, empty: nobody}

        assert refusal("compare_faces", **pictures, QualityFilter="HIGH") == (
            "InvalidParameterException",
            "Request has invalid parameters",
        )


def test_two_requests_for_one_picture_are_two_looks(rekognition: Any, photographer: Photographer) -> None:
    shown = photographer.photo(face("ann"))
    rekognition.compare_faces(SourceImage=shown, TargetImage=shown)
    rekognition.compare_faces(SourceImage=shown, TargetImage=shown)

    assert photographer.looks == 4


NUMBERS = st.lists(st.floats(-1, 1), min_size=4, max_size=4).map(tuple)


@given(NUMBERS, NUMBERS)
def test_likeness_is_a_percentage_the_same_both_ways_and_highest_for_itself(
    one: tuple[float, ...], other: tuple[float, ...]
) -> None:
    alike = similarity(one, other)

    assert 0 <= alike <= 100
    assert alike == similarity(other, one)
    assert alike <= similarity(one, one)


def test_what_stands_for_a_person_is_as_long_as_its_faces_and_nearer_to_a_new_one() -> None:
    faces = [descriptor("ann", photo, apart=0.3) for photo in range(5)]
    new = descriptor("ann", 9, apart=0.3)

    middle = middle_of(faces)

    assert sum(value * value for value in middle) ** 0.5 == pytest.approx(1.4, rel=0.05)
    assert similarity(middle, new) > max(similarity(one, new) for one in faces)
    assert middle_of([(0.0, 0.0)]) == (0.0, 0.0)
