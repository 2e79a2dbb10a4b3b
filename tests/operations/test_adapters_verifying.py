"""What verify and forget do on SQS, SNS, S3 and DynamoDB, as far as moto knows them."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from moto import mock_aws

from aws.calls import TableBatches
from contract.items import ItemKey, key_to_wire, to_wire
from contract.records import Status
from contract.table import record_key
from contract.tallies import counted_key
from operations.adapters.aws_errors import translated
from operations.adapters.dynamodb import DynamoDBTraces
from operations.adapters.s3 import ObjectVersion, S3Bucket
from operations.adapters.sqs import Subscriptions
from operations.inventory import TraceKind
from tests.operations.world import AT_ONCE
from tests.processors.test_conformance import create_table

REGION = "us-east-1"


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield


def test_a_queue_hears_what_is_published_and_nothing_is_left_of_it() -> None:
    sqs, sns = boto3.client("sqs", REGION), boto3.client("sns", REGION)
    topic = sns.create_topic(Name="completions")["TopicArn"]
    subscriptions = Subscriptions(sqs, sns, topic, AT_ONCE)

    url = subscriptions.make_queue("verify-1")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    (allowed,) = json.loads(attributes["Policy"])["Statement"]
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": topic}}
    arn = subscriptions.subscribe("verify-1")
    for body in ("one", "two"):
        sns.publish(TopicArn=topic, Message=body)

    assert sorted(subscriptions.receive(url, 0)) == ["one", "two"]
    assert subscriptions.receive(url, 0) == []
    assert subscriptions.queues("verify-") == [url]
    assert subscriptions.queues("others-") == []
    assert subscriptions.subscriptions("verify-") == [arn]
    assert subscriptions.subscriptions("others-") == []

    subscriptions.unsubscribe(arn)
    subscriptions.delete_queue(url)
    subscriptions.delete_queue(url)
    assert (subscriptions.queues("verify-"), subscriptions.subscriptions("verify-")) == ([], [])


def test_objects_are_put_copied_deleted_and_removed_with_all_their_versions() -> None:
    s3 = boto3.client("s3", REGION)
    s3.create_bucket(Bucket="photos")
    s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    objects = S3Bucket(s3, "photos", AT_ONCE)

    etag = objects.put("a.jpg", b"one")
    assert objects.copy("a.jpg", "b/c.jpg") == etag
    objects.delete("a.jpg")

    (copy,) = objects.versions("b/")
    assert copy == ObjectVersion("b/c.jpg", copy.version_id, etag, 3)
    assert copy.content_ids[0] == f"{etag}-3"
    first, marker = objects.versions("a.jpg")
    assert (first.content_ids[0], marker.content_ids) == (f"{etag}-3", ())
    for version in (first, marker, copy):
        objects.remove(version)
    assert list(objects.versions("")) == []


def test_what_has_come_back_to_life_is_not_removed() -> None:
    client = boto3.client("dynamodb", REGION)
    name = create_table(client, "images")
    gone = {"key": "a.jpg", "status": str(Status.DELETED)}
    living = {"key": "a2.jpg", "status": str(Status.RECOGNIZED), "etag": "e1", "size_bytes": 7}
    items: dict[ItemKey, dict[str, Any]] = {
        record_key("a.jpg"): gone,
        record_key("a2.jpg"): living,
        counted_key("a.jpg"): {"content": "e1-7"},
        counted_key("a2.jpg"): {"status": "recognized"},
        record_key("b.jpg"): {**gone, "key": "b.jpg"},
    }
    for at, item in items.items():
        client.put_item(TableName=name, Item={**to_wire(item), **key_to_wire(at)})
    with ThreadPoolExecutor(1) as executor:
        traces = DynamoDBTraces(
            client, name, AT_ONCE, TableBatches(client, name, translated, AT_ONCE, executor)
        )

        found = list(traces.find("a"))
        assert {(trace.kind, trace.key, trace.is_alive, trace.content_id) for trace in found} == {
            (TraceKind.SHARE, "a.jpg", False, "e1-7"),
            (TraceKind.SHARE, "a2.jpg", True, None),
            (TraceKind.RECORD, "a.jpg", False, None),
            (TraceKind.RECORD, "a2.jpg", True, "e1-7"),
        }
        for trace in found:
            traces.remove(trace)

        assert {(trace.kind, trace.key) for trace in traces.find("a")} == {
            (TraceKind.RECORD, "a2.jpg"),
            (TraceKind.SHARE, "a2.jpg"),
        }
