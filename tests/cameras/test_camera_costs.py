"""What a camera costs a day: what is asked about makes most of it, and the rest is not forgotten."""

import pytest

from operations.camera_costs import camera_day


def test_what_is_not_asked_about_costs_what_is_not_rekognitions() -> None:
    nothing, some, everything = (camera_day(10, share, ("DetectLabels",)) for share in (0.0, 0.03, 1.0))

    assert nothing.by_service["Rekognition"] == 0
    assert some.by_service["Rekognition"] == pytest.approx(0.03 * everything.by_service["Rekognition"])
    assert 0 < nothing.total < some.total < everything.total
    assert some.total < everything.total / 10


def test_pictures_twice_as_often_cost_twice_as_much_but_for_the_scene() -> None:
    slow, fast = camera_day(10, 0.03, ("DetectLabels",)), camera_day(5, 0.03, ("DetectLabels",))

    assert fast.by_service["Rekognition"] == pytest.approx(2 * slow.by_service["Rekognition"])
    assert slow.by_service["DynamoDB"] < fast.by_service["DynamoDB"] < 2 * slow.by_service["DynamoDB"]
