"""One test a trap: the ways in which pipelines of this kind go wrong, by the numbers in docs/traps.md."""

import json
from dataclasses import replace

import pytest

from contract import table
from contract.metrics import Metric
from contract.notifications import look_again
from contract.records import ImageRecord, Status
from contract.table import IndexRow
from contract.timing import TOMBSTONE_DAYS
from loadtest.simulation.outages import client_error
from tests.fakes.calls import nothing
from tests.fakes.s3 import BUCKET
from tests.processors.world import SETTINGS, World


def test_trap_01_a_duplicate_event_calls_nobody_and_is_announced_with_the_same_id() -> None:
    world = World()
    put = world.s3.put("cat.jpg", b"cat 97")

    world.deliver(put)
    world.deliver(put)

    assert world.rekognition.paid[("DetectLabels", b"cat 97")] == 1
    assert len({completion["id"] for completion in world.topic.published}) == 1


def test_trap_01_an_older_event_that_comes_late_changes_nothing() -> None:
    world = World()
    old, new = world.s3.put("a.jpg", b"cat 97"), world.s3.put("a.jpg", b"dog 88")

    world.deliver(new)
    world.deliver(old)

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:dog"}
    assert world.tally[Metric.EVENTS_STALE] == 1


def test_trap_02_keys_are_decoded_exactly_once() -> None:
    world = World()
    keys = ["a b.jpg", "a+b.jpg", "100%.jpg", "a%2Bb.jpg", "ü😀#?.jpg", "x" * 900]

    assert world.deliver(*[world.s3.put(key, b"cat 97") for key in keys]) == []

    assert [world.status(key) for key in keys] == [Status.RECOGNIZED] * len(keys)


def test_trap_03_the_test_event_is_taken_and_forgotten() -> None:
    world = World()

    assert world.deliver(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})) == []

    assert world.table.items == {}


def test_trap_04_a_message_with_many_records_half_done_is_safe_to_replay() -> None:
    world = World()
    records = [world.s3.put("a.jpg", b"cat 97"), world.s3.put("b.jpg", b"dog 88")]

    def refuse_dogs(operation: str) -> None:
        if operation == "DetectFaces" and world.calls.made["DetectFaces"] >= 1:
            raise client_error("InternalServerError", operation)

    world.calls.before = refuse_dogs
    assert world.deliver(records) == ["0"]
    world.calls.before = lambda _operation: None
    assert world.deliver(records) == []

    assert {world.status("a.jpg"), world.status("b.jpg")} == {Status.RECOGNIZED}
    assert set(world.rekognition.paid.values()) == {1}


def test_trap_05_a_delete_that_comes_first_keeps_the_late_create_out() -> None:
    world = World()
    create, delete = world.s3.put("a.jpg", b"cat 97"), world.s3.delete("a.jpg")

    world.deliver(delete)
    world.deliver(create)

    assert world.status("a.jpg") is Status.DELETED
    assert world.visible_terms("a.jpg") == set()
    assert not world.rekognition.paid


def test_trap_05_a_tombstone_expires_a_month_after_the_last_event_that_found_it_right() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    for event in (world.s3.delete("a.jpg"), world.s3.expire("a.jpg", "v1")):
        world.now += 86_400

        assert world.deliver(event) == []

        record = world.record("a.jpg")
        assert record is not None
        assert record.expires_at == int(world.now) + TOMBSTONE_DAYS * 86_400


def test_trap_06_versioned_the_call_names_the_version_of_the_event() -> None:
    world = World()
    old = world.s3.put("a.jpg", b"cat 97")
    new = world.s3.put("a.jpg", b"dog 88")

    world.deliver(old)

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:cat"}
    world.deliver(new)
    assert world.visible_terms("a.jpg") == {"status:recognized", "label:dog"}


