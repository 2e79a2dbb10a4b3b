"""What the two operations that load late see on real photos."""

import io
import json
import urllib.request
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from processors.detectors import moderation, text
from tests.local.rekognition.real.conftest import StartRekognition
from tests.local.rekognition.real.test_answers import assert_fits, image

HARMLESS = ["cat.jpg", "coffee.jpg", "eiffelTower.jpg", "grace_hopper.jpg", "mexico.jpg", "rocket.jpg"]


def sign(*lines: str, turned: int = 0) -> dict[str, bytes]:
    """A made photo of a sign."""
    picture = Image.new("RGB", (800, 500), (40, 90, 60))
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        pen.text((60, 80 + 130 * number), line, "white", font=ImageFont.load_default(size=70))
    file = io.BytesIO()
    picture.rotate(turned, expand=True).save(file, "PNG")
    return {"Bytes": file.getvalue()}


def test_a_name_tag_is_read_and_found_where_it_is(rekognition: Any) -> None:
    found = rekognition.detect_text(Image=image("grace_hopper.jpg"))
    (word,) = [one for one in found["TextDetections"] if one["DetectedText"] == "HOPPER"]
    box = word["Geometry"]["BoundingBox"]

    assert word["Confidence"] > 90
    assert box["Left"] == pytest.approx(0.26, abs=0.05)
    assert box["Top"] == pytest.approx(0.82, abs=0.05)
    assert text.read(found).words == ("como", "hopper")


@pytest.mark.parametrize("name", ["cat.jpg", "grace_hopper.jpg", "japan.jpg"])
def test_read_text_fits_the_services_own_model(name: str, rekognition: Any) -> None:
    assert_fits(rekognition.detect_text(Image=image(name)), "DetectText")


def test_japanese_on_a_banner_is_read(rekognition: Any) -> None:
    assert "なつまつり" in text.read(rekognition.detect_text(Image=image("japan.jpg"))).words


def test_a_sign_is_read_line_by_line_and_word_by_word(rekognition: Any) -> None:
    found = rekognition.detect_text(Image=sign("Summer SALE", "50% off today"))["TextDetections"]
    lines = {one["Id"]: one["DetectedText"] for one in found if one["Type"] == "LINE"}
    words = [(one["DetectedText"], lines[one["ParentId"]]) for one in found if one["Type"] == "WORD"]

    assert list(lines.values()) == ["Summer SALE", "50% off today"]
    assert words == [
        ("Summer", "Summer SALE"),
        ("SALE", "Summer SALE"),
        ("50%", "50% off today"),
        ("off", "50% off today"),
        ("today", "50% off today"),
    ]


@pytest.mark.parametrize("turned", [90, -90])
@pytest.mark.parametrize(
    "line",
    ["STOP", *(pytest.param(each, marks=pytest.mark.nightly) for each in ("Summer SALE", "Open 24 h"))],
)
def test_a_sign_on_its_side_is_read_whichever_side_that_is(line: str, turned: int, rekognition: Any) -> None:
    found = rekognition.detect_text(Image=sign(line, turned=turned))["TextDetections"]
    read, *words = [one for one in found if one["Confidence"] >= text.MIN_CONFIDENCE_PERCENT]
    begin, end = read["Geometry"]["Polygon"][:2]

    assert read["DetectedText"] == line
    assert [one["DetectedText"] for one in words] == line.split()
    assert (begin["Y"] < end["Y"]) == (turned == -90)
    assert begin["X"] == pytest.approx(end["X"], abs=0.02)


@pytest.mark.parametrize(
    "character", ["A", *(pytest.param(each, marks=pytest.mark.nightly) for each in "1X")]
)
def test_a_character_that_stands_alone_is_read(character: str, rekognition: Any) -> None:
    found = rekognition.detect_text(Image=sign(character))["TextDetections"]

    assert [(one["DetectedText"], one["Type"]) for one in found] == [(character, "LINE"), (character, "WORD")]


def test_what_was_read_is_told_though_it_is_less_sure_than_80(rekognition: Any) -> None:
    found = rekognition.detect_text(Image=sign("I"))["TextDetections"]

    assert [one["DetectedText"] for one in found] == ["I", "I"]
    assert all(50 <= one["Confidence"] < 80 for one in found)


def test_no_words_are_read_where_there_are_none(rekognition: Any) -> None:
    for name in ("cat.jpg", "chelsea_cat.jpg"):
        assert text.read(rekognition.detect_text(Image=image(name))).words == ()


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_photos_have_no_category(name: str, rekognition: Any) -> None:
    found = rekognition.detect_moderation_labels(Image=image(name))

    assert moderation.read(found).moderation == {}
    assert found["ModerationModelVersion"] == "7.0"


def test_a_human_review_is_refused(rekognition: Any) -> None:
    review = {"HumanLoopName": "a", "FlowDefinitionArn": "arn:aws:sagemaker:us-east-1:1:flow-definition/a"}

    with pytest.raises(rekognition.exceptions.InvalidParameterException, match="HumanLoopConfig"):
        rekognition.detect_moderation_labels(Image=image("cat.jpg"), HumanLoopConfig=review)


def test_models_are_loaded_by_the_first_call_that_needs_them(start_rekognition: StartRekognition) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    with start_rekognition() as server:

        def health() -> Any:
            with direct.open(f"{server.url}/health") as answer:
                return json.load(answer)

        faces = ["CompareFaces", "IndexFaces", "SearchFacesByImage", "SearchUsersByImage"]
        assert health()["waiting"] == sorted([*faces, "DetectModerationLabels", "DetectText"])
        server.client("rekognition").detect_moderation_labels(Image=image("cat.jpg"))
        assert health()["waiting"] == sorted([*faces, "DetectText"])
        assert "open-nsfw" in health()["models"]
