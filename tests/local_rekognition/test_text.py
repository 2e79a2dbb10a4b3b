"""From lines that were read to words, and which of them a caller wants."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from infra.local.rekognition.detect_text import DetectText, WordFilter, box_around, words_of
from infra.local.rekognition.errors import RekognitionError
from infra.local.rekognition.text_reader import Corners, Line, TextReader

FLAT: Corners = ((0.2, 0.4), (0.8, 0.4), (0.8, 0.5), (0.2, 0.5))
TURNED: Corners = ((0.5, 0.2), (0.5, 0.8), (0.4, 0.8), (0.4, 0.2))
PICTURE = Image.new("RGB", (200, 100))


@dataclass(frozen=True)
class FakeReader:
    lines: tuple[Line, ...]

    def read(self, _picture: Image.Image) -> list[Line]:
        return list(self.lines)


def detections(*lines: Line, **request: Any) -> list[dict[str, Any]]:
    operation = DetectText(FakeReader(lines))  # type: ignore[arg-type]
    found: list[dict[str, Any]] = operation.answer(PICTURE, request)["TextDetections"]
    return found


def texts(found: list[dict[str, Any]], kind: str) -> list[str]:
    return [text["DetectedText"] for text in found if text["Type"] == kind]


def test_words_share_their_line_by_the_places_of_their_characters() -> None:
    first, second = words_of(Line("AB CDE", 0.9, FLAT))

    assert (first.text, second.text) == ("AB", "CDE")
    assert box_around(first.corners) == pytest.approx((0.2, 0.4, 0.4, 0.5))
    assert box_around(second.corners) == pytest.approx((0.5, 0.4, 0.8, 0.5))


def test_a_line_that_runs_down_is_shared_downwards() -> None:
    first, second = words_of(Line("AB CDE", 0.9, TURNED))

    assert box_around(first.corners) == pytest.approx((0.4, 0.2, 0.5, 0.4))
    assert box_around(second.corners) == pytest.approx((0.4, 0.5, 0.5, 0.8))


@given(st.text("ab \u3000", max_size=30))
def test_words_are_all_that_is_not_space_in_order_and_inside_their_line(text: str) -> None:
    words = list(words_of(Line(text, 0.9, FLAT)))

    assert [word.text for word in words] == text.split()
    lefts = [box_around(word.corners)[0] for word in words]
    assert lefts == sorted(lefts)
    assert all(0.2 - 1e-9 <= left <= 0.8 for left in lefts)


def test_lines_come_first_and_words_name_their_line() -> None:
    found = detections(Line("AB CDE", 0.9, FLAT), Line("F", 0.8, TURNED))

    assert [(text["DetectedText"], text["Type"], text["Id"], text.get("ParentId")) for text in found] == [
        ("AB CDE", "LINE", 0, None),
        ("F", "LINE", 1, None),
        ("AB", "WORD", 2, 0),
        ("CDE", "WORD", 3, 0),
        ("F", "WORD", 4, 1),
    ]


def test_at_most_a_hundred_words_are_told() -> None:
    found = detections(*[Line("a b c", 0.9, FLAT)] * 50)

    assert len(texts(found, "WORD")) == 100
    assert len(texts(found, "LINE")) == 34


def test_words_less_sure_or_smaller_than_asked_are_left_out_with_their_lines() -> None:
    lines = (Line("sure", 0.95, FLAT), Line("unsure", 0.6, FLAT))

    assert texts(detections(*lines, Filters={"WordFilter": {"MinConfidence": 90}}), "LINE") == ["sure"]
    low = {"WordFilter": {"MinBoundingBoxHeight": 0.2}}
    assert detections(*lines, Filters=low) == []


def test_words_more_than_half_outside_every_region_are_left_out() -> None:
    region = {"BoundingBox": {"Left": 0.0, "Top": 0.0, "Width": 0.45, "Height": 1.0}}
    found = detections(Line("AB CDE", 0.9, FLAT), Filters={"RegionsOfInterest": [region]})

    assert texts(found, "WORD") == ["AB"]
    assert texts(found, "LINE") == ["AB CDE"]


@pytest.mark.parametrize(
    "region",
    [
        {"Polygon": [{"X": 0.0, "Y": 0.0}, {"X": 1.0, "Y": 0.0}, {"X": 1.0, "Y": 1.0}]},
        {"BoundingBox": {"Left": 0.1}},
        {},
    ],
)
def test_a_region_that_is_no_box_is_refused(region: dict[str, Any]) -> None:
    with pytest.raises(RekognitionError) as refused:
        WordFilter.of({"Filters": {"RegionsOfInterest": [region]}})
    assert refused.value.code == "InvalidParameterException"


@dataclass(frozen=True)
class Read:
    """What RapidOCR says."""

    txts: tuple[str, ...] | None = None
    scores: tuple[float, ...] | None = None
    boxes: Any = None


def test_a_picture_without_text_has_no_lines() -> None:
    assert TextReader(lambda _pixels: Read()).read(PICTURE) == []


def test_boxes_are_told_as_ratios_and_never_outside_the_picture() -> None:
    box = np.array([[-4, 10], [100, 10], [100, 30], [-4, 30]])

    (line,) = TextReader(lambda _pixels: Read((" SALE ",), (0.9,), [box])).read(PICTURE)

    assert line == Line("SALE", 0.9, ((0.0, 0.1), (0.5, 0.1), (0.5, 0.3), (0.0, 0.3)))


def test_high_boxes_are_read_downwards() -> None:
    box = np.array([[80, 20], [100, 20], [100, 80], [80, 80]])

    (line,) = TextReader(lambda _pixels: Read(("祭り",), (0.9,), [box])).read(PICTURE)

    assert line.corners == TURNED


def test_the_engine_is_given_blue_first() -> None:
    seen: list[Any] = []

    def engine(pixels: Any) -> Read:
        seen.append(pixels)
        return Read()

    TextReader(engine).read(Image.new("RGB", (90, 80), "red"))

    assert seen[0].shape == (80, 90, 3)
    assert seen[0][0, 0].tolist() == [0, 0, 255]
