"""What a message in the queue says."""

import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import PermanentError
from contract.notifications import LOOK_AGAIN, ObjectChange, look_again, parse

keys = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)


def record(key: str, event: str = "ObjectCreated:Put", **described: Any) -> dict[str, Any]:
    return {
        "eventName": event,
        "eventTime": "2026-11-23T12:00:00.000Z",
        "s3": {
            "bucket": {"name": "photos"},
            "object": {"key": key, "size": 7, "eTag": "abc", "sequencer": "00A0", **described},
        },
    }


def body(*records: dict[str, Any]) -> str:
    return json.dumps({"Records": list(records)})


@given(keys)
def test_every_key_survives_the_encoding_that_s3_gives_it(key: str) -> None:
    (event,) = parse(body(record(quote_plus(key))), "photos")

    assert event.key == key
    assert event.version is not None
    assert event.version.key == key


@given(keys)
def test_a_key_to_look_at_again_is_not_encoded_and_not_decoded(key: str) -> None:
    (event,) = parse(look_again("photos", [key], "2026-11-23T12:00:00.000Z"), "photos")

    assert (event.key, event.change, event.sequencer) == (key, ObjectChange.UNKNOWN, "")
    assert (event.name, event.wants_a_look) == (LOOK_AGAIN, True)
    assert event.id == f"{LOOK_AGAIN} 2026-11-23T12:00:00.000Z"


@pytest.mark.parametrize(
    ("name", "version_id", "change"),
    [
        ("ObjectCreated:Put", "v1", ObjectChange.CREATED),
        ("ObjectCreated:CompleteMultipartUpload", None, ObjectChange.CREATED),
        ("s3:ObjectCreated:Copy", "v1", ObjectChange.CREATED),
        ("ObjectRemoved:DeleteMarkerCreated", "v2", ObjectChange.REMOVED),
        ("LifecycleExpiration:DeleteMarkerCreated", "v2", ObjectChange.REMOVED),
        ("ObjectRemoved:Delete", None, ObjectChange.UNKNOWN),
        ("ObjectRemoved:Delete", "null", ObjectChange.UNKNOWN),
        ("ObjectRemoved:DeleteMarkerCreated", "null", ObjectChange.REMOVED),
        ("ObjectRemoved:Delete", "v1", ObjectChange.UNKNOWN),
        ("LifecycleExpiration:Delete", "v1", ObjectChange.UNKNOWN),
        ("ObjectRestore:Completed", "v1", ObjectChange.UNKNOWN),
    ],
)
def test_an_event_says_no_more_than_it_knows(name: str, version_id: str | None, change: ObjectChange) -> None:
    (event,) = parse(body(record("a.jpg", name, versionId=version_id)), "photos")

    assert event.change is change
    assert (event.version is not None) == (change is ObjectChange.CREATED)


def test_the_test_event_has_no_work_in_it() -> None:
    assert parse('{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"photos"}', "photos") == ()


@pytest.mark.parametrize(
    "unreadable",
    [
        "",
        "not json",
        "null",
        "[]",
        "3",
        "{}",
        '{"Records": 3}',
        '{"Records": [{}]}',
        body(record("a", "ObjectCreated:Put", sequencer=None, size="x")),
    ],
)
def test_what_is_not_ours_is_called_unreadable(unreadable: str) -> None:
    with pytest.raises(PermanentError) as raised:
        parse(unreadable, "photos")

    assert raised.value.code == "UnreadableMessage"


def test_an_event_of_another_bucket_is_refused_by_name() -> None:
    with pytest.raises(PermanentError, match="'other'"):
        parse(body(record("a.jpg")), "other")
