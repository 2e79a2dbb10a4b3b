"""Cursors: each goes with its question, in the one form in which it was written."""

import hmac
import json
from base64 import urlsafe_b64decode
from string import ascii_letters, digits
from typing import Any

import pytest

from contract.policy import ModerationAction
from contract.records import Status
from query_api.search.cursors import MAC_BYTES, Cursors, ForeignCursorError
from query_api.search.near import Near
from query_api.search.questions import ListQuestion, Order

ASKED = ListQuestion(labels=("Cat",), moderation="Violence", camera="Pixel 9", near=Near(48.8584, 2.2945, 7))
PLACE = "2026-11-23T12:00:00.000Z#0123456789abcdef01234567"
OTHERS: dict[str, Any] = {
    "labels": ("Dog",),
    "any_labels": ("Dog",),
    "not_labels": ("Dog",),
    "include_parents": False,
    "min_confidence_percent": 1.0,
    "min_faces": 1,
    "words": ("stop",),
    "moderation": "Alcohol",
    "moderation_action": ModerationAction.BLOCK,
    "celebrities": ("Ada Lovelace",),
    "colors": ("blue",),
    "equipment": ("head_cover",),
    "persons": ("p1",),
    "least_similarity_percent": 80.0,
    "status": Status.REJECTED,
    "prefix": "a/",
    "uploaded_from": "2026-11-23T12:00:00.000Z",
    "uploaded_to": "2026-11-23T12:00:00.000Z",
    "taken_from": "2026-07-31T00:00:00.000",
    "taken_to": "2026-07-31T00:00:00.000",
    "camera": "Pixel 8",
    "near": Near(48.8584, 2.2945, 5),
    "near_duplicates_of": "other.jpg",
    "like": "a dog",
    "similar_to": "other.jpg",
    "min_similarity": 0.0,
    "kind": "video",
    "order": Order.OLDEST,
}
cursors = Cursors(lambda: (b"secret",))
# What a question was when cursors were first given, as it was signed.
AT_FIRST: dict[str, Any] = {
    "labels": ["cat"],
    "any_labels": [],
    "not_labels": [],
    "include_parents": True,
    "min_confidence_percent": 0.0,
    "min_faces": 0,
    "words": [],
    "moderation": "violence",
    "status": "recognized",
    "prefix": "",
    "uploaded_from": None,
    "uploaded_to": None,
    "taken_from": None,
    "taken_to": None,
    "camera": "pixel 9",
    "near": [48.8584, 2.2945, 7],
    "near_duplicates_of": None,
    "order": "newest",
}


def test_a_cursor_goes_on_though_more_can_be_asked_since() -> None:
    content = urlsafe_b64decode(cursors.write(ASKED, PLACE) + "==")
    signed = json.dumps([AT_FIRST, PLACE, None], sort_keys=True).encode()

    assert content[:MAC_BYTES] == hmac.digest(b"secret", signed, "sha256")[:MAC_BYTES]


def test_all_that_can_be_asked_is_tried_here() -> None:
    assert set(ListQuestion._fields) == {*OTHERS, "limit", "after", "picture_hash"}


@pytest.mark.parametrize(("name", "value"), OTHERS.items(), ids=OTHERS)
def test_a_cursor_is_refused_where_anything_else_is_asked(name: str, value: Any) -> None:
    cursor = cursors.write(ASKED, PLACE)

    with pytest.raises(ForeignCursorError):
        cursors.resume(ASKED._replace(**{name: value}), cursor)


def test_a_cursor_of_those_who_see_something_else_is_refused() -> None:
    readers = {
        visible: Cursors(lambda: (b"secret",), visible)
        for visible in (None, (), ("family/",), ("family/", "trips/"), ("trips/",), ("family/ trips/",))
    }
    written = {visible: reader.write(ASKED, PLACE) for visible, reader in readers.items()}

    for visible, reader in readers.items():
        for other, cursor in written.items():
            if other == visible:
                assert reader.resume(ASKED, cursor).after == PLACE
            else:
                with pytest.raises(ForeignCursorError):
                    reader.resume(ASKED, cursor)


def test_a_cursor_does_not_tell_the_place_it_holds() -> None:
    cursor = cursors.write(ASKED, PLACE)

    content = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert not any(part.encode() in content for part in ("2026", "12:00", "0123456789ab", "#"))
    other = cursors.write(ASKED, PLACE[:-1] + "8")
    assert other[:24] != cursor[:24]
    assert other[24:] != cursor[24:], "a stream that served twice would give the difference of two places"


def test_a_cursor_goes_on_with_another_limit_and_in_another_case() -> None:
    cursor = cursors.write(ASKED, PLACE)

    again = ASKED._replace(labels=("CAT",), moderation="violence", camera="PIXEL 9", limit=7)
    assert cursors.resume(again, cursor) == again._replace(after=PLACE)


def test_a_cursor_goes_on_though_the_photo_whose_near_duplicates_are_shown_has_changed() -> None:
    asked = ASKED._replace(near_duplicates_of="a.jpg", picture_hash="0" * 16)
    cursor = cursors.write(asked, PLACE)

    again = asked._replace(picture_hash="1" * 16)
    assert cursors.resume(again, cursor) == again._replace(after=PLACE)


def test_a_cursor_is_taken_in_the_one_form_in_which_it_was_written() -> None:
    # Of so many bytes, the last letter has bits that mean nothing.
    place = PLACE[:-1]
    cursor = cursors.write(ASKED, place)
    same_bytes = [
        cursor[:-1] + letter
        for letter in f"{ascii_letters}{digits}-_"
        if urlsafe_b64decode(f"{cursor[:-1]}{letter}==") == urlsafe_b64decode(f"{cursor}==")
    ]
    others = {*same_bytes, f"{cursor}=", f"{cursor}\n", f" {cursor}", f"{cursor[:9]}!{cursor[9:]}"} - {cursor}

    assert len(others) >= 7
    for other in others:
        with pytest.raises(ForeignCursorError):
            cursors.resume(ASKED, other)
    assert cursors.resume(ASKED, cursor).after == place


def test_a_cursor_of_the_secret_before_is_taken_and_one_of_an_older_secret_is_not() -> None:
    cursor = Cursors(lambda: (b"old",)).write(ASKED, PLACE)

    assert Cursors(lambda: (b"new", b"old")).resume(ASKED, cursor).after == PLACE
    with pytest.raises(ForeignCursorError):
        Cursors(lambda: (b"newer", b"new")).resume(ASKED, cursor)