def test_trap_06_unversioned_an_answer_about_newer_bytes_is_thrown_away() -> None:
    world = World(versioned=False)
    old = world.s3.put("a.jpg", b"cat 97")
    new = world.s3.put("a.jpg", b"dog 88")

    assert world.deliver(old) == []

    assert world.record("a.jpg") is None
    world.deliver(new)
    assert world.visible_terms("a.jpg") == {"status:recognized", "label:dog"}


def test_trap_08_when_every_message_fails_each_is_reported_and_nothing_is_raised() -> None:
    world = World()

    def fail(operation: str) -> None:
        if operation == "BatchGetItem":
            raise client_error("InternalServerError", operation)

    world.calls.before = fail
    puts = [world.s3.put(f"{n}.jpg", b"cat 97") for n in range(3)]

    assert world.deliver(*puts) == ["0", "1", "2"]


def test_trap_08_only_the_failed_message_comes_back() -> None:
    world = World()
    good, bad = world.s3.put("good.jpg", b"cat 97"), world.s3.put("bad.jpg", b"dog 88")

    def fail(operation: str) -> None:
        if operation == "DetectLabels" and world.rekognition.paid["DetectLabels", b"cat 97"]:
            raise client_error("InternalServerError", operation)

    world.calls.before = fail
    assert world.deliver(good) == []
    assert world.deliver(good, bad) == ["1"]

    assert world.status("good.jpg") is Status.RECOGNIZED


def test_trap_09_what_cannot_be_finished_in_time_goes_back_unpaid() -> None:
    world = World()
    world.remaining_seconds = 5

    assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == ["0"]

    assert not world.rekognition.paid
    assert world.record("a.jpg") is None


def test_trap_13_an_image_that_cannot_be_recognized_is_rejected_after_one_call_a_detector() -> None:
    world = World()

    assert world.deliver(world.s3.put("a.jpg", b"not an image"), world.s3.put("b.jpg", b"cat 97")) == []

    record = world.record("a.jpg")
    assert record is not None
    assert record.rejection is not None
    assert record.rejection.code == "InvalidImageFormatException"
    assert world.calls.made["DetectLabels"] == 2
    assert world.status("b.jpg") is Status.RECOGNIZED
    assert {announced["status"] for announced in world.topic.published} == {"rejected", "recognized"}


def test_trap_13_a_verdict_is_not_written_while_another_detector_may_still_answer() -> None:
    world = World()
    put = world.s3.put("a.jpg", b"not an image")

    def fail(operation: str) -> None:
        if operation == "DetectFaces":
            raise client_error("InternalServerError", operation)

    world.calls.before = fail
    assert world.deliver(put) == ["0"]
    assert world.record("a.jpg") is None
    world.calls.before = nothing
    assert world.deliver(put) == []

    assert world.status("a.jpg") is Status.REJECTED


def test_trap_13_an_object_that_is_gone_is_not_a_failure() -> None:
    world = World()
    put = world.s3.put("a.jpg", b"cat 97")
    world.s3.objects.clear()

    assert world.deliver(put) == []

    assert world.record("a.jpg") is None


def test_trap_13_access_denied_sends_the_message_back_and_blames_no_image() -> None:
    world = World()

    def deny(operation: str) -> None:
        if operation.startswith("Detect"):
            raise client_error("AccessDeniedException", operation, "not authorized to perform it")

    world.calls.before = deny
    assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == ["0"]

    assert world.record("a.jpg") is None
    assert world.tally[Metric.CONFIGURATION_ERRORS] == 1


def test_trap_14_one_layer_retries() -> None:
    world = World(settings=replace(SETTINGS, detectors=("labels",)))
    tries = []

    def throttle(operation: str) -> None:
        if operation == "DetectLabels":
            tries.append(operation)
            raise client_error("ProvisionedThroughputExceededException", operation)

    world.calls.before = throttle
    assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == ["0"]

    assert len(tries) == 4
    assert world.tally[Metric.CALLS_THROTTLED] == 4


