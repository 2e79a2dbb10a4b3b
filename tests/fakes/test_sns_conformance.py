"""SNS's promises that our code relies on, held by the fake, by moto and by the local cloud."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.end_to_end.conftest import taking_from
from tests.fakes.places import differs
from tests.fakes.sns import MAX_BYTES, FakeSNS

API = "https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html"
STATUS = {"DataType": "String", "StringValue": "recognized"}
DETECTORS = {"DataType": "String.Array", "StringValue": '["faces", "labels"]'}


@dataclass(frozen=True)
class Topic:
    """A topic, as a client sees it."""

    client: Any
    arn: str

    def publish(self, *entries: Any) -> Any:
        return self.client.publish_batch(TopicArn=self.arn, PublishBatchRequestEntries=list(entries))


@pytest.fixture
def topic(new_client: Callable[[str], Any]) -> Iterator[Topic]:
    client = new_client("sns")
    arn = client.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    yield Topic(client, arn)
    if not isinstance(client, FakeSNS):
        client.delete_topic(TopicArn=arn)


def entry(identifier: str, message: str = "{}", **attributes: Any) -> Any:
    return {"Id": identifier, "Message": message, "MessageAttributes": attributes}


def ids(answer: Any) -> tuple[list[str], list[str]]:
    """Return the ids of those that were taken, and of those that were not."""
    failed = answer.get("Failed", [])
    assert all(each["SenderFault"] and each["Code"] for each in failed)
    return [each["Id"] for each in answer.get("Successful", [])], [each["Id"] for each in failed]


def test_ten_messages_are_taken_at_once(topic: Topic) -> None:
    taken, failed = ids(topic.publish(*(entry(str(n), status=STATUS) for n in range(10))))

    assert sorted(taken) == [str(n) for n in range(10)]
    assert failed == []


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("TooManyEntriesInBatchRequest", [str(n) for n in range(11)]),
        ("BatchEntryIdsNotDistinct", ["a", "a"]),
    ],
)
def test_a_batch_that_is_none_is_refused_as_a_whole(topic: Topic, code: str, names: list[str]) -> None:
    with pytest.raises(ClientError) as refusal:
        topic.publish(*map(entry, names))

    assert refusal.value.response["Error"]["Code"] == code


@differs(moto=f"takes it: {API}", local_cloud=f"takes it: {API}")
def test_an_id_of_other_characters_is_refused_as_a_whole(topic: Topic) -> None:
    with pytest.raises(ClientError) as refusal:
        topic.publish(entry("a b"))

    assert refusal.value.response["Error"]["Code"] == "InvalidBatchEntryId"


def test_a_batch_of_just_256_kib_is_taken(topic: Topic) -> None:
    half = json.dumps("x" * (MAX_BYTES // 2 - 2))

    assert ids(topic.publish(entry("a", half), entry("b", half))) == (["a", "b"], [])


@differs(moto=f"measures each message alone: {API}", local_cloud=f"measures each message alone: {API}")
def test_a_batch_that_is_too_long_together_is_refused_as_a_whole(topic: Topic) -> None:
    half = json.dumps("x" * (MAX_BYTES // 2 - 2))
    with pytest.raises(ClientError) as refusal:
        topic.publish(entry("a", half), entry("b", half, status=STATUS))

    assert refusal.value.response["Error"]["Code"] == "BatchRequestTooLong"


@differs(local_cloud="takes it: https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html")
def test_an_empty_attribute_is_refused(topic: Topic) -> None:
    empty = {"DataType": "String", "StringValue": ""}
    with pytest.raises(ClientError) as refusal:
        topic.publish(entry("a", status=empty), entry("b", status=STATUS))

    assert refusal.value.response["Error"]["Code"] == "InvalidParameter"


def test_a_topic_that_is_not_there_is_told_as_that(topic: Topic) -> None:
    with pytest.raises(ClientError) as refusal:
        Topic(topic.client, f"{topic.arn}-not").publish(entry("a"))

    assert refusal.value.response["Error"]["Code"] in {"NotFound", "NotFoundException"}


@pytest.mark.parametrize("place", ["moto", "local cloud"], indirect=True)  # nothing is subscribed to the fake
def test_raw_delivery_hands_over_the_message_as_it_is_with_its_attributes(
    topic: Topic, new_client: Callable[[str], Any]
) -> None:
    sqs = new_client("sqs")
    urls = [sqs.create_queue(QueueName=f"{kind}-{uuid4().hex}")["QueueUrl"] for kind in ("raw", "wrapped")]
    for url, is_raw in zip(urls, ("true", "false"), strict=True):
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        queue = told["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": taking_from(topic.arn, queue)})
        topic.client.subscribe(
            TopicArn=topic.arn,
            Protocol="sqs",
            Endpoint=queue,
            Attributes={"RawMessageDelivery": is_raw},
        )

    topic.publish(entry("a", '{"key": "ü.jpg"}', status=STATUS, detectors=DETECTORS))

    raw, wrapped = (
        sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=10)["Messages"][0]
        for url in urls
    )
    assert raw["Body"] == '{"key": "ü.jpg"}'
    attributes = {
        name: {kind: value[kind] for kind in STATUS} for name, value in raw["MessageAttributes"].items()
    }
    assert attributes == {"status": STATUS, "detectors": DETECTORS}
    envelope = json.loads(wrapped["Body"])
    assert (envelope["Type"], envelope["Message"]) == ("Notification", raw["Body"])
    assert envelope["MessageAttributes"]["status"] == {"Type": "String", "Value": "recognized"}
    for url in urls:
        sqs.delete_queue(QueueUrl=url)
