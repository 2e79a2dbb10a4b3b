"""The same behaviour on the queues in memory that other tests use, and on moto's."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from aws.queues import Outgoing, SqsQueue
from contract.errors import FAILURE_ATTRIBUTE, ConfigurationError
from loadtest.simulation.outages import client_error
from operations.adapters.sqs import queue_of
from tests.fakes.sqs import DEAD_LETTERS, FakeSQS
from tests.operations.world import AT_ONCE, queue


@pytest.fixture(params=["in memory", "moto"])
def some_queue(request: pytest.FixtureRequest) -> Iterator[SqsQueue]:
    if request.param == "in memory":
        yield queue(FakeSQS(), DEAD_LETTERS)
        return
    with mock_aws():
        client = boto3.client("sqs", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        url = client.create_queue(QueueName="dead")["QueueUrl"]
        yield queue_of(client, url, AT_ONCE)


def outgoing(count: int) -> list[Outgoing]:
    return [Outgoing(f"n{n}", f"body {n}") for n in range(count)]


def receive_all(some_queue: SqsQueue) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while received := some_queue.receive(10, 300, 0):
        found.update({message.id: message for message in received})
    return found


def test_what_is_sent_is_received(some_queue: SqsQueue) -> None:
    assert some_queue.send(outgoing(23)) == {}

    found = receive_all(some_queue)

    assert sorted(message.body for message in found.values()) == sorted(f"body {n}" for n in range(23))
    assert all(message.attributes == {} for message in found.values())
    assert all(message.sent_at > 1_700_000_000 for message in found.values())


def test_a_reason_is_received_with_its_message(some_queue: SqsQueue) -> None:
    reason: Any = {FAILURE_ATTRIBUTE: {"DataType": "String", "StringValue": "f"}}
    some_queue.client.send_message_batch(
        QueueUrl=some_queue.url, Entries=[{"Id": "1", "MessageBody": "b", "MessageAttributes": reason}]
    )

    (message,) = some_queue.receive(10, 300, 0)

    assert message.attributes == {FAILURE_ATTRIBUTE: "f"}


def test_held_messages_are_in_flight_until_they_are_let_go_of(some_queue: SqsQueue) -> None:
    some_queue.send(outgoing(12))
    found = receive_all(some_queue)
    assert (some_queue.depth().visible, some_queue.depth().in_flight) == (0, 12)

    some_queue.release([message.receipt_handle for message in found.values()])

    assert (some_queue.depth().visible, some_queue.depth().in_flight) == (12, 0)
    assert receive_all(some_queue).keys() == found.keys()


def test_deleted_messages_are_gone(some_queue: SqsQueue) -> None:
    some_queue.send(outgoing(12))
    found = receive_all(some_queue)

    assert some_queue.delete({message.id: message.receipt_handle for message in found.values()}) == {}
    assert some_queue.depth().total == 0


def test_nothing_to_do_is_no_call(some_queue: SqsQueue) -> None:
    assert some_queue.send([]) == {}
    assert some_queue.delete({}) == {}
    some_queue.release([])


def test_a_queue_that_is_not_there_is_a_matter_of_configuration() -> None:
    queues = FakeSQS()

    def missing(operation: str) -> None:
        raise client_error("AWS.SimpleQueueService.NonExistentQueue", operation)

    queues.calls.before = missing
    with pytest.raises(ConfigurationError, match="GetQueueAttributes"):
        queue(queues, DEAD_LETTERS).depth()


def test_what_was_not_sent_to_the_end_says_why() -> None:
    queues = FakeSQS()

    def throttle(operation: str) -> None:
        raise client_error("RequestThrottled", operation)

    queues.calls.before = throttle
    undone = queue(queues, DEAD_LETTERS).send(outgoing(2))

    assert undone.keys() == {"n0", "n1"}
    assert {error.code for error in undone.values()} == {"RequestThrottled"}


def test_a_throttled_call_is_made_again() -> None:
    queues = FakeSQS()

    def throttle_once(operation: str) -> None:
        queues.calls.before = lambda _: None
        raise client_error("RequestThrottled", operation)

    queues.calls.before = throttle_once
    assert queue(queues, DEAD_LETTERS).depth().total == 0
