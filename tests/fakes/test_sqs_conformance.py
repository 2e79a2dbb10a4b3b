"""SQS's promises that our code relies on, held by the fake, by moto and by the local cloud."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.fakes.places import differs
from tests.fakes.sqs import IMAGES, MAX_BYTES, MAX_VISIBILITY_SECONDS, FakeSQS

API = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference"
QUOTAS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"
REASON = {"Why": {"DataType": "String", "StringValue": "it was down"}}


@dataclass(frozen=True)
class OneQueue:
    """A queue, as a client sees it."""

    client: Any
    url: str

    def send(self, *bodies: str, **more: Any) -> Any:
        entries = [{"Id": str(n), "MessageBody": body, **more} for n, body in enumerate(bodies)]
        return self.client.send_message_batch(QueueUrl=self.url, Entries=entries)

    def receive(self, hold_seconds: int = 300, **more: Any) -> list[Any]:
        answer = self.client.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=hold_seconds, **more
        )
        found: list[Any] = answer.get("Messages", [])
        return found

    def change(self, seconds: int, *receipts: str) -> Any:
        entries = [
            {"Id": str(n), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
            for n, receipt in enumerate(receipts)
        ]
        return self.client.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)

    def delete(self, *receipts: str) -> Any:
        entries = [{"Id": str(n), "ReceiptHandle": receipt} for n, receipt in enumerate(receipts)]
        return self.client.delete_message_batch(QueueUrl=self.url, Entries=entries)

    def counts(self) -> tuple[int, int, int]:
        """Return how many messages are visible, in flight and delayed."""
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        told = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        visible, in_flight, delayed = (int(told[name]) for name in names)
        return visible, in_flight, delayed


@pytest.fixture
def client(new_client: Callable[[str], Any]) -> Any:
    return new_client("sqs")


@pytest.fixture
def new_queue(client: Any) -> Iterator[Callable[..., OneQueue]]:
    made: list[str] = []

    def create(**attributes: str) -> OneQueue:
        made.append(client.create_queue(QueueName=f"q-{uuid4().hex}", Attributes=attributes)["QueueUrl"])
        return OneQueue(client, made[-1])

    yield create
    if not isinstance(client, FakeSQS):
        for url in made:
            client.delete_queue(QueueUrl=url)


@pytest.fixture
def queue(new_queue: Callable[..., OneQueue]) -> OneQueue:
    return new_queue()


def only(messages: list[Any]) -> Any:
    (message,) = messages
    return message


def faults(answer: Any) -> list[tuple[str, str]]:
    """Return the failed entries with their codes; each is the sender's fault."""
    failed = answer.get("Failed", [])
    assert all(entry["SenderFault"] for entry in failed)
    return [(entry["Id"], entry["Code"]) for entry in failed]


def code_of(refusal: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refusal.value.response["Error"]["Code"]).removeprefix("AWS.SimpleQueueService.")


def test_what_is_sent_is_received_with_the_attributes_that_are_asked_for(queue: OneQueue) -> None:
    before = time.time()
    queue.send("one", MessageAttributes=REASON)

    plain = only(queue.receive(0))
    assert "Attributes" not in plain
    assert "MessageAttributes" not in plain
    asked = only(
        queue.receive(
            MessageAttributeNames=["Why"],
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
        )
    )
    assert asked["Body"] == "one"
    assert asked["MessageId"] == plain["MessageId"]
    assert {name: value["StringValue"] for name, value in asked["MessageAttributes"].items()} == {
        "Why": "it was down"
    }
    assert asked["Attributes"]["ApproximateReceiveCount"] == "2"
    sent_at = int(asked["Attributes"]["SentTimestamp"]) / 1000
    if not isinstance(queue.client, FakeSQS):
        assert before - 1 <= sent_at <= time.time() + 1


def test_a_message_in_flight_is_hidden_until_it_is_let_go_of(queue: OneQueue) -> None:
    queue.send("one")
    first = only(queue.receive())

    assert queue.receive() == []
    assert queue.counts() == (0, 1, 0)
    assert faults(queue.change(0, first["ReceiptHandle"])) == []
    assert queue.counts() == (1, 0, 0)
    assert only(queue.receive())["ReceiptHandle"] != first["ReceiptHandle"]


def test_a_message_that_is_not_held_is_there_at_once(queue: OneQueue) -> None:
    queue.send("one")

    assert [message["Body"] for _ in range(3) for message in queue.receive(0)] == ["one"] * 3


def test_a_delayed_message_is_neither_visible_nor_in_flight(queue: OneQueue) -> None:
    queue.client.send_message(QueueUrl=queue.url, MessageBody="later", DelaySeconds=900)

    assert queue.receive() == []
    assert queue.counts() == (0, 0, 1)


