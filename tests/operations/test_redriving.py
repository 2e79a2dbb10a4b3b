"""Sending dead letters back: nothing is lost, whatever happens when."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.dead_letters import DeadLetter, DeadLetterFilter
from contract.errors import FAILURE_ATTRIBUTE
from operations.adapters.sqs import Pace
from operations.commands.dlq import Redrive, Redriven
from operations.dead_letters import LOOK_SECONDS, DeadLetterReader
from tests.fakes.s3 import BUCKET
from tests.fakes.sqs import DEAD_LETTERS, IMAGES, FakeSQS
from tests.operations.letters import body, explained
from tests.operations.world import queue

EVERYTHING = DeadLetterFilter()


class Killed(BaseException):
    """The program is no more: nothing it does from now on has an effect."""


def redrive(
    queues: FakeSQS,
    chosen: DeadLetterFilter = EVERYTHING,
    *,
    limit: int | None = None,
    rate: float | None = None,
    dry_run: bool = False,
    is_interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[DeadLetter], None] = lambda _: None,
) -> Redriven:
    def sleep(seconds: float) -> None:
        queues.now += seconds

    work = Redrive(chosen, limit, Pace(rate, lambda: queues.now, sleep), dry_run)
    with DeadLetterReader(queue(queues, DEAD_LETTERS), "images", BUCKET) as reader:
        for letters in work.run(reader, queue(queues, IMAGES)):
            for letter in letters:
                tell(letter)
            if is_interrupted():
                break
    return work.done


def filled(count: int) -> FakeSQS:
    queues = FakeSQS()
    for number in range(count):
        queues.put(DEAD_LETTERS, body(f"{number}.jpg"), explained(f"{number}.jpg"))
    return queues


def test_a_copy_is_the_message_without_its_failure() -> None:
    queues = filled(1)
    assert FAILURE_ATTRIBUTE in queues.visible(DEAD_LETTERS)[0].attributes

    redrive(queues)

    (sent,) = queues.visible(IMAGES)
    assert queues.bodies(DEAD_LETTERS) == []
    assert (sent.body, sent.attributes) == (body("0.jpg"), {})


def test_only_what_was_chosen_goes() -> None:
    queues = filled(12)
    queues.put(DEAD_LETTERS, body("moved.jpg"))
    queues.put(DEAD_LETTERS, "not json")

    done = redrive(queues, DeadLetterFilter(cause="ServiceUnavailable", prefix="1"))

    assert sorted(queues.bodies(IMAGES)) == sorted(body(f"{n}.jpg") for n in (1, 10, 11))
    assert (done.sent, done.looked_at, done.unreadable) == (3, 14, 0)
    assert len(queues.visible(DEAD_LETTERS)) == 11


def test_what_cannot_be_read_stays_and_is_counted() -> None:
    queues = filled(1)
    queues.put(DEAD_LETTERS, "not json")

    assert redrive(queues).unreadable == 1
    assert queues.bodies(DEAD_LETTERS) == ["not json"]


def test_a_limit_is_kept_to_the_letter() -> None:
    queues = filled(25)

    assert redrive(queues, limit=13).sent == 13
    assert (len(queues.bodies(IMAGES)), len(queues.visible(DEAD_LETTERS))) == (13, 12)


def test_a_dry_run_changes_nothing_and_shows_what_would_go() -> None:
    queues = filled(12)
    shown: list[str] = []

    done = redrive(queues, limit=3, dry_run=True, tell=lambda letter: shown.append(letter.keys[0]))

    assert (done.sent, len(shown)) == (3, 3)
    assert (len(queues.bodies(IMAGES)), len(queues.visible(DEAD_LETTERS))) == (0, 12)


@pytest.mark.parametrize("rate", [0.5, 3, 20])
def test_a_rate_is_not_exceeded_in_any_second_nor_far_undercut(rate: float) -> None:
    queues = filled(40)
    times: list[float] = []
    began = queues.now

    redrive(queues, rate=rate, tell=lambda _: times.append(queues.now))

    assert all(sum(at <= time < at + 0.99 for time in times) <= max(1, rate) for at in times)
    assert queues.now - began <= 40 / rate + 10


def test_what_sqs_did_not_take_stays() -> None:
    queues = filled(10)
    queues.refuse["send"], queues.sender_fault = 4, True

    done = redrive(queues)

    assert (done.sent, done.refused) == (6, 4)
    assert (len(queues.bodies(IMAGES)), len(queues.visible(DEAD_LETTERS))) == (6, 4)


def test_what_failed_for_the_moment_is_tried_again() -> None:
    queues = filled(10)
    queues.refuse.update(send=4, delete=3)

    done = redrive(queues)

    assert (done.sent, done.refused, done.twice) == (10, 0, 0)
    assert (len(queues.bodies(IMAGES)), queues.bodies(DEAD_LETTERS)) == (10, [])


def test_an_original_that_cannot_be_deleted_is_told() -> None:
    queues = filled(3)
    queues.refuse["delete"] = 1_000

    done = redrive(queues)

    assert (done.sent, done.twice) == (3, 3)
    assert len(queues.visible(DEAD_LETTERS)) == len(queues.bodies(IMAGES)) == 3


def test_large_letters_go_in_as_many_calls_as_they_need() -> None:
    queues = FakeSQS()
    for number in range(10):
        queues.put(DEAD_LETTERS, body(f"{number}" * 1000) + " " * 100_000)

    assert redrive(queues).sent == 10
    assert queues.calls.made["SendMessageBatch"] == 5


def test_ctrl_c_stops_between_two_batches() -> None:
    queues = filled(30)
    sent = 0

    def count(_: DeadLetter) -> None:
        nonlocal sent
        sent += 1

    done = redrive(queues, is_interrupted=lambda: sent >= 10, tell=count)

    assert done.sent == 10
    assert (len(queues.bodies(IMAGES)), len(queues.visible(DEAD_LETTERS))) == (10, 20)


@given(
    count=st.integers(0, 25),
    kill_at=st.integers(0, 30),
    takes_effect=st.booleans(),
    refused=st.integers(0, 5),
    prefix=st.sampled_from(["", "1"]),
)
def test_killed_at_any_call_nothing_is_lost(
    count: int, kill_at: int, takes_effect: bool, refused: int, prefix: str
) -> None:
    queues = filled(count)
    queues.refuse.update(send=refused, delete=refused)
    calls = 0

    def before(_: str) -> None:
        nonlocal calls
        calls += 1
        if calls > kill_at + takes_effect:
            raise Killed

    def after(_: str) -> None:
        if calls > kill_at:
            raise Killed

    queues.calls.before, queues.calls.after = before, after
    try:
        redrive(queues, DeadLetterFilter(prefix=prefix))
    except Killed:
        queues.now += LOOK_SECONDS
    queues.calls.before = queues.calls.after = lambda _: None

    left, sent = Counter(kept.body for kept in queues.visible(DEAD_LETTERS)), Counter(queues.bodies(IMAGES))
    everything = {body(f"{number}.jpg") for number in range(count)}
    assert left.keys() | sent.keys() == everything
    assert all(times == 1 for times in (*left.values(), *sent.values()))

    # Run again, it comes to its end; what was there twice is sent twice, which the pipeline finds done.
    queues.refuse.clear()
    redrive(queues)
    assert queues.bodies(DEAD_LETTERS) == []
    assert set(queues.bodies(IMAGES)) == everything
