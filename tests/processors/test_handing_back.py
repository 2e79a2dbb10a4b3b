"""What becomes of a message that failed."""

import json
from collections.abc import Callable

import pytest

from contract.errors import CRASHED, FAILURE_ATTRIBUTE, Failure
from contract.timing import (
    HINTED_RECEIVES,
    LONGEST_BACKOFF_SECONDS,
    MAX_ATTEMPTS,
    PATIENCE_SECONDS,
    PATIENT_BACKOFF_SECONDS,
    PATIENT_RECEIVES,
    QUEUE_MAX_RECEIVES,
    QUEUE_RETENTION_DAYS,
    RENEWAL_DAYS,
)
from loadtest.simulation.outages import client_error
from tests.fakes.calls import nothing
from tests.fakes.sqs import DEAD_LETTERS, IMAGES
from tests.processors.world import Delivery, World

SECONDS_A_DAY = 86_400


def failing(code: str, in_operation: str) -> Callable[[str], None]:
    def fail(operation: str) -> None:
        if operation == in_operation:
            raise client_error(code, operation, f"{code} as arranged")

    return fail


class Poisoned(World):
    """A world in which one picture makes Rekognition fail, and neighbours that are answered."""

    def __init__(self) -> None:
        super().__init__()
        self.poison = self.s3.put("poison.jpg", b"poison 50")
        self.rekognition.fails_on.add(b"poison 50")
        self.neighbours = 0

    def attempt(self, receive_count: int, sent_at: float | None = None, *, alone: bool = False) -> bool:
        """Deliver the poison, with neighbours unless alone; tell whether it comes back."""
        fresh = []
        for _ in range(0 if alone else 2):
            self.neighbours += 1
            fresh.append(self.s3.put(f"{self.neighbours}.jpg", f"cat {self.neighbours}".encode()))
        bodies = [json.dumps({"Records": [record]}) for record in fresh]
        when = self.now if sent_at is None else sent_at
        poison = Delivery("poison", json.dumps({"Records": [self.poison]}), receive_count, when)
        others = [
            Delivery(f"other-{self.neighbours}-{place}", body, 1, when) for place, body in enumerate(bodies)
        ]
        return "poison" in self.deliver_messages([poison, *others])


def test_what_is_not_work_becomes_a_dead_letter_at_once_and_says_why() -> None:
    world = World()

    assert world.deliver("not json") == []

    (sent,) = world.queues.sent
    failure = Failure.from_json(sent.attributes[FAILURE_ATTRIBUTE])
    assert (sent.queue_url, sent.body) == (DEAD_LETTERS, "not json")
    assert (failure.kind, failure.code, failure.attempts) == ("permanent", "UnreadableMessage", 1)


def test_a_failure_of_its_own_comes_back_after_a_wait_and_is_counted() -> None:
    world = Poisoned()

    assert world.attempt(receive_count=3)

    assert world.queues.sent == []
    (seconds,) = world.queues.delays.values()
    assert 1 <= seconds <= 16
    assert world.attempts_at("poison") == 1


def test_the_last_failure_of_its_own_makes_a_dead_letter_that_explains_itself() -> None:
    world = Poisoned()
    sent_at = world.now

    for receives in range(1, MAX_ATTEMPTS):
        assert world.attempt(receives)
    assert not world.attempt(MAX_ATTEMPTS, sent_at)

    (sent,) = world.queues.sent
    failure = Failure.from_json(sent.attributes[FAILURE_ATTRIBUTE])
    assert sent.queue_url == DEAD_LETTERS
    assert (failure.kind, failure.code, failure.detector) == ("transient", "InternalServerError", "labels")
    assert failure.keys == ("poison.jpg",)
    assert failure.attempts == MAX_ATTEMPTS
    assert failure.first_sent_at == "2026-01-01T00:00:00.000Z"


def test_receives_that_were_nobodys_fault_do_not_bury_a_message_at_its_first_failure() -> None:
    world = Poisoned()

    for receives in range(200, 200 + MAX_ATTEMPTS - 1):
        assert world.attempt(receives)
    assert not world.attempt(300)

    (sent,) = world.queues.sent
    assert Failure.from_json(sent.attributes[FAILURE_ATTRIBUTE]).code == "InternalServerError"


def test_a_picture_that_fails_alone_is_taken_for_an_outage_and_found_out_after_half_a_day() -> None:
    world = Poisoned()
    sent_at = world.now

    for receives in range(1, 60):
        assert world.attempt(receives, sent_at, alone=True)
    assert world.attempts_at("poison") == 0
    world.now += PATIENCE_SECONDS
    for receives in range(60, 60 + MAX_ATTEMPTS - 1):
        assert world.attempt(receives, sent_at, alone=True)
    assert not world.attempt(80, sent_at, alone=True)


@pytest.mark.parametrize(
    ("code", "operation"),
    [
        ("ProvisionedThroughputExceededException", "DetectLabels"),
        ("AccessDeniedException", "DetectLabels"),
        ("InternalServerError", "DetectLabels"),
        ("InternalServerError", "BatchGetItem"),
        ("InternalServerError", "PutItem"),
        ("InternalError", "PublishBatch"),
        ("KMSAccessDenied", "PublishBatch"),
        ("SomethingNew", "PublishBatch"),
    ],
)
def test_trap_11_what_is_not_the_images_fault_waits_and_is_never_sent_anew(code: str, operation: str) -> None:
    world = World()
    world.calls.before = failing(code, operation)
    put = world.s3.put("a.jpg", b"cat 97")

    for receives in (1, MAX_ATTEMPTS, 100, QUEUE_MAX_RECEIVES):
        assert world.deliver(put, receive_count=receives) == ["0"]

    assert world.queues.sent == []
    assert world.attempts_at("0") == 0
    world.calls.before = nothing
    assert world.deliver(put, receive_count=500) == []


