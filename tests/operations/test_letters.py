"""What a dead letter says, whoever put it there."""

import pytest

from contract.dead_letters import NO_VERDICT, Cause, DeadLetterFilter, Summary
from contract.errors import FAILURE_ATTRIBUTE
from contract.timing import QUEUE_MAX_RECEIVES
from operations.commands.dlq import one_line
from tests.operations.letters import FIRST, LAST, SENT, body, explained, letter

SENT_BY_PROCESSOR = letter(body("a.jpg", "b.jpg"), explained("b.jpg"))
MOVED_BY_SQS = letter(body("a b.jpg"))
UNREADABLE = letter("not json")


def test_a_letter_of_the_processor_says_what_the_processor_knew() -> None:
    read = SENT_BY_PROCESSOR

    assert read.cause == Cause("transient", "ServiceUnavailable", "labels")
    assert str(read.cause) == "transient/ServiceUnavailable/labels"
    assert (read.keys, read.attempts, read.message) == (("b.jpg",), 8, "it was down")
    assert (read.first_sent_at, read.last_failed_at, read.at) == (FIRST, LAST, LAST)


def test_a_letter_that_sqs_moved_took_its_function_down_each_time() -> None:
    read = MOVED_BY_SQS

    assert read.cause == NO_VERDICT
    assert (read.keys, read.attempts) == (("a b.jpg",), QUEUE_MAX_RECEIVES)
    assert (read.first_sent_at, read.last_failed_at, read.at) == (SENT, None, SENT)


def test_what_is_no_message_of_ours_is_unreadable_with_or_without_a_reason() -> None:
    explained_one = letter("not json", explained(code="UnreadableMessage", kind="permanent", detector=None))

    assert UNREADABLE.cause == explained_one.cause == Cause("permanent", "UnreadableMessage")
    assert UNREADABLE.keys == explained_one.keys == ()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": 3}', "null", '{"kind": "x", "keys": []}'])
def test_a_reason_that_cannot_be_read_hides_nothing(text: str) -> None:
    read = letter(body("a.jpg"), {FAILURE_ATTRIBUTE: text})

    assert (read.keys, read.cause, read.first_sent_at) == (("a.jpg",), NO_VERDICT, SENT)


@pytest.mark.parametrize(
    ("choice", "taken"),
    [
        (DeadLetterFilter(), (True, True, True)),
        (DeadLetterFilter(cause="transient"), (True, False, False)),
        (DeadLetterFilter(cause="serviceunavailable"), (True, False, False)),
        (DeadLetterFilter(cause="transient/ServiceUnavailable"), (True, False, False)),
        (DeadLetterFilter(cause="transient/ServiceUnavailable/labels"), (True, False, False)),
        (DeadLetterFilter(cause="transient/ServiceUnavailable/faces"), (False, False, False)),
        (DeadLetterFilter(cause="NoVerdict"), (False, True, False)),
        (DeadLetterFilter(prefix="b"), (True, False, False)),
        (DeadLetterFilter(prefix="a "), (False, True, False)),
        (DeadLetterFilter(prefix=""), (True, True, False)),
        (DeadLetterFilter(since="2026-01-01T01:30:00.000Z"), (False, True, True)),
        (DeadLetterFilter(since=LAST), (True, True, True)),
        (DeadLetterFilter(cause="NoVerdict", prefix="b"), (False, False, False)),
    ],
)
def test_a_choice_takes_what_is_meant(choice: DeadLetterFilter, taken: tuple[bool, ...]) -> None:
    assert tuple(map(choice.matches, (SENT_BY_PROCESSOR, MOVED_BY_SQS, UNREADABLE))) == taken


@pytest.mark.parametrize(
    ("cause", "sent"),
    [
        (None, False),
        ("permanent", False),
        ("UnreadableMessage", True),
        ("permanent/UnreadableMessage", True),
        ("NoVerdict", False),
    ],
)
def test_what_cannot_be_read_goes_back_only_by_name(cause: str | None, sent: bool) -> None:
    assert DeadLetterFilter(cause=cause).sends_back(UNREADABLE) is sent


def test_a_letter_is_called_by_its_id_and_by_each_of_its_keys() -> None:
    assert MOVED_BY_SQS.is_called("m1")
    assert MOVED_BY_SQS.is_called("a b.jpg")
    assert not MOVED_BY_SQS.is_called("a")


def test_a_summary_counts_by_queue_and_cause_and_shows_the_oldest() -> None:
    counted = Summary()
    older = letter(body("older.jpg"))._replace(first_sent_at=FIRST)
    for one in (MOVED_BY_SQS, older, UNREADABLE, SENT_BY_PROCESSOR):
        counted.add(one)
    counted.add(letter(body("a.jpg"), queue="bulk"))

    groups = counted.largest_first()

    assert counted.total == 5
    assert (groups[0].count, groups[0].queue) == (2, "images")
    assert (groups[0].oldest_at, groups[0].example_key) == (FIRST, "older.jpg")
    assert {str(group.cause) for group in groups} == {
        "crash/NoVerdict",
        "permanent/UnreadableMessage",
        "transient/ServiceUnavailable/labels",
    }


def test_a_letter_is_a_line_with_its_first_key_if_it_has_any() -> None:
    assert one_line(SENT_BY_PROCESSOR).endswith("transient/ServiceUnavailable/labels  b.jpg")
    assert one_line(UNREADABLE).endswith("  -")
