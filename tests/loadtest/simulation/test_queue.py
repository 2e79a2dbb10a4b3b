import pytest

from contract.timing import VISIBILITY_SECONDS
from loadtest.simulation.clock import START, Clock
from loadtest.simulation.queue import VirtualPhoto, VirtualQueue
from local.rekognition.quotas import TokenBucket


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> VirtualQueue:
    return VirtualQueue("images", clock.now)


def photo(number: int = 0) -> VirtualPhoto:
    return VirtualPhoto("images", number, START)


def test_a_received_message_comes_back_after_the_visibility_timeout(
    clock: Clock, queue: VirtualQueue
) -> None:
    queue.put(photo())
    (message,) = queue.receive(10)
    clock.run(VISIBILITY_SECONDS - 1)
    assert queue.receive(10) == []
    clock.run(VISIBILITY_SECONDS + 1)
    assert queue.receive(10) == [message]
    assert message.receives == 2


def test_a_message_handed_back_comes_when_it_was_told_to(clock: Clock, queue: VirtualQueue) -> None:
    queue.put(photo())
    (message,) = queue.receive(10)
    assert message.receipt is not None
    queue.hide(message.receipt, 5)
    clock.run(4)
    assert queue.visible() == 0
    clock.run(6)
    assert queue.visible() == 1


def test_a_deleted_message_never_comes_back(clock: Clock, queue: VirtualQueue) -> None:
    queue.put(photo())
    queue.delete(queue.receive(1)[0])
    clock.run(2 * VISIBILITY_SECONDS)
    assert queue.empty()


def test_sqs_buries_what_was_received_more_often_than_the_redrive_policy_has_it(clock: Clock) -> None:
    queue = VirtualQueue("images", clock.now, most_receives=3)
    queue.put(photo())
    for _ in range(3):
        assert len(queue.receive(1)) == 1
        clock.run(clock.seconds + VISIBILITY_SECONDS + 1)
    assert queue.receive(1) == []
    assert [message.key for _, message in queue.buried] == [photo().key]
    assert queue.empty()


def test_what_is_older_than_the_retention_vanishes(clock: Clock) -> None:
    queue = VirtualQueue("images", clock.now, retention_seconds=86_400)
    queue.put(photo())
    clock.run(86_000)
    (message,) = queue.receive(1)
    clock.run(86_000 + VISIBILITY_SECONDS + 100)
    assert queue.receive(1) == []
    assert (queue.expired, queue.buried, queue.empty()) == ([message], [], True)


def test_a_copy_that_is_sent_anew_is_as_old_as_its_sending(clock: Clock) -> None:
    queue = VirtualQueue("images", clock.now, retention_seconds=100)
    clock.run(90)
    queue.send(photo().notification(), {}, 0)
    clock.run(150)
    assert [message.receives for message in queue.receive(1)] == [1]


def test_a_message_sent_with_a_delay_is_there_after_it(clock: Clock, queue: VirtualQueue) -> None:
    queue.send(photo(3).notification(), {}, 10)
    assert (queue.visible(), queue.empty()) == (0, False)
    clock.run(11)
    assert [message.key for message in queue.receive(10)] == [photo(3).key]


def test_a_backlog_is_received_in_full(queue: VirtualQueue) -> None:
    queue.stock((photo(number) for number in range(25)), 25)
    assert [len(queue.receive(10)) for _ in range(4)] == [10, 10, 5, 0]


def test_a_token_bucket_gives_its_rate_and_holds_one_second_of_it(clock: Clock) -> None:
    bucket = TokenBucket(5, clock.now)
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]
    assert bucket.wait_seconds() == pytest.approx(0.2)
    clock.run(1000)
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]
    bucket.set_rate(2)
    clock.run(1001)
    assert [bucket.take() for _ in range(3)] == [True, True, False]
