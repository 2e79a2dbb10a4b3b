"""One test a trap that only shows on AWS: the numbers 27 to 37 of docs/traps.md.

What waits for hours is in test_outages.py, error codes in tests/aws, the template in tests/infra.
"""

import struct
import zlib
from dataclasses import replace

import pytest

from contract.metrics import Metric
from contract.notifications import look_again
from contract.records import ImageVersion, Status, Unreadable
from loadtest.simulation.outages import client_error
from processors.adapters.calls import retry_policy
from processors.adapters.s3 import S3Objects
from tests.fakes.calls import nothing
from tests.fakes.s3 import BUCKET, FakeS3
from tests.fakes.s3_versions import Versioning
from tests.processors.world import World

SECONDS_A_DAY = 86_400
LOOK_TIME = "2026-01-02T00:00:00.000Z"


def look(world: World, key: str, at: str = LOOK_TIME) -> list[str]:
    return world.deliver(look_again(BUCKET, [key], at))


def png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def test_trap_31_a_lifecycle_rule_that_expires_an_old_version_changes_nothing_and_tells_nobody() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    world.deliver(world.s3.put("a.jpg", b"dog 88"))
    before, told = world.record("a.jpg"), len(world.topic.published)
    writes = world.calls.made["BatchWriteItem"], world.calls.made["PutItem"]

    assert world.deliver(world.s3.expire("a.jpg", "v1")) == []

    after = world.record("a.jpg")
    assert before is not None
    assert after is not None
    assert after.revision == before.revision
    assert after.sequencer > before.sequencer
    assert (world.calls.made["BatchWriteItem"], world.calls.made["PutItem"]) == writes
    assert len(world.topic.published) == told


def test_trap_31_a_deletion_is_announced_once_though_its_marker_goes_a_month_later() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    world.deliver(world.s3.delete("a.jpg"))
    assert world.deliver(world.s3.expire("a.jpg", "v1")) == []
    world.now += 31 * SECONDS_A_DAY
    del world.table.items["image#a.jpg", "record"]

    assert world.deliver(world.s3.expire("a.jpg", "v2")) == []

    assert [told["status"] for told in world.topic.published] == ["recognized", "deleted"]
    assert world.status("a.jpg") is Status.DELETED


def test_trap_31_a_lost_announcement_is_made_though_an_event_that_changed_nothing_came_between() -> None:
    world = World()
    put = world.s3.put("a.jpg", b"cat 97")
    world.topic.refuse = 10_000
    assert world.deliver(put) == ["0"]
    world.topic.refuse = 0
    removed = world.s3.put("a.jpg", b"dog 88")
    changed = world.s3.delete_version("a.jpg", removed["s3"]["object"]["versionId"])
    assert world.deliver(changed) == []
    assert world.topic.published == []

    assert world.deliver(put) == []

    assert [told["status"] for told in world.topic.published] == ["recognized"]


def test_trap_31_a_lost_announcement_is_made_though_its_event_comes_again_beside_one_without_news() -> None:
    world = World()
    put = world.s3.put("a.jpg", b"cat 97")
    world.topic.refuse = 10_000
    assert world.deliver(put) == ["0"]
    world.topic.refuse = 0
    removed = world.s3.put("a.jpg", b"dog 88")
    changed = world.s3.delete_version("a.jpg", removed["s3"]["object"]["versionId"])

    assert world.deliver(put, changed) == []

    assert [told["status"] for told in world.topic.published] == ["recognized"]


def test_trap_17_a_deletion_that_found_its_key_deleted_before_keeps_a_create_in_flight_out() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    world.deliver(world.s3.delete("a.jpg"))
    create, delete = world.s3.put("a.jpg", b"dog 88"), world.s3.delete("a.jpg")

    def overtake(operation: str) -> None:
        if operation == "DetectLabels":
            world.calls.before = nothing
            assert world.deliver(delete) == []

    world.calls.before = overtake
    came_back = world.deliver(create)
    assert world.deliver(*[create for _ in came_back]) == []

    assert world.status("a.jpg") is Status.DELETED
    assert world.index_row_count() == 0


def test_trap_35_a_restored_photo_is_recognized_though_its_order_moved_on_meanwhile() -> None:
    world = World()
    archived = world.s3.put("a.jpg", b"cat 97", archived_in="GLACIER")
    world.deliver(archived)
    world.s3.put("a.jpg", b"dog 88")
    older = world.s3.delete_version("a.jpg", "v2")
    restored = world.s3.restore("a.jpg")

    def overtake(operation: str) -> None:
        if operation == "DetectLabels":
            world.calls.before = nothing
            world.s3.objects["a.jpg"][-1] = replace(world.s3.objects["a.jpg"][-1], restored=False)
            world.deliver(older)
            world.s3.objects["a.jpg"][-1] = replace(world.s3.objects["a.jpg"][-1], restored=True)

    world.calls.before = overtake
    came_back = world.deliver(restored)
    assert world.deliver(*[restored for _ in came_back]) == []

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:cat"}