def test_trap_17_rows_left_unprocessed_are_written_in_the_end() -> None:
    world = World()
    words = " ".join(f"thing{n} 90" for n in range(60)).encode()
    world.table.leave_unread = 2

    def leave_rows(operation: str) -> None:
        if operation == "BatchWriteItem" and len(world.saved_results()) == 2 and not left:
            left.append(operation)
            world.table.leave_unwritten = 40

    left: list[str] = []
    world.calls.before = leave_rows

    assert world.deliver(world.s3.put("a.jpg", words)) == []
    assert left

    assert len(world.visible_terms("a.jpg")) == 61


def test_trap_17_an_overwrite_removes_the_old_index_rows() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97 sofa 80"))
    world.deliver(world.s3.put("a.jpg", b"dog 88"))

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:dog"}
    assert world.index_row_count() == 2


def test_trap_18_a_thousand_labels_and_a_hundred_faces_are_kept() -> None:
    world = World()
    words = " ".join(f"thing{n} 55.55" for n in range(1000)) + " faces 100"

    assert world.deliver(world.s3.put("a.jpg", words.encode())) == []

    record = world.record("a.jpg")
    assert record is not None
    assert len(record.findings.labels) == 1000
    assert record.findings.faces == 100
    packed = [len(item["answer"]["B"]) for item in world.table.items.values() if "answer" in item]
    assert max(packed) > 90_000, "a hundred different faces do not pack small"


def test_trap_21_completions_that_sns_refuses_are_published_in_the_end() -> None:
    world = World()
    world.topic.refuse = 3
    keys = [f"{n}.jpg" for n in range(12)]

    assert world.deliver(*[world.s3.put(key, f"cat {n}".encode()) for n, key in enumerate(keys)]) == []

    assert sorted(announced["key"] for announced in world.topic.published) == sorted(keys)
    assert max(world.topic.batch_sizes) == 10


def test_trap_21_a_completion_that_is_never_taken_brings_its_message_back_unpaid() -> None:
    world = World()
    put = world.s3.put("a.jpg", b"cat 97")
    world.topic.refuse = 10_000

    assert world.deliver(put) == ["0"]
    world.topic.refuse = 0
    assert world.deliver(put) == []

    assert [announced["key"] for announced in world.topic.published] == ["a.jpg"]
    assert set(world.rekognition.paid.values()) == {1}


def test_trap_21_completions_that_are_large_together_go_in_several_batches() -> None:
    world = World()
    words = " ".join(f"{'thing' * 20}{n} 55.5" for n in range(500))
    puts = [world.s3.put(f"{n}.jpg", f"cat {n} {words}".encode()) for n in range(5)]

    assert world.deliver(*puts) == []

    assert len(world.topic.published) == 5
    assert 1 < len(world.topic.batch_sizes) < 5


def test_an_image_that_trips_a_fault_of_ours_does_not_cost_its_neighbours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    puts = [
        world.s3.put("a.jpg", b"cat 97"),
        world.s3.put("bad.jpg", b"dog 88"),
        world.s3.put("c.jpg", b"cow 70"),
    ]

    def trip(record: ImageRecord) -> tuple[IndexRow, ...]:
        if record.key == "bad.jpg":
            raise ZeroDivisionError
        return table.index_rows(record)

    monkeypatch.setattr("processors.pipeline.commit.index_rows", trip)
    assert world.deliver(*puts) == ["1"]

    assert world.status("a.jpg") is world.status("c.jpg") is Status.RECOGNIZED
    assert set(world.rekognition.paid.values()) == {1}


def test_trap_06_unversioned_a_verdict_on_newer_bytes_is_not_passed_on_to_copies() -> None:
    world = World(versioned=False)
    overwritten, copy = world.s3.put("a.jpg", b"cat 97"), world.s3.copy("a.jpg", "copy.jpg")
    world.s3.put("a.jpg", b"not an image")

    assert world.deliver(overwritten, copy) == ["1"]
    assert world.deliver(copy) == []

    assert world.status("a.jpg") is None
    assert world.status("copy.jpg") is Status.RECOGNIZED


