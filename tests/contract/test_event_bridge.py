"""What EventBridge says of a bucket is what S3 says of it."""

import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import PermanentError
from contract.notifications import ImageEvent, ObjectChange, parse
from tests.fakes.event_bridge import as_event

NAMES = (
    "ObjectCreated:Put",
    "ObjectCreated:Post",
    "ObjectCreated:Copy",
    "ObjectCreated:CompleteMultipartUpload",
    "ObjectRemoved:Delete",
    "ObjectRemoved:DeleteMarkerCreated",
    "LifecycleExpiration:Delete",
    "LifecycleExpiration:DeleteMarkerCreated",
    "ObjectRestore:Completed",
)
# As it stands on the page: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
DOCUMENTED = {
    "version": "0",
    "id": "17793124-05d4-b198-2fde-7ededc63b103",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "account": "111122223333",
    "time": "2021-11-12T00:00:00Z",
    "region": "ca-central-1",
    "resources": ["arn:aws:s3:::amzn-s3-demo-bucket1"],
    "detail": {
        "version": "0",
        "event-version": "1.1",
        "bucket": {
            "name": "amzn-s3-demo-bucket1",
            "aws-generated-tags": {"aws:cloudformation:logical-id": "S3DemoBucket"},
        },
        "object": {
            "key": "example-key",
            "size": 5,
            "etag": "b1946ac92492d2347c6235b4d2611184",
            "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
            "sequencer": "617f08299329d189",
        },
        "request-id": "N4N7GDK58NMKJ12R",
        "requester": "123456789012",
        "source-ip-address": "1.2.3.4",
        "reason": "PutObject",
    },
}

keys = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)


def read(event: dict[str, Any], bucket: str = "photos") -> ImageEvent:
    (found,) = parse(json.dumps(event), bucket)
    return found


def test_the_documented_event_is_read() -> None:
    event = read(DOCUMENTED, "amzn-s3-demo-bucket1")

    assert event.version is not None
    assert (event.key, event.change, event.name) == ("example-key", ObjectChange.CREATED, "ObjectCreated:Put")
    assert event.sequencer == "617F08299329D189"
    assert event.version.version_id == "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"
    assert (event.version.etag, event.version.size_bytes) == ("b1946ac92492d2347c6235b4d2611184", 5)
    assert event.occurred_at == "2021-11-12T00:00:00.000Z", "in the text order of all times"


@given(
    key=keys,
    name=st.sampled_from(NAMES),
    version_id=st.sampled_from([None, "null", "v1"]),
    sequencer=st.sampled_from([None, "00A0", "0055AED6DCD90281E5"]),
)
def test_both_ways_say_the_same(key: str, name: str, version_id: str | None, sequencer: str | None) -> None:
    described: dict[str, Any] = {"key": quote_plus(key), "size": 7, "eTag": "abc"}
    described |= {"versionId": version_id} if version_id else {}
    described |= {"sequencer": sequencer} if sequencer else {}
    record = {
        "eventName": name,
        "eventTime": "2026-11-23T12:00:00.000Z",
        "s3": {"bucket": {"name": "photos"}, "object": described},
    }

    (by_s3,) = parse(json.dumps({"Records": [record]}), "photos")

    assert read(as_event(record)) == by_s3


@pytest.mark.parametrize("key", ["a+b c%20.jpg", "urlaub/Straße 1.jpg", "50%.jpg"])
def test_a_key_is_taken_as_it_is(key: str) -> None:
    told = DOCUMENTED["detail"] | {"bucket": {"name": "photos"}}  # type: ignore[operator]
    told["object"] = told["object"] | {"key": key}

    assert read(DOCUMENTED | {"detail": told}).key == key


def deleted(**particulars: str) -> dict[str, Any]:
    told = {
        "bucket": {"name": "photos"},
        "object": {"key": "a.jpg", "version-id": "v1", "sequencer": "0B"},
        **{name.replace("_", "-"): value for name, value in particulars.items()},
    }
    return DOCUMENTED | {"detail-type": "Object Deleted", "detail": told}


@pytest.mark.parametrize(
    ("particulars", "change"),
    [
        ({"reason": "DeleteObject", "deletion_type": "Delete Marker Created"}, ObjectChange.REMOVED),
        ({"reason": "Lifecycle Expiration", "deletion_type": "Delete Marker Created"}, ObjectChange.REMOVED),
        ({"reason": "DeleteObject", "deletion_type": "Permanently Deleted"}, ObjectChange.UNKNOWN),
        ({"reason": "Lifecycle Expiration", "deletion_type": "Permanently Deleted"}, ObjectChange.UNKNOWN),
        ({"reason": "DeleteObject"}, ObjectChange.UNKNOWN),
        ({"reason": "Of The Future", "deletion_type": "Of The Future"}, ObjectChange.UNKNOWN),
    ],
)
def test_only_a_delete_marker_is_taken_at_its_word(particulars: dict[str, str], change: ObjectChange) -> None:
    assert read(deleted(**particulars)).change is change


@pytest.mark.parametrize(
    "unreadable",
    [
        {"detail-type": "Object Created"},
        DOCUMENTED | {"source": "my.own"},
        DOCUMENTED | {"detail-type": "Object Tags Added"},
        DOCUMENTED | {"time": "yesterday"},
        DOCUMENTED | {"detail": None},
        DOCUMENTED | {"detail": {"bucket": {"name": "photos"}, "object": {"key": None}}},
        DOCUMENTED | {"detail": {"bucket": {"name": "photos"}, "object": {"key": "\ud800"}}},
    ],
)
def test_what_says_nothing_of_an_object_is_unreadable(unreadable: dict[str, Any]) -> None:
    with pytest.raises(PermanentError) as raised:
        read(unreadable)

    assert raised.value.code == "UnreadableMessage"


def test_an_event_of_another_bucket_is_refused_by_name() -> None:
    with pytest.raises(PermanentError, match="'amzn-s3-demo-bucket1'"):
        read(DOCUMENTED, "photos")