def test_a_look_that_finds_nothing_new_writes_nothing_and_tells_nobody() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    table, told = dict(world.table.items), len(world.topic.published)

    assert look(world, "a.jpg") == []

    assert world.table.items == table
    assert len(world.topic.published) == told


def test_a_photo_that_a_look_found_is_not_news_again_when_its_own_event_comes() -> None:
    world = World()
    put = world.s3.put("a.jpg", b"cat 97")
    look(world, "a.jpg")
    revision = world.revision("a.jpg")

    assert world.deliver(put) == []

    assert len({told["id"] for told in world.topic.published}) == 1
    assert world.revision("a.jpg") == revision


def test_trap_32_deleting_the_version_named_null_says_nothing_of_what_is_current() -> None:
    world = World(versioned=False)
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    world.s3.versioning = Versioning.ENABLED
    world.deliver(world.s3.put("a.jpg", b"dog 88"))

    assert world.deliver(world.s3.delete_version("a.jpg", None)) == []

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:dog"}
    assert "deleted" not in [told["status"] for told in world.topic.published]


def test_trap_32_the_version_named_null_comes_to_light_again() -> None:
    world = World(versioned=False)
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    world.s3.versioning = Versioning.ENABLED
    newer = world.s3.put("a.jpg", b"dog 88")
    world.deliver(newer)

    assert world.deliver(world.s3.delete_version("a.jpg", newer["s3"]["object"]["versionId"])) == []

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:cat"}


def test_trap_32_suspended_versioning_marks_and_replaces_the_version_named_null() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    world.s3.versioning = Versioning.SUSPENDED
    world.deliver(world.s3.put("a.jpg", b"dog 88"))
    assert world.visible_terms("a.jpg") == {"status:recognized", "label:dog"}
    world.deliver(world.s3.delete("a.jpg"))
    assert world.status("a.jpg") is Status.DELETED

    assert world.deliver(world.s3.delete_version("a.jpg", None)) == []

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:cat"}


def test_trap_32_a_look_at_the_version_named_null_finds_what_its_event_named() -> None:
    world = World()
    world.s3.versioning = Versioning.SUSPENDED
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    revision = world.revision("a.jpg")

    assert look(world, "a.jpg") == []

    assert world.revision("a.jpg") == revision


def test_trap_32_a_version_that_is_a_delete_marker_is_no_object() -> None:
    s3 = FakeS3()
    s3.put("a.jpg", b"cat 97")
    marker = s3.delete("a.jpg")["s3"]["object"]["versionId"]
    objects = S3Objects(s3, BUCKET, retry_policy(sleep=lambda _seconds: None))  # type: ignore[arg-type]

    assert objects.look("a.jpg", ImageVersion("a.jpg", "abc", 6, marker, LOOK_TIME)) is None


def test_trap_35_an_archived_photo_is_rejected_after_one_look_and_recognized_when_it_is_restored() -> None:
    world = World()

    assert world.deliver(world.s3.put("a.jpg", b"cat 97", archived_in="DEEP_ARCHIVE")) == []
    record = world.record("a.jpg")
    assert record is not None
    assert record.rejection is not None
    assert (record.rejection.code, world.calls.made["HeadObject"]) == (Unreadable.ARCHIVED, 2)
    asked = world.calls.made["DetectLabels"]
    assert look(world, "a.jpg") == []
    assert world.calls.made["DetectLabels"] == asked, "what is known to be archived is not asked about"
    assert world.queues.sent == []

    assert world.deliver(world.s3.restore("a.jpg")) == []
    assert world.visible_terms("a.jpg") == {"status:recognized", "label:cat"}
    assert [told["status"] for told in world.topic.published] == ["rejected", "recognized"]


def test_trap_35_what_was_recognized_before_it_was_archived_stays_so() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    world.s3.archive("a.jpg")

    assert look(world, "a.jpg") == []

    assert world.status("a.jpg") is Status.RECOGNIZED


@pytest.mark.parametrize("versioned", [True, False])
@pytest.mark.parametrize("sse", ["SSE-C", "arn:aws:kms:us-east-1:999999999999:key/theirs"])
def test_trap_35_a_photo_under_somebody_elses_key_is_rejected_with_that_reason(
    sse: str, versioned: bool
) -> None:
    world = World(versioned=versioned)

    assert world.deliver(world.s3.put("a.jpg", b"cat 97", sse=sse)) == []

    record = world.record("a.jpg")
    assert record is not None
    assert record.rejection is not None
    assert record.rejection.code == Unreadable.ENCRYPTED
    assert sse in record.rejection.message
    assert look(world, "a.jpg") == []
    assert world.queues.sent == []


def test_trap_35_a_photo_under_a_customers_key_that_nobody_told_of_has_its_record_too() -> None:
    world = World()
    world.s3.put("B.jpg", b"dog 88")
    world.s3.put("a.jpg", b"cat 97", sse="SSE-C")

    assert look(world, "a.jpg") == []

    assert world.status("a.jpg") is Status.REJECTED


