"""Of a bucket that is not ours, commands see what is meant; and what EventBridge gave up is a dead letter."""

import json
from typing import Any

import pytest

from contract.dead_letters import advice, read
from contract.key_filter import KeyFilter
from operations.adapters.s3 import S3Bucket
from operations.wiring import Names
from tests.fakes.event_bridge import as_event
from tests.fakes.s3 import BUCKET, FakeS3
from tests.operations.world import AT_ONCE

OUTPUTS = {
    name: name
    for name in (
        "Bucket",
        "Table",
        "QueueUrl",
        "DeadLetterQueueUrl",
        "BulkQueueUrl",
        "BulkDeadLetterQueueUrl",
        "TopicArn",
        "ApiUrl",
    )
}


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", ["2026/a.jpg", "2026/b/c.JPG"]),
        ("2026/b", ["2026/b/c.JPG"]),
        ("20", ["2026/a.jpg", "2026/b/c.JPG"]),
        ("2025/", []),
    ],
)
def test_a_listing_shows_what_is_meant(prefix: str, expected: list[str]) -> None:
    s3 = FakeS3(page=1)
    for key in ("2025/a.jpg", "2026/a.jpg", "2026/a.txt", "2026/b/c.JPG", "a.jpg"):
        s3.put(key, b"JPEG")
    client: Any = s3
    bucket = S3Bucket(client, BUCKET, AT_ONCE, KeyFilter("2026/", (".jpg", ".JPG")))

    assert [listed.key for page in bucket.pages(prefix) for listed in page] == expected


def test_the_outputs_of_the_stack_say_what_is_meant() -> None:
    some = Names.of_stack("imagepipe", OUTPUTS | {"BucketPrefix": "2026/", "BucketSuffixes": ".jpg,.JPG"})

    assert some.keys == KeyFilter("2026/", (".jpg", ".JPG"))
    assert Names.of_stack("imagepipe", OUTPUTS).keys == KeyFilter()


def test_what_event_bridge_gave_up_says_why_and_which_photo() -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    event = as_event(FakeS3().put("2026/a b.jpg", b"JPEG"))
    attributes = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "not authorized", "RULE_ARN": "arn"}

    letter = read("1", json.dumps(event), "receipt", 1.0, attributes, queue="images", bucket_name=BUCKET)

    assert letter.keys == ("2026/a b.jpg",)
    assert str(letter.cause) == "delivery/Undelivered"
    assert letter.message == "EventBridge did not deliver it: NO_PERMISSIONS: not authorized"
    assert letter.is_readable
    assert letter.attempts == 0
    assert "deploy again" in " ".join(advice(letter.cause))
