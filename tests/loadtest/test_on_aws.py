"""What differs on AWS, against moto: permissions, counts in the table, signed questions."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from typing import Any

import boto3
import pytest
from moto import mock_aws

from contract.metrics import Metric
from contract.table import counts_key
from infra.settings import DeploymentSettings
from loadtest import LoadtestError
from loadtest.api_load import pause_seconds
from loadtest.completions import following
from loadtest.gauges import ALL, OperationCounts, calls_in_the_table
from loadtest.photos import PhotoTracker, PhotoUpload, Uploader
from loadtest.scenario import ApiLoad, Phase
from loadtest.stack import Stack, stack_outputs
from loadtest.verifying import Api

REGION = "eu-central-1"


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        topic = boto3.client("sns", region_name=REGION).create_topic(Name="completions")["TopicArn"]
        boto3.client("dynamodb", region_name=REGION).create_table(
            TableName="records",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        )
        api = f"https://abc.execute-api.{REGION}.amazonaws.com"
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="photos")
        outputs = {"region": REGION, "topic_arn": topic, "table": "records", "api_url": api}
        yield Stack({**outputs, "bucket": "photos"})


def uploader(stack: Stack) -> Uploader:
    return Uploader(stack, PhotoTracker(), clock=lambda: 7.0, stopping=threading.Event())


def drawn(photos: int) -> Iterator[PhotoUpload]:
    return (PhotoUpload(f"loadtest/{number}.jpg", number, b"bytes") for number in range(photos))


def test_completions_are_followed_and_nothing_is_left_behind(stack: Stack) -> None:
    with following(stack) as completions:
        policy = stack.sqs.get_queue_attributes(QueueUrl=completions.url, AttributeNames=["Policy"])
        stack.sns.publish(TopicArn=stack.outputs["topic_arn"], Message=json.dumps({"key": "a.jpg"}))
        heard = completions.receive(wait_seconds=0)

    (statement,) = json.loads(policy["Attributes"]["Policy"])["Statement"]
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == stack.outputs["topic_arn"]
    assert heard == [{"key": "a.jpg"}]
    assert stack.sqs.list_queues().get("QueueUrls", []) == []
    assert stack.sns.list_subscriptions()["Subscriptions"] == []


def test_they_are_removed_after_a_fault_too(stack: Stack) -> None:
    with pytest.raises(KeyboardInterrupt), following(stack):
        raise KeyboardInterrupt

    assert stack.sqs.list_queues().get("QueueUrls", []) == []
    assert stack.sns.list_subscriptions()["Subscriptions"] == []


def test_calls_are_added_up_over_midnight(stack: Stack) -> None:
    for day, made in (("2026-11-22", 5), ("2026-11-23", 2), ("2026-11-20", 100)):
        at = counts_key(day)
        item = {"pk": {"S": at.pk}, "sk": {"S": at.sk}, Metric.CALLS_MADE.value: {"N": str(made)}}
        stack.dynamodb.put_item(TableName="records", Item=item)
    just_after_midnight = 1_795_392_060.0  # 2026-11-23T00:01 UTC

    counted = calls_in_the_table(stack, just_after_midnight)

    assert counted == OperationCounts({ALL: 7}, {ALL: 0})


def test_questions_are_signed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[urllib.request.Request] = []

    class Answer:
        status = 200

        def __enter__(self) -> Answer:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def read(self) -> bytes:
            return b'{"images": []}'

    def opened(_: Any, request: urllib.request.Request, timeout: float) -> Answer:
        asked.append(request)
        return Answer()

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", opened)

    assert Api(stack).ask("/images", label="Cat & Dog") == (200, {"images": []})
    assert asked[0].full_url.endswith("/images?label=Cat+%26+Dog")
    assert f"{REGION}/execute-api/aws4_request" in (asked[0].get_header("Authorization") or "")


def test_a_question_that_came_too_fast_is_asked_again_and_no_photo_is_taken_for_lost(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([429, 429, 404])
    slept: list[float] = []

    def opened(_: Any, request: urllib.request.Request, timeout: float) -> None:
        raise urllib.error.HTTPError(request.full_url, next(answers), "", Message(), None)

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", opened)

    assert Api(stack, slept.append).ask("/images", key="a.jpg") == (404, None)
    assert len(slept) == 2


def test_users_of_the_api_together_ask_no_more_than_its_throttle_takes() -> None:
    load = ApiLoad(users=8, seconds=30)

    assert load.users / pause_seconds(load) < DeploymentSettings().api_costly_requests_a_second


def test_another_kind_of_stack_is_told_by_what_it_lacks() -> None:
    with pytest.raises(LoadtestError, match="has no output Table, TopicArn"):
        stack_outputs("other", {"Bucket": "photos"})


def test_photos_that_s3_has_taken_are_noted_with_the_time(stack: Stack) -> None:
    putting = uploader(stack)
    putting.run(Phase("photos", 40), drawn(40))

    listed = stack.s3.list_objects_v2(Bucket="photos")["Contents"]
    assert sorted(photo.key for photo in putting.tracker.photos()) == [found["Key"] for found in listed]
    assert {photo.sent_at for photo in putting.tracker.photos()} == {7.0}


def test_a_photo_that_s3_does_not_take_ends_the_run(stack: Stack) -> None:
    nowhere = Stack({**stack.outputs, "bucket": "nowhere"})

    with pytest.raises(LoadtestError, match=r"S3 did not take loadtest/\d+\.jpg: .*NoSuchBucket"):
        uploader(nowhere).run(Phase("photos", 5000), drawn(5000))


def test_told_to_stop_it_puts_no_more_in(stack: Stack) -> None:
    putting = uploader(stack)
    putting.stopping.set()
    putting.run(Phase("photos", 5000, per_second=0.01), drawn(5000))

    assert putting.tracker.counts() == (0, 0)
