"""What becomes of a message that failed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from contract.failures import FAILURE_ATTRIBUTE, HISTORY_ATTRIBUTE, Failure, History
from contract.timing import MAX_RECEIVES
from tests.fakes.calls import client_error
from tests.fakes.sqs import DEAD_LETTERS, IMAGES
from tests.processors.world import World


def failing(code: str, in_operation: str) -> Callable[[str], None]:
    def fail(operation: str) -> None:
        if operation == in_operation:
            raise client_error(code, operation, f"{code} as arranged")

    return fail


def test_what_is_not_work_becomes_a_dead_letter_at_once_and_says_why() -> None:
    world = World()

    assert world.deliver("not json") == []

    (sent,) = world.queues.sent
    failure = Failure.from_json(sent.attributes[FAILURE_ATTRIBUTE])
    assert (sent.queue_url, sent.body) == (DEAD_LETTERS, "not json")
    assert (failure.kind, failure.code, failure.attempts) == ("permanent", "UnreadableMessage", 1)


def test_a_failure_that_may_pass_comes_back_after_a_wait() -> None:
    world = World()
    world.calls.before = failing("InternalServerError", "DetectLabels")

    assert world.deliver(world.s3.put("a.jpg", b"cat 97"), receive_count=3) == ["0"]

    assert world.queues.sent == []
    (seconds,) = world.queues.delays.values()
    assert 1 <= seconds <= 16


def test_the_last_failure_makes_a_dead_letter_that_explains_itself() -> None:
    world = World()
    world.calls.before = failing("InternalServerError", "DetectLabels")

    assert world.deliver(world.s3.put("a.jpg", b"cat 97"), receive_count=MAX_RECEIVES) == []

    (sent,) = world.queues.sent
    failure = Failure.from_json(sent.attributes[FAILURE_ATTRIBUTE])
    assert sent.queue_url == DEAD_LETTERS
    assert (failure.kind, failure.code, failure.detector) == ("transient", "InternalServerError", "labels")
    assert failure.keys == ("a.jpg",)
    assert failure.attempts == MAX_RECEIVES
    assert failure.first_sent_at == "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "AccessDeniedException"])
def test_trap_11_what_is_not_the_images_fault_starts_anew_instead_of_dying(code: str) -> None:
    world = World()
    world.calls.before = failing(code, "DetectLabels")
    put = world.s3.put("a.jpg", b"cat 97")

    assert world.deliver(put, receive_count=1) == ["0"]
    assert world.deliver(put, receive_count=MAX_RECEIVES - 1) == []

    (sent,) = world.queues.sent
    assert sent.queue_url == IMAGES
    assert json.loads(sent.body) == {"Records": [put]}
    history = History.from_json(sent.attributes[HISTORY_ATTRIBUTE])
    assert history == History(MAX_RECEIVES - 1, "2026-01-01T00:00:00.000Z")


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


def test_a_copy_that_was_asked_about_through_an_object_now_gone_never_dies_of_it() -> None:
    world = World(versioned=False)
    gone, copy = world.s3.put("a.jpg", b"cat 97"), world.s3.copy("a.jpg", "copy.jpg")
    world.s3.delete("a.jpg")

    assert world.deliver(gone, copy, receive_count=MAX_RECEIVES) == []

    (sent,) = world.queues.sent
    assert (sent.queue_url, json.loads(sent.body)) == (IMAGES, {"Records": [copy]})