def test_trap_17_an_event_overtaken_during_its_call_does_not_overwrite_the_newer_state() -> None:
    world = World()
    old, new = world.s3.put("a.jpg", b"cat 97"), world.s3.put("a.jpg", b"dog 88")

    def overtake(operation: str) -> None:
        if operation == "DetectLabels":
            world.calls.before = nothing
            world.deliver(new)

    world.calls.before = overtake
    assert world.deliver(old) == []

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:dog"}
    assert world.index_row_count() == 2


def test_trap_17_rows_of_an_older_record_that_nobody_had_seen_are_removed() -> None:
    world = World()
    old, new = world.s3.put("a.jpg", b"cat 97"), world.s3.put("a.jpg", b"dog 88")

    def be_late(operation: str) -> None:
        if operation == "DetectLabels":
            world.calls.before = nothing
            world.deliver(old)

    world.calls.before = be_late
    assert world.deliver(new) == []

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:dog"}
    assert world.index_row_count() == 2


def test_trap_17_a_look_overtaken_by_an_event_gives_way() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    look = look_again(BUCKET, ["a.jpg"], "2026-01-01T00:00:00.000Z")
    world.deliver(world.s3.delete("a.jpg"))
    revive = world.s3.put("a.jpg", b"dog 88")

    def overtake(operation: str) -> None:
        if operation == "DetectLabels":
            world.calls.before = nothing
            world.deliver(world.s3.delete("a.jpg"))

    world.calls.before = overtake
    assert world.deliver(look) == ["0"]
    assert world.status("a.jpg") is Status.DELETED
    assert world.deliver(look, revive) == []

    assert world.status("a.jpg") is Status.DELETED
    assert world.index_row_count() == 0


def test_trap_17_records_that_were_left_unread_are_read_in_the_end() -> None:
    world = World()
    puts = [world.s3.put(f"{n}.jpg", b"cat 97") for n in range(3)]
    world.deliver(*puts)
    world.table.leave_unread = 2

    assert world.deliver(*puts) == []

    assert world.tally[Metric.EVENTS_REPEATED] == 3


def test_a_record_written_by_an_earlier_version_of_the_code_is_replaced_with_its_rows() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    for item in world.table.items.values():
        if "revision" in item:
            item["revision"] = {"S": "as-it-was-made-then"}

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:cat"}
    assert world.deliver(look_again(BUCKET, ["a.jpg"], "2026-01-01T00:00:00.000Z")) == []
    assert world.deliver(world.s3.put("a.jpg", b"dog 88")) == []
    assert world.visible_terms("a.jpg") == {"status:recognized", "label:dog"}


def test_two_workers_that_meet_at_the_same_content_pay_for_it_once() -> None:
    world = World()
    photo, copy = world.s3.put("a.jpg", b"cat 97"), world.s3.copy("a.jpg", "copy.jpg")
    came_back = []

    def meet(operation: str) -> None:
        if operation == "DetectLabels":
            world.calls.before = nothing
            came_back.extend(world.deliver(copy))

    world.calls.before = meet
    assert world.deliver(photo) == []
    assert came_back == ["0"]
    assert world.deliver(copy) == []

    assert world.status("copy.jpg") is Status.RECOGNIZED
    assert set(world.rekognition.paid.values()) == {1}


def test_an_answer_that_was_paid_for_is_saved_with_patience() -> None:
    world = World()
    refusals = iter(range(8))

    def refuse(operation: str) -> None:
        if operation == "BatchWriteItem" and world.rekognition.paid and next(refusals, None) is not None:
            raise client_error("InternalServerError", operation)

    world.calls.before = refuse
    assert world.deliver(world.s3.put("a.jpg", b"cat 97")) == []

    assert set(world.rekognition.paid.values()) == {1}
