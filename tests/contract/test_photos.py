"""Facts of a photo: what cannot be is refused by name, and where its renditions stand."""

from typing import Any

import pytest

from contract.photos import PhotoFacts


def facts(**known: Any) -> PhotoFacts:
    return PhotoFacts(**{"format": "JPEG", "width": 4, "height": 3, "is_direct": True, **known})


@pytest.mark.parametrize(
    ("known", "named"),
    [
        ({"format": ""}, "format"),
        ({"width": 0}, "width"),
        ({"height": 0}, "height"),
        ({"orientation": 9}, "orientation"),
        ({"taken_at": "yesterday"}, "taken_at"),
        ({"taken_zone": "CET"}, "taken_zone"),
        ({"latitude": 90.1}, "latitude"),
        ({"longitude": -180.1}, "longitude"),
        ({"keywords": ("a",) * 1000}, "keywords"),
        ({"hash": "0"}, "hash"),
        ({"renditions": "../.."}, "renditions"),
        ({"camera": "x" * 1000}, "text"),
        ({"sharpness": float("nan")}, "numbers"),
        ({"width": 0, "latitude": float("nan")}, "width, latitude"),
    ],
)
def test_what_cannot_be_is_named(known: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"^facts of a photo are out of range: {named}$"):
        facts(**known)


def test_renditions_stand_by_content_and_maker() -> None:
    both = facts(renditions="a1b2c3", has_view=True)

    assert both.thumbnail_key("content") == "content/a1b2c3/thumbnail.webp"
    assert both.view_key("content") == "content/a1b2c3/view.jpg"


def test_what_was_not_made_stands_nowhere() -> None:
    assert facts().thumbnail_key("content") is None
    assert facts(renditions="a1b2c3").view_key("content") is None