@differs(local_cloud=f"hides it for days: {API}/API_ChangeMessageVisibility.html")
def test_more_than_twelve_hours_are_refused_and_the_other_entries_done(queue: OneQueue) -> None:
    queue.send("one", "other")
    one, other = queue.receive()
    entries = [
        {"Id": "a", "ReceiptHandle": one["ReceiptHandle"], "VisibilityTimeout": MAX_VISIBILITY_SECONDS + 1},
        {"Id": "b", "ReceiptHandle": other["ReceiptHandle"], "VisibilityTimeout": 0},
    ]

    answer = queue.client.change_message_visibility_batch(QueueUrl=queue.url, Entries=entries)

    assert faults(answer) == [("a", "InvalidParameterValue")]
    assert [done["Id"] for done in answer["Successful"]] == ["b"]
    assert [message["Body"] for message in queue.receive()] == [other["Body"]]


def test_twelve_hours_count_from_the_receive_however_often_they_are_begun_anew() -> None:
    """Only the fake has a clock that a test can set."""
    sqs = FakeSQS()
    queue = OneQueue(sqs, IMAGES)
    queue.send("one")
    receipt = only(queue.receive())["ReceiptHandle"]

    assert faults(queue.change(MAX_VISIBILITY_SECONDS, receipt)) == []
    sqs.now += 3600
    assert faults(queue.change(MAX_VISIBILITY_SECONDS, receipt)) == [("0", "InvalidParameterValue")]
    assert faults(queue.change(MAX_VISIBILITY_SECONDS - 3600, receipt)) == []
    sqs.now += MAX_VISIBILITY_SECONDS - 3601
    assert queue.receive() == []
    sqs.now += 1
    assert only(queue.receive())["Body"] == "one"


@differs(
    moto=f"hides it again: {API}/API_ChangeMessageVisibility.html",
    local_cloud=f"hides it again: {API}/API_ChangeMessageVisibility.html",
)
def test_a_message_that_is_no_longer_in_flight_is_not_hidden_again(queue: OneQueue) -> None:
    """Whether SQS then reports a failure is open; its document says that it might."""
    queue.send("one")
    receipt = only(queue.receive(0))["ReceiptHandle"]

    queue.change(600, receipt)

    assert only(queue.receive())["Body"] == "one"


def test_what_was_deleted_cannot_be_hidden_and_that_is_told_by_entry(queue: OneQueue) -> None:
    queue.send("one", "other")
    one, other = queue.receive()
    queue.delete(one["ReceiptHandle"])

    answer = queue.change(600, one["ReceiptHandle"], other["ReceiptHandle"])

    assert [entry for entry, _ in faults(answer)] == ["0"]
    assert [done["Id"] for done in answer["Successful"]] == ["1"]


def test_what_is_no_receipt_handle_is_told_by_entry(queue: OneQueue) -> None:
    assert faults(queue.change(0, "nonsense")) == [("0", "ReceiptHandleIsInvalid")]
    assert faults(queue.delete("nonsense")) == [("0", "ReceiptHandleIsInvalid")]


@differs(
    moto=f"deletes it: {API}/API_DeleteMessage.html",
    local_cloud=f"reports a failure: {API}/API_DeleteMessage.html",
)
def test_with_the_handle_of_an_earlier_receive_deleting_succeeds_and_the_message_stays(
    queue: OneQueue,
) -> None:
    queue.send("one")
    stale = only(queue.receive(0))["ReceiptHandle"]
    current = only(queue.receive())["ReceiptHandle"]

    assert faults(queue.delete(stale)) == []
    assert queue.counts() == (0, 1, 0)
    assert faults(queue.delete(current)) == []
    assert queue.counts() == (0, 0, 0)


def test_a_message_that_came_back_can_still_be_deleted_until_somebody_receives_it(queue: OneQueue) -> None:
    queue.send("one")
    receipt = only(queue.receive(0))["ReceiptHandle"]

    assert faults(queue.delete(receipt)) == []
    assert queue.receive() == []


@differs(local_cloud=f"reports a failure: {API}/API_DeleteMessage.html")
def test_deleting_again_succeeds(queue: OneQueue) -> None:
    queue.send("one")
    receipt = only(queue.receive())["ReceiptHandle"]

    assert [faults(queue.delete(receipt)) for _ in range(2)] == [[], []]


BATCHES = {
    "EmptyBatchRequest": [],
    "TooManyEntriesInBatchRequest": [str(n) for n in range(11)],
    "BatchEntryIdsNotDistinct": ["a", "a"],
    "InvalidBatchEntryId": ["a b"],
}


@pytest.mark.parametrize("code", BATCHES)
def test_a_batch_that_is_none_is_refused_as_a_whole(queue: OneQueue, code: str) -> None:
    entries = [{"Id": identifier, "MessageBody": "body"} for identifier in BATCHES[code]]
    with pytest.raises(ClientError) as refusal:
        queue.client.send_message_batch(QueueUrl=queue.url, Entries=entries)

    assert code_of(refusal) == code
    assert queue.receive() == []


