"""Which keys are meant: here, in a listing, and in the pattern of a rule alike."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import eventbridge  # type: ignore[import-untyped]

from contract.key_filter import KeyFilter

characters = st.text("ab/.*\\", max_size=6)
filters = st.builds(KeyFilter, characters, st.lists(characters.filter(bool), max_size=3).map(tuple))


def is_let_through(chosen: KeyFilter, key: str) -> bool:
    """Return whether a pattern matches, as the local cloud's EventBridge reads it."""
    conditions = chosen.pattern()
    pattern = {"detail": {"object": {"key": conditions}}} if conditions else {"source": ["aws.s3"]}
    event = {
        "Source": "aws.s3",
        "DetailType": "Object Created",
        "Detail": json.dumps({"object": {"key": key}}),
    }
    return bool(eventbridge._matches_pattern(json.dumps(pattern), event))


@pytest.mark.parametrize(
    ("chosen", "key", "is_meant"),
    [
        (KeyFilter(), "a.jpg", True),
        (KeyFilter("photos/"), "photos/a.jpg", True),
        (KeyFilter("photos/"), "other/photos/a.jpg", False),
        (KeyFilter("", (".jpg", ".heic")), "a.heic", True),
        (KeyFilter("", (".jpg", ".heic")), "a.JPG", False),
        (KeyFilter("photos/", (".jpg",)), "photos/a.jpg", True),
        (KeyFilter("photos/", (".jpg",)), "photos/a.txt", False),
        (KeyFilter("photos/", (".jpg",)), "a.jpg", False),
        (KeyFilter("a.jpg", (".jpg",)), "a.jpg", False),
        (KeyFilter("2*/", (".jpg",)), "2026/a.jpg", False),
        (KeyFilter("2*/", (".jpg",)), "2*/a.jpg", True),
    ],
)
def test_both_ends_of_a_key_decide(chosen: KeyFilter, key: str, is_meant: bool) -> None:
    assert chosen.accepts(key) is is_meant


@given(chosen=filters, key=st.text("ab/.*\\", min_size=1, max_size=12))
def test_event_bridge_lets_through_what_is_meant(chosen: KeyFilter, key: str) -> None:
    assert is_let_through(chosen, key) is chosen.accepts(key)


@given(chosen=filters, key=st.text("ab/.*\\", min_size=1, max_size=12), asked=characters)
def test_what_is_meant_under_a_prefix_is_listed(chosen: KeyFilter, key: str, asked: str) -> None:
    listed = chosen.listed_prefix(asked)

    is_wanted = key.startswith(asked) and chosen.accepts(key)
    is_listed = listed is not None and key.startswith(listed)
    assert is_listed or not is_wanted
    assert listed is None or (listed.startswith(asked) and listed.startswith(chosen.prefix))
