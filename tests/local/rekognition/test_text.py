"""From lines that were read to words, and which of them a caller wants."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from local.rekognition.detect_text import (
    Corners,
    DetectText,
    TextLine,
    TextReader,
    WordFilter,
    box_around,
    words_of,
)
from local.rekognition.request import RekognitionError

FLAT: Corners = ((0.2, 0.4), (0.8, 0.4), (0.8, 0.5), (0.2, 0.5))
TURNED: Corners = ((0.5, 0.2), (0.5, 0.8), (0.4, 0.8), (0.4, 0.2))
PICTURE = Image.new("RGB", (200, 100))


@dataclass(frozen=True)
class FakeReader:
    lines: tuple[TextLine, ...]

    def read(self, _picture: Image.Image) -> list[TextLine]:
        return list(self.lines)


def detections(*lines: TextLine, **request: Any) -> list[dict[str, Any]]:
    operation = DetectText(FakeReader(lines))  # type: ignore[arg-type]
    found: list[dict[str, Any]] = operation.answer(PICTURE, request)["TextDetections"]
    return found


def texts(found: list[dict[str, Any]], kind: str) -> list[str]:
    return [text["DetectedText"] for text in found if text["Type"] == kind]


def test_words_share_their_line_by_the_places_of_their_characters() -> None:
    first, second = words_of(TextLine("AB CDE", 0.9, FLAT))

    assert (first.text, second.text) == ("AB", "CDE")
    assert box_around(first.corners) == pytest.approx((0.2, 0.4, 0.4, 0.5))
    assert box_around(second.corners) == pytest.approx((0.5, 0.4, 0.8, 0.5))


def test_a_line_that_runs_down_is_shared_downwards() -> None:
    first, second = words_of(TextLine("AB CDE", 0.9, TURNED))

    assert box_around(first.corners) == pytest.approx((0.4, 0.2, 0.5, 0.4))
    assert box_around(second.corners) == pytest.approx((0.4, 0.5, 0.5, 0.8))


@given(st.text("ab \u3000", max_size=30))
def test_words_are_all_that_is_not_space_in_order_and_inside_their_line(text: str) -> None:
    words = list(words_of(TextLine(text, 0.9, FLAT)))

    assert [word.text for word in words] == text.split()
    lefts = [box_around(word.corners)[0] for word in words]
    assert lefts == sorted(lefts)
    assert all(0.2 - 1e-9 <= left <= 0.8 for left in lefts)


def test_lines_come_first_and_words_name_their_line() -> None:
    found = detections(TextLine("AB CDE", 0.9, FLAT), TextLine("F", 0.8, TURNED))

    assert [(text["DetectedText"], text["Type"], text["Id"], text.get("ParentId")) for text in found] == [
        ("AB CDE", "LINE", 0, None),
        ("F", "LINE", 1, None),
        ("AB", "WORD", 2, 0),
        ("CDE", "WORD", 3, 0),
        ("F", "WORD", 4, 1),
    ]


def test_at_most_a_hundred_words_are_told() -> None:
    found = detections(*[TextLine("a b c", 0.9, FLAT)] * 50)

    assert len(texts(found, "WORD")) == 100
    assert len(texts(found, "LINE")) == 34


def test_words_less_sure_or_smaller_than_asked_are_left_out_with_their_lines() -> None:
    lines = (TextLine("sure", 0.95, FLAT), TextLine("unsure", 0.6, FLAT))

    assert texts(detections(*lines, Filters={"WordFilter": {"MinConfidence": 90}}), "LINE") == ["sure"]
    low = {"WordFilter": {"MinBoundingBoxHeight": 0.2}}
    assert detections(*lines, Filters=low) == []


def test_words_more_than_half_outside_every_region_are_left_out() -> None:
    region = {"BoundingBox": {"Left": 0.0, "Top": 0.0, "Width": 0.45, "Height": 1.0}}
    found = detections(TextLine("AB CDE", 0.9, FLAT), Filters={"RegionsOfInterest": [region]})

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
class Found:
    boxes: Any = None


@dataclass(frozen=True)
class Readings:
    txts: tuple[str, ...]
    scores: tuple[float, ...]


@dataclass
class Engine:
    """RapidOCR that finds boxes where it is told to, and reads what it is told, view by view."""

    boxes: list[Any] | None = None
    reads: tuple[tuple[str, float], ...] = ()
    seen: list[Any] = field(default_factory=list)
    views: list[Any] = field(default_factory=list)

    def __call__(self, pixels: Any) -> Found:
        self.seen.append(pixels)
        return Found(None if self.boxes is None else np.array(self.boxes))

    def recognize_txt(self, views: list[Any]) -> Readings:
        self.views += views
        return Readings(tuple(text for text, _ in self.reads), tuple(score for _, score in self.reads))


FLAT_BOX = [[20, 40], [160, 40], [160, 50], [20, 50]]
HIGH_BOX = [[80, 20], [100, 20], [100, 80], [80, 80]]


def test_a_picture_without_text_has_no_lines() -> None:
    assert TextReader(Engine()).read(PICTURE) == []


def test_boxes_are_told_as_ratios_and_never_outside_the_picture() -> None:
    box = [[-4, 10], [100, 10], [100, 30], [-4, 30]]

    (line,) = TextReader(Engine([box], ((" SALE ", 0.9),))).read(PICTURE)

    assert line == TextLine("SALE", 0.9, ((0.0, 0.1), (0.5, 0.1), (0.5, 0.3), (0.0, 0.3)))


RUNS_UP: Corners = ((0.4, 0.8), (0.4, 0.2), (0.5, 0.2), (0.5, 0.8))
STANDS: Corners = ((0.4, 0.2), (0.5, 0.2), (0.5, 0.8), (0.4, 0.8))


@pytest.mark.parametrize(
    ("down", "up", "upright", "text", "corners"),
    [
        (("祭り", 0.9), ("dOTP", 0.7), ("SA", 0.5), "祭り", TURNED),
        (("dOTP", 0.84), ("STOP", 0.99), ("DT", 0.24), "STOP", RUNS_UP),
        (("L", 0.9), ("", 0.0), ("1", 0.99), "1", STANDS),
        (("_", 0.9), ("-", 0.8), ("I", 0.6), "I", STANDS),
        (("***", 0.9), ("", 0.0), ("W", 0.4), "***", TURNED),
    ],
)
def test_a_high_box_is_read_down_up_and_upright_and_the_surest_reading_counts(
    down: tuple[str, float], up: tuple[str, float], upright: tuple[str, float], text: str, corners: Corners
) -> None:
    (line,) = TextReader(Engine([HIGH_BOX], (down, up, upright))).read(PICTURE)

    assert (line.text, line.corners) == (text, corners)


def test_the_views_of_a_high_box_are_the_picture_turned_as_they_say() -> None:
    picture = Image.new("RGB", (200, 100))
    picture.paste("white", (80, 20, 100, 40))  # the top of the box
    engine = Engine([HIGH_BOX], (("a", 0.9),) * 3)

    TextReader(engine).read(picture)

    down, up, upright = engine.views
    assert down.shape == up.shape == (20, 60, 3)
    assert upright.shape == (60, 20, 3)
    assert (down[10, 3, 0], down[10, 56, 0]) == (255, 0)
    assert (up[10, 3, 0], up[10, 56, 0]) == (0, 255)
    assert (upright[3, 10, 0], upright[56, 10, 0]) == (255, 0)


def test_each_box_has_its_own_readings() -> None:
    reads = (("flat", 0.9), ("down", 0.6), ("up", 0.9), ("x", 0.1), ("also flat", 0.9))

    lines = TextReader(Engine([FLAT_BOX, HIGH_BOX, FLAT_BOX], reads)).read(PICTURE)

    assert [line.text for line in lines] == ["flat", "up", "also flat"]


def test_a_character_alone_and_a_reading_under_80_are_told_with_their_confidence() -> None:
    engine = Engine([FLAT_BOX] * 4, (("I", 0.594), ("7", 0.99), ("noise", 0.49), ("  ", 0.9)))

    found = DetectText(TextReader(engine)).answer(PICTURE, {})["TextDetections"]

    assert [(one["DetectedText"], one["Type"], one["Confidence"]) for one in found] == [
        ("I", "LINE", 59.4),
        ("7", "LINE", 99.0),
        ("I", "WORD", 59.4),
        ("7", "WORD", 99.0),
    ]


def test_a_word_filter_that_names_no_confidence_means_80() -> None:
    lines = (TextLine("sure", 0.8, FLAT), TextLine("unsure", 0.79, FLAT))

    assert texts(detections(*lines), "LINE") == ["sure", "unsure"]
    assert texts(detections(*lines, Filters={"WordFilter": {}}), "LINE") == ["sure"]
    assert texts(detections(*lines, Filters={"RegionsOfInterest": []}), "LINE") == ["sure", "unsure"]


def test_a_box_without_extent_is_passed_over() -> None:
    assert TextReader(Engine([[[5, 5], [90, 5], [90, 5], [5, 5]]])).read(PICTURE) == []


def test_the_engine_is_given_blue_first() -> None:
    engine = Engine()

    TextReader(engine).read(Image.new("RGB", (90, 80), "red"))

    (seen,) = engine.seen
    assert seen.shape == (80, 90, 3)
    assert seen[0, 0].tolist() == [0, 0, 255]
