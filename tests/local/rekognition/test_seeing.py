"""What is computed around the networks."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from local.rekognition.detect_faces import Face, Point, pose_of, quality_of, square_around
from local.rekognition.detect_labels import likelihood
from local.rekognition.detector import CLASSIFIER_SIDE, Detection, box_view, overlap

UNIT = st.floats(0, 1)
BOXES = st.tuples(UNIT, UNIT, UNIT, UNIT).map(
    lambda box: (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))
)


@given(BOXES, BOXES)
@example((0, 0, 1e-200, 1e-200), (0, 0, 1e-200, 1e-200))
def test_overlap_is_a_share_and_the_same_both_ways(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> None:
    assert 0 <= overlap(one, other) <= 1 + 1e-9
    assert overlap(one, other) == pytest.approx(overlap(other, one))


def test_a_box_overlaps_itself_wholly_and_a_distant_one_not_at_all() -> None:
    assert overlap((0, 0, 0.5, 0.5), (0, 0, 0.5, 0.5)) == 1
    assert overlap((0, 0, 0.4, 0.4), (0.5, 0.5, 1, 1)) == 0


def test_the_area_of_a_detection_is_its_share_of_the_picture() -> None:
    assert Detection(0, 0.9, (0.25, 0.25, 0.75, 0.75)).area == 0.25


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_is_never_less_likely(one: float, other: float) -> None:
    low, high = sorted((one, other))

    assert 0 < likelihood(low) <= likelihood(high) < 1


@given(BOXES)
def test_a_close_look_at_any_box_has_the_size_the_network_wants(
    box: tuple[float, float, float, float],
) -> None:
    width = max(box[2] - box[0], 0.02)
    wide = (box[0], box[1], min(1.0, box[0] + width), min(1.0, box[1] + width))

    assert box_view(Image.new("RGB", (300, 200)), wide).size == (CLASSIFIER_SIDE, CLASSIFIER_SIDE)


def face(turned_by: float = 0.0, nose_right_by: float = 0.0) -> Face:
    """A face from the front on a square picture, turned clockwise by degrees."""
    points = np.array([(-0.1, -0.1), (0.1, -0.1), (nose_right_by, 0.012), (-0.08, 0.1), (0.08, 0.1)])
    angle = math.radians(turned_by)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    placed = [(0.5 + float(x), 0.5 + float(y)) for x, y in points @ turn.T]
    five: tuple[Point, Point, Point, Point, Point] = (*placed,)  # type: ignore[assignment]
    return Face(0.9, (0.3, 0.3, 0.7, 0.7), five)


def test_a_face_from_the_front_looks_at_us() -> None:
    pose = pose_of(face(), 1000, 1000)

    assert (pose.roll, pose.yaw, pose.pitch) == pytest.approx((0, 0, 0), abs=1)


@given(st.floats(-80, 80))
def test_a_tilted_head_has_roll_alone(degrees: float) -> None:
    pose = pose_of(face(turned_by=degrees), 1000, 1000)

    assert (pose.roll, pose.yaw) == pytest.approx((degrees, 0), abs=1)


def test_a_nose_to_the_right_is_a_face_turned_to_the_right() -> None:
    assert pose_of(face(nose_right_by=0.05), 1000, 1000).yaw > 10


def test_a_face_is_cut_out_upright() -> None:
    picture = Image.new("RGB", (400, 400), "black")
    picture.paste("white", (0, 0, 400, 160))

    cut = square_around(face(turned_by=180), picture, 1.0, 64)

    assert cut.getpixel((32, 60)) == (255, 255, 255)
    assert cut.getpixel((32, 4)) == (0, 0, 0)


def test_a_bright_face_is_brighter_and_a_patterned_one_sharper() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (400, 400, 3), dtype=np.uint8)
    dark = quality_of(face(), Image.new("RGB", (400, 400), "black"))
    bright = quality_of(face(), Image.new("RGB", (400, 400), "white"))

    assert dark == (0, 0)
    assert bright == (100, 0)
    assert quality_of(face(), Image.fromarray(noise))[1] > 50
