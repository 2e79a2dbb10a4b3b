"""The form of real answers."""

from pathlib import Path
from typing import Any

import botocore.session
import pytest

from tests.local.rekognition.pictures_made import picture
from tests.local.rekognition.real.conftest import BUCKET, IMAGES
from tests.local.rekognition.real.shapes import strange_in

MODEL = botocore.session.get_session().get_service_model("rekognition")
PHOTOS = [
    # A few by day: what fits the model is the form of answers, which is the same for all.
    pytest.param(photo, marks=[pytest.mark.nightly] if place % 6 else [], id=photo.name)
    for place, photo in enumerate(sorted(IMAGES.glob("*.jpg")))
]


def image(name: str) -> dict[str, bytes]:
    return {"Bytes": (IMAGES / name).read_bytes()}


def members(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def assert_fits(answer: dict[str, Any], operation: str) -> None:
    """The answer has the form of the operation's answers."""
    shape = MODEL.operation_model(operation).output_shape
    assert shape is not None
    assert strange_in(members(answer), shape) == []


@pytest.mark.parametrize("photo", PHOTOS)
def test_answers_fit_the_services_own_model(photo: Path, rekognition: Any) -> None:
    picture_ = {"Bytes": photo.read_bytes()}
    labels = rekognition.detect_labels(Image=picture_, MinConfidence=0)
    faces = rekognition.detect_faces(Image=picture_, Attributes=["ALL"])
    moderation = rekognition.detect_moderation_labels(Image=picture_, MinConfidence=0)

    for operation, answer in (
        ("DetectLabels", labels),
        ("DetectFaces", faces),
        ("DetectModerationLabels", moderation),
    ):
        assert_fits(answer, operation)


def test_image_properties_come_alone_or_beside_labels_as_they_were_asked_for(rekognition: Any) -> None:
    alone = rekognition.detect_labels(Image=image("sheep.jpg"), Features=["IMAGE_PROPERTIES"])
    both = rekognition.detect_labels(
        Image=image("sheep.jpg"), Features=["GENERAL_LABELS", "IMAGE_PROPERTIES"]
    )
    labels = rekognition.detect_labels(Image=image("sheep.jpg"))

    for answer in (alone, both):
        assert_fits(answer, "DetectLabels")
        colors = answer["ImageProperties"]["DominantColors"]
        # Sheep on a meadow.
        assert colors[0]["SimplifiedColor"] == "green"
    assert alone["Labels"] == []
    assert both["Labels"] == labels["Labels"]
    assert "ImageProperties" not in labels


def test_labels_come_surest_first_and_their_parents_are_among_them_and_as_sure(rekognition: Any) -> None:
    labels = rekognition.detect_labels(Image=image("dog.jpg"))["Labels"]
    sure = {label["Name"]: label["Confidence"] for label in labels}

    assert list(sure.values()) == sorted(sure.values(), reverse=True)
    for label in labels:
        for parent in label["Parents"]:
            assert sure[parent["Name"]] >= label["Confidence"]


def test_a_dog_is_a_dog_of_its_breed_where_it_is(rekognition: Any) -> None:
    labels = {label["Name"]: label for label in rekognition.detect_labels(Image=image("dog.jpg"))["Labels"]}

    assert labels["German Shepherd"]["Confidence"] > 80
    (instance,) = labels["Dog"]["Instances"]
    box = instance["BoundingBox"]
    assert 0 <= box["Left"] < 0.2
    assert 0.5 < box["Width"] <= 1
    assert {"Name": "Animals and Pets"} in labels["Dog"]["Categories"]


def test_at_most_so_many_labels_and_none_less_sure_than_asked(rekognition: Any) -> None:
    few = rekognition.detect_labels(Image=image("coffee.jpg"), MaxLabels=2)["Labels"]
    sure = rekognition.detect_labels(Image=image("coffee.jpg"), MinConfidence=97)["Labels"]
    default = rekognition.detect_labels(Image=image("coffee.jpg"))["Labels"]

    assert len(few) == 2
    assert all(label["Confidence"] >= 97 for label in sure)
    assert all(label["Confidence"] >= 55 for label in default)


def test_labels_can_be_filtered(rekognition: Any) -> None:
    def names(**filters: list[str]) -> set[str]:
        answer = rekognition.detect_labels(Image=image("cow.jpg"), Settings={"GeneralLabels": filters})
        return {label["Name"] for label in answer["Labels"]}

    assert names(LabelInclusionFilters=["Cow"]) == {"Cow"}
    assert "Cow" not in names(LabelExclusionFilters=["Cow"])
    assert names(LabelCategoryExclusionFilters=["Animals and Pets"]) == set()


def test_boxes_and_points_of_a_face_are_where_the_face_is(rekognition: Any) -> None:
    (face,) = rekognition.detect_faces(Image=image("astronaut.jpg"))["FaceDetails"]
    points = {point["Type"]: point for point in face["Landmarks"]}

    assert face["BoundingBox"]["Left"] == pytest.approx(0.35, abs=0.05)
    assert face["BoundingBox"]["Top"] == pytest.approx(0.13, abs=0.05)
    assert points["eyeLeft"]["X"] < points["nose"]["X"] < points["eyeRight"]["X"]
    assert points["eyeLeft"]["Y"] < points["nose"]["Y"] < points["mouthLeft"]["Y"]
    assert abs(face["Pose"]["Roll"]) < 10
    assert "AgeRange" not in face


def test_attributes_are_given_when_asked_for(rekognition: Any) -> None:
    (everything,) = rekognition.detect_faces(Image=image("astronaut.jpg"), Attributes=["ALL"])["FaceDetails"]
    (age,) = rekognition.detect_faces(Image=image("astronaut.jpg"), Attributes=["AGE_RANGE"])["FaceDetails"]

    assert everything["Emotions"][0]["Type"] == "HAPPY"
    assert everything["Gender"]["Value"] == "Female"
    assert 0 < everything["AgeRange"]["Low"] < everything["AgeRange"]["High"] < 80
    assert "AgeRange" in age
    assert "Gender" not in age


def test_a_turned_photo_is_seen_upright_and_its_boxes_are_of_the_upright_photo(rekognition: Any) -> None:
    import io

    from PIL import Image

    upright = Image.open(IMAGES / "astronaut.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(file := io.BytesIO(), "JPEG", exif=exif, quality=95)

    (face,) = rekognition.detect_faces(Image={"Bytes": file.getvalue()})["FaceDetails"]
    assert face["BoundingBox"]["Left"] == pytest.approx(0.35, abs=0.05)


def test_nothing_is_seen_on_nothing(rekognition: Any) -> None:
    plain = {"Bytes": picture(300, 300, "PNG")}

    assert rekognition.detect_faces(Image=plain)["FaceDetails"] == []


KEYS = [
    "a b.jpg",
    "a+b.jpg",
    "100%.jpg",
    "a%20b.jpg",
    "a#b?c.jpg",
    'it\'s "a".jpg',
    "🐈/ü.jpg",
    "d/" * 400 + "é.jpg",
]


@pytest.mark.parametrize("key", KEYS)
def test_an_object_is_found_whatever_its_key(key: str, rekognition: Any, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=(IMAGES / "cat.jpg").read_bytes())

    place = {"S3Object": {"Bucket": BUCKET, "Name": key}}
    labels = rekognition.detect_labels(Image=place, MinConfidence=50)["Labels"]

    assert "Cat" in {label["Name"] for label in labels}


def test_the_version_that_was_asked_for_is_seen(rekognition: Any, s3: Any) -> None:
    first, second = (
        s3.put_object(Bucket=BUCKET, Key="pet", Body=(IMAGES / name).read_bytes())["VersionId"]
        for name in ("cat.jpg", "dog.jpg")
    )

    def names(**place: str) -> set[str]:
        answer = rekognition.detect_labels(Image={"S3Object": {"Bucket": BUCKET, "Name": "pet", **place}})
        return {label["Name"] for label in answer["Labels"]}

    assert "Cat" in names(Version=first)
    assert "Dog" in names(Version=second)
    assert "Dog" in names()
    assert "Cat" in names(Version=first)