def test_ten_messages_of_just_a_mebibyte_together_are_taken_and_no_byte_more(queue: OneQueue) -> None:
    bodies = ["x" * (MAX_BYTES // 10)] * 9
    bodies.append("x" * (MAX_BYTES - sum(map(len, bodies))))
    assert len(queue.send(*bodies)["Successful"]) == 10

    with pytest.raises(ClientError) as refusal:
        queue.send(*bodies[:-1], bodies[-1] + "x")

    assert code_of(refusal) == "BatchRequestTooLong"
    assert queue.counts() == (10, 0, 0)


@differs(moto=f"counts characters: {QUOTAS}")
def test_a_message_of_more_than_a_mebibyte_is_refused(queue: OneQueue) -> None:
    with pytest.raises(ClientError) as refusal:
        queue.client.send_message(QueueUrl=queue.url, MessageBody="ü" * (MAX_BYTES // 2) + "x")

    assert code_of(refusal) == "InvalidParameterValue"


@differs(moto=f"counts bodies alone: {QUOTAS}", local_cloud=f"counts bodies alone: {QUOTAS}")
def test_attributes_count_towards_the_size(queue: OneQueue) -> None:
    queue.client.send_message(
        QueueUrl=queue.url,
        MessageBody="x" * (MAX_BYTES - len("WhyStringit was down")),
        MessageAttributes=REASON,
    )
    with pytest.raises(ClientError) as refusal:
        queue.client.send_message(
            QueueUrl=queue.url,
            MessageBody="x" * (MAX_BYTES - len("WhyStringit was down") + 1),
            MessageAttributes=REASON,
        )

    assert code_of(refusal) == "InvalidParameterValue"


@differs(moto=f"takes it in a batch: {API}/API_SendMessageBatch.html")
def test_a_character_that_no_message_may_have_costs_only_its_own_entry(queue: OneQueue) -> None:
    answer = queue.send("a\x01b", "fine \U0001f600\r\n")

    assert faults(answer) == [("0", "InvalidMessageContents")]
    assert [message["Body"] for message in queue.receive()] == ["fine \U0001f600\r\n"]
    with pytest.raises(ClientError) as refusal:
        queue.client.send_message(QueueUrl=queue.url, MessageBody="a\uffffb")
    assert code_of(refusal) == "InvalidMessageContents"


def test_no_more_than_ten_are_received_at_once(queue: OneQueue) -> None:
    with pytest.raises(ClientError) as refusal:
        queue.client.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=11)

    assert code_of(refusal) in {"InvalidParameterValue", "ReadCountOutOfRange"}


@differs(local_cloud=f"takes it: {API}/API_ReceiveMessage.html")
@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        # The local cloud does wait so long.
        pytest.param("receive_message", {"WaitTimeSeconds": 21}, marks=pytest.mark.nightly),
        ("receive_message", {"VisibilityTimeout": MAX_VISIBILITY_SECONDS + 1}),
        ("send_message", {"MessageBody": "x", "DelaySeconds": 901}),
    ],
    ids=str,
)
def test_what_is_out_of_range_is_refused(queue: OneQueue, operation: str, asked: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refusal:
        getattr(queue.client, operation)(QueueUrl=queue.url, **asked)

    assert code_of(refusal) == "InvalidParameterValue"


def test_a_message_that_was_received_too_often_is_a_dead_letter_under_its_own_id_and_time(
    new_queue: Callable[..., OneQueue],
) -> None:
    dead_letters = new_queue()
    arn = dead_letters.client.get_queue_attributes(QueueUrl=dead_letters.url, AttributeNames=["QueueArn"])
    policy = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": "2"}
    queue = new_queue(RedrivePolicy=json.dumps(policy))
    queue.send("one", MessageAttributes=REASON)
    asked: Any = {"MessageAttributeNames": ["Why"], "MessageSystemAttributeNames": ["SentTimestamp"]}

    received = [only(queue.receive(0, **asked)) for _ in range(2)]
    assert queue.receive(0, **asked) == []
    dead = only(dead_letters.receive(0, **asked))

    assert queue.counts() == (0, 0, 0)
    for message in (*received, dead):
        del message["ReceiptHandle"]
    assert dead == received[0] == received[1]


def test_a_queue_that_is_not_there_is_told_as_that(client: Any, queue: OneQueue) -> None:
    missing = OneQueue(client, f"{queue.url}-not")
    for call in (missing.receive, missing.counts, lambda: missing.send("x")):
        with pytest.raises(ClientError) as refusal:
            call()
        assert code_of(refusal) in {"NonExistentQueue", "QueueDoesNotExist"}
