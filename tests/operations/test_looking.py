"""Looking at dead letters takes nothing out and keeps nothing back."""

import pytest

from aws import queue_passes
from aws.queue_passes import MOST_REPEATS
from loadtest.simulation.outages import client_error
from operations.dead_letters import LOOK_SECONDS, DeadLetterReader
from tests.fakes.s3 import BUCKET
from tests.fakes.sqs import DEAD_LETTERS, FakeSQS
from tests.operations.letters import body
from tests.operations.world import queue


def filled(count: int) -> FakeSQS:
    queues = FakeSQS()
    for number in range(count):
        queues.put(DEAD_LETTERS, body(f"{number}.jpg"))
    return queues


def look(queues: FakeSQS) -> DeadLetterReader:
    return DeadLetterReader(queue(queues, DEAD_LETTERS), "images", BUCKET)


def keys_seen(pass_: DeadLetterReader) -> list[str]:
    with pass_:
        return [key for letters in pass_.batches() for letter in letters for key in letter.keys]


@pytest.mark.parametrize("count", [0, 1, 10, 11, 37])
def test_each_letter_is_seen_once_and_all_can_be_had_again_at_once(count: int) -> None:
    queues = filled(count)

    seen = keys_seen(look(queues))

    assert sorted(seen) == sorted(f"{number}.jpg" for number in range(count))
    assert len(queues.visible(DEAD_LETTERS)) == count


def test_what_sqs_hands_out_twice_is_seen_once() -> None:
    queues = filled(12)
    queues.twice = 3

    assert len(keys_seen(look(queues))) == 12
    assert len(queues.visible(DEAD_LETTERS)) == 12


def test_a_look_that_sees_nothing_but_repeats_ends() -> None:
    queues = filled(1)
    queues.twice = 1_000

    assert keys_seen(look(queues)) == ["0.jpg"]
    assert queues.calls.made["ReceiveMessage"] == 1 + MOST_REPEATS


def test_a_look_that_takes_longer_than_the_hold_ends_all_the_same() -> None:
    queues = filled(15)
    with look(queues) as pass_:
        seen = 0
        for letters in pass_.batches():
            seen += len(letters)
            queues.now += LOOK_SECONDS + 1 if letters else 0

    assert seen == 15
    assert len(queues.visible(DEAD_LETTERS)) == 15


def test_ctrl_c_between_two_batches_lets_go_of_all() -> None:
    queues = filled(30)
    with look(queues) as pass_:
        batches = pass_.batches()
        assert sum(len(next(batches)) for _ in range(2)) == 20
        assert len(queues.visible(DEAD_LETTERS)) == 10

    assert len(queues.visible(DEAD_LETTERS)) == 30


def test_ctrl_c_in_the_middle_of_a_call_lets_go_of_all() -> None:
    queues = filled(30)

    def interrupt(operation: str) -> None:
        if operation == "ReceiveMessage" and queues.calls.made[operation] == 2:
            raise KeyboardInterrupt

    queues.calls.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        keys_seen(look(queues))

    assert len(queues.visible(DEAD_LETTERS)) == 30


def test_letters_in_other_hands_are_counted_as_such() -> None:
    queues = filled(3)
    with look(queues) as first:
        next(first.batches())
        with look(queues) as second:
            assert (second.before.visible, second.before.in_flight) == (0, 3)
            assert [letter for letters in second.batches() for letter in letters] == []


def test_no_more_are_held_than_sqs_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_passes, "MOST_HELD", 20)
    queues = filled(50)
    pass_ = look(queues)

    assert len(keys_seen(pass_)) == 20
    assert pass_.cut_short
    assert len(queues.visible(DEAD_LETTERS)) == 50


def test_that_letting_go_failed_does_not_hide_what_went_wrong() -> None:
    queues = filled(3)

    def fail(operation: str) -> None:
        if operation == "ChangeMessageVisibilityBatch":
            raise client_error("AccessDenied", operation)

    queues.calls.before = fail
    assert len(keys_seen(look(queues))) == 3
    queues.now += LOOK_SECONDS
    assert len(queues.visible(DEAD_LETTERS)) == 3


def test_of_letters_that_went_the_latest_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_passes, "MOST_REMEMBERED", 2)
    with look(filled(4)) as pass_:
        letters = [letter for batch in pass_.batches() for letter in batch]
        assert pass_.delete(letters) == {}

        assert list(pass_.gone) == [letter.id for letter in letters[2:]]