def test_a_message_that_takes_its_function_down_each_time_is_a_dead_letter_that_says_so() -> None:
    world = World()
    put = world.s3.put("a.jpg", b"cat 97")

    class KilledError(BaseException):
        pass

    def kill(operation: str) -> None:
        if operation == "BatchGetItem":
            raise KilledError

    world.calls.before = kill
    receives = 0
    while world.queues.sent == []:
        receives += 1
        assert receives < 3 * MAX_ATTEMPTS
        try:
            failed = world.deliver(put, receive_count=receives)
        except KilledError:
            failed = ["0"]

    assert failed == []
    (sent,) = world.queues.sent
    failure = Failure.from_json(sent.attributes[FAILURE_ATTRIBUTE])
    assert (failure.kind, failure.code, failure.attempts) == ("transient", CRASHED, MAX_ATTEMPTS)


def test_while_attempts_cannot_be_counted_nothing_is_buried() -> None:
    world = Poisoned()

    world.calls.before = failing("InternalServerError", "UpdateItem")
    for receives in range(1, 40):
        assert world.attempt(receives)

    assert world.queues.sent == []


def test_waits_grow_and_the_receives_that_sqs_allows_outlast_the_retention() -> None:
    world = World()
    world.calls.before = failing("AccessDeniedException", "DetectLabels")
    put = world.s3.put("a.jpg", b"cat 97")

    def wait_at(receives: int) -> int:
        world.deliver(put, receive_count=receives)
        return list(world.queues.delays.values())[-1]

    # A wait is half of the longest here: spread() gives the middle.
    assert [wait_at(receives) for receives in (1, 2, 5, 12)] == [2, 4, 32, LONGEST_BACKOFF_SECONDS // 2]
    assert wait_at(PATIENT_RECEIVES + 1) == PATIENT_BACKOFF_SECONDS // 2
    outlast = (
        PATIENT_RECEIVES * LONGEST_BACKOFF_SECONDS
        + (QUEUE_MAX_RECEIVES - PATIENT_RECEIVES) * PATIENT_BACKOFF_SECONDS
    ) / 2
    assert outlast > QUEUE_RETENTION_DAYS * SECONDS_A_DAY


def test_a_message_that_is_told_when_to_come_back_waits_longer_all_the_same_in_the_end() -> None:
    world = World()
    world.remaining_seconds = 5
    put = world.s3.put("a.jpg", b"cat 97")

    world.deliver(put, receive_count=HINTED_RECEIVES)
    world.deliver(put, receive_count=HINTED_RECEIVES + 1)

    assert list(world.queues.delays.values()) == [1, LONGEST_BACKOFF_SECONDS // 2]


def test_trap_30_a_message_that_waits_is_sent_anew_before_sqs_deletes_it_for_its_age() -> None:
    world = World()
    world.calls.before = failing("AccessDeniedException", "DetectLabels")
    body = json.dumps({"Records": [world.s3.put("a.jpg", b"cat 97")]})
    sent_at = world.now

    world.now += RENEWAL_DAYS * SECONDS_A_DAY - 60
    assert world.deliver_messages([Delivery("old", body, 700, sent_at)]) == ["old"]
    world.now += 60
    assert world.deliver_messages([Delivery("old", body, 701, sent_at)]) == []

    (sent,) = world.queues.sent
    assert (sent.queue_url, sent.body, sent.attributes) == (IMAGES, body, {})


def test_a_message_that_cannot_be_moved_stays() -> None:
    world = World()
    world.calls.before = failing("InternalError", "SendMessage")

    assert world.deliver("not json") == ["0"]


def test_a_message_whose_wait_cannot_be_set_stays_all_the_same() -> None:
    world = World()

    def fail(operation: str) -> None:
        if operation in {"DetectLabels", "ChangeMessageVisibilityBatch"}:
            raise client_error("InternalServerError", operation)

    world.calls.before = fail

    assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == ["0"]


def test_a_wait_that_sqs_did_not_set_is_set_again() -> None:
    world = World()
    world.calls.before = failing("AccessDeniedException", "DetectLabels")
    world.queues.refuse["change"] = 2

    puts = [world.s3.put(f"{number}.jpg", b"cat 97") for number in range(3)]
    assert world.deliver(*puts) == ["0", "1", "2"]

    assert len(world.queues.delays) == 3


def test_a_copy_that_was_asked_about_through_an_object_now_gone_never_dies_of_it() -> None:
    world = World(versioned=False)
    gone, copy = world.s3.put("a.jpg", b"cat 97"), world.s3.copy("a.jpg", "copy.jpg")
    world.s3.delete("a.jpg")

    assert world.deliver(gone, copy, receive_count=MAX_ATTEMPTS) == ["1"]

    assert world.queues.sent == []
    assert world.attempts_at("1") == 0