def test_trap_35_a_readable_copy_is_not_blamed_for_an_archived_one() -> None:
    world = World()
    archived = world.s3.put("a.jpg", b"cat 97", archived_in="GLACIER")
    copy = world.s3.put("copy.jpg", b"cat 97")

    assert world.deliver(archived, copy) == ["1"]
    assert world.deliver(copy) == []

    assert world.status("copy.jpg") is Status.RECOGNIZED


def test_trap_35_a_photo_is_recognized_though_its_old_event_comes_again_beside_the_news() -> None:
    world = World(versioned=False)
    archived = world.s3.put("a.jpg", b"cat 97", archived_in="GLACIER")
    world.deliver(archived)
    assert world.status("a.jpg") is Status.REJECTED

    assert world.deliver(archived, world.s3.put("a.jpg", b"cat 97")) == []

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:cat"}


def test_trap_35_a_restored_photo_is_recognized_though_its_old_event_comes_again_beside_the_news() -> None:
    world = World()
    archived = world.s3.put("a.jpg", b"cat 97", archived_in="GLACIER")
    world.deliver(archived)

    assert world.deliver(archived, world.s3.restore("a.jpg")) == []

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:cat"}


def test_trap_35_a_restored_photo_is_recognized_though_an_older_event_comes_late_beside_the_news() -> None:
    world = World(versioned=False)
    world.s3.put("a.jpg", b"dog 88")
    late = world.s3.delete("a.jpg")
    world.deliver(world.s3.put("a.jpg", b"cat 97", archived_in="GLACIER"))

    assert world.deliver(late, world.s3.restore("a.jpg")) == []

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:cat"}


def refuse_parameters(operation: str) -> None:
    if operation == "DetectLabels":
        raise client_error("InvalidParameterException", operation, "Request has invalid parameters")


def test_trap_37_a_refused_parameter_that_many_images_share_is_the_deployments() -> None:
    world = World()
    world.calls.before = refuse_parameters
    puts = [world.s3.put(f"{number}.jpg", f"cat {number}".encode()) for number in range(3)]

    assert world.deliver(*puts) == ["0", "1", "2"]
    assert world.tally[Metric.CONFIGURATION_ERRORS] == 3
    world.calls.before = nothing
    assert world.deliver(*puts) == []

    assert {world.status(f"{number}.jpg") for number in range(3)} == {Status.RECOGNIZED}


def test_trap_37_a_picture_that_is_large_enough_is_not_rejected_for_its_size() -> None:
    world = World()
    world.calls.before = refuse_parameters

    assert world.deliver(world.s3.put("large.png", png(200, 100))) == ["0"]
    assert world.deliver(world.s3.put("small.png", png(200, 79))) == []

    assert world.status("large.png") is None
    assert world.status("small.png") is Status.REJECTED


def test_a_create_that_is_older_than_tombstones_get_brings_nothing_back() -> None:
    world = World()
    old = world.s3.put("a.jpg", b"cat 97")
    world.deliver(world.s3.put("copy.jpg", b"cat 97"))
    world.deliver(world.s3.delete("a.jpg"))
    world.now += 31 * SECONDS_A_DAY
    del world.table.items["image#a.jpg", "record"]

    assert world.deliver(old) == []

    assert world.visible_terms("a.jpg") == set()


def test_the_time_of_upload_stays_while_version_and_bytes_are_the_same() -> None:
    world = World()
    put = world.s3.put("a.jpg", b"cat 97")
    put["eventTime"] = "2026-01-01T00:00:01.789Z"
    world.deliver(put)
    world.forget_detectors("a.jpg")

    assert look(world, "a.jpg") == []

    record = world.record("a.jpg")
    assert record is not None
    assert record.generation == 2
    assert record.version.uploaded_at == "2026-01-01T00:00:01.789Z"


def test_trap_31_an_older_event_beside_the_one_that_made_the_record_brings_nothing_back() -> None:
    world = World(versioned=False)
    first = world.s3.put("a.jpg", b"cat 97")
    older = world.s3.put("a.jpg", b"dog 88")
    newest = world.s3.put("a.jpg", b"sofa 70")
    world.deliver(first, look_again(BUCKET, ["a.jpg"], LOOK_TIME))
    world.deliver(newest)
    assert world.visible_terms("a.jpg") == {"status:recognized", "label:sofa"}

    assert world.deliver(first, older) == []

    assert world.visible_terms("a.jpg") == {"status:recognized", "label:sofa"}


def test_trap_37_a_folder_of_small_pictures_is_rejected_and_not_taken_for_a_fault_of_ours() -> None:
    world = World()
    world.calls.before = refuse_parameters
    puts = [world.s3.put(f"{number}.png", png(60 + number, 60)) for number in range(5)]

    assert world.deliver(*puts) == []

    assert {world.status(f"{number}.png") for number in range(5)} == {Status.REJECTED}
