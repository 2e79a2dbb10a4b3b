"""A survey finds exactly what differs, and a fix makes the real pipeline settle it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.items import from_wire, to_wire
from contract.moments import to_seconds
from contract.records import ImageRecord, Status
from contract.settings import ProcessorSettings
from contract.table import index_rows, record_key
from operations.inventory import Listed, RecordSummary
from operations.spool import DifferenceKind
from operations.survey import RecordComparison, compare
from tests.fakes.s3 import START
from tests.fakes.sqs import BULK
from tests.operations.world import OperatedWorld
from tests.processors.world import SETTINGS, WITH_PICTURES, World

NOTHING: dict[DifferenceKind, list[Any]] = {kind: [] for kind in DifferenceKind}


def recognized(*keys: str, versioned: bool = True, by: ProcessorSettings = SETTINGS) -> OperatedWorld:
    world = World(versioned=versioned, settings=by)
    for key in keys:
        assert world.deliver(world.s3.put(key, f"cat 9{len(key)}".encode())) == []
    return OperatedWorld(world)


def copy_rows(world: World, key: str, revision: str) -> set[tuple[str, str]]:
    """Write the rows of a record under another revision, as a worker does that dies before its record."""
    record = world.record(key)
    assert record is not None
    places = set()
    for row in index_rows(record):
        item = {**row.to_item(), "revision": revision, "sk": row.at.sk.replace(record.revision, revision)}
        world.table.items[str(item["pk"]), str(item["sk"])] = to_wire(item)
        places.add((str(item["pk"]), str(item["sk"])))
    return places


def test_where_nothing_differs_nothing_is_found() -> None:
    operated = recognized("a.jpg", "b c/ü.jpg", "100%+.jpg")
    operated.world.deliver(operated.world.s3.put("empty.jpg", b""))
    operated.world.deliver(operated.world.s3.delete("a.jpg"))

    with operated.surveyed() as (_, counted):
        assert (counted.objects, counted.records, counted.tombstones, counted.in_flight) == (3, 3, 1, 0)
    assert operated.found() == NOTHING


def test_an_archived_photo_is_looked_at_once_and_then_in_order() -> None:
    operated = recognized()
    operated.world.s3.put("cold.jpg", b"cat 90")
    operated.s3.archive("cold.jpg", "DEEP_ARCHIVE")

    with operated.surveyed() as (spool, counted):
        assert (counted.archived, spool.count(DifferenceKind.MISSING)) == (1, 1)
        assert operated.fix(spool).queued == 1
    operated.work_off_bulk()

    assert operated.world.status("cold.jpg") is Status.REJECTED
    with operated.surveyed() as (spool, counted):
        assert (counted.archived, spool.count(DifferenceKind.MISSING)) == (1, 0)
        assert operated.fix(spool).queued == 0


@pytest.mark.parametrize("versioned", [True, False])
def test_each_way_of_differing_is_found_and_settled(versioned: bool) -> None:
    operated = recognized("good", "stale", "gone", "half", versioned=versioned)
    world = operated.world
    world.s3.put("missing", b"dog 90")
    world.s3.put("stale", b"dog 91")
    world.s3.delete("gone")
    world.deliver(world.s3.delete("half"))
    world.s3.put("half", b"dog 92")
    rows = copy_rows(world, "good", "0123456789abcdef")

    found = operated.found()

    assert found[DifferenceKind.MISSING] == ["half", "missing"]
    assert (found[DifferenceKind.STALE], found[DifferenceKind.ORPHANED]) == (["stale"], ["gone"])
    assert set(found[DifferenceKind.ORPHANED_ROWS]) == rows
    with operated.surveyed() as (spool, _):
        fixed = operated.fix(spool)
    assert (fixed.queued, fixed.rows_removed, fixed.not_taken) == (4, len(rows), 0)
    operated.work_off_bulk()
    assert operated.found() == NOTHING
    assert world.status("gone") is Status.DELETED
    assert "label:dog" in world.visible_terms("half")


def test_rows_of_what_a_file_says_are_found_and_swept_as_all_others() -> None:
    operated = recognized("good", "heic", by=WITH_PICTURES)
    assert operated.found() == NOTHING
    rows = copy_rows(operated.world, "good", "0123456789abcdef")

    assert set(operated.found()[DifferenceKind.ORPHANED_ROWS]) == rows
    assert {"index#taken", "index#camera:pixel 9", "index#geo:u09tun"} <= {pk[:-2] for pk, _ in rows}
    with operated.surveyed() as (spool, _):
        assert operated.fix(spool).rows_removed == len(rows)
    assert operated.found() == NOTHING


def test_whether_a_row_in_the_order_of_capture_is_young_is_not_asked() -> None:
    """The clock of the camera tells nothing of when it was uploaded."""
    operated = recognized("good", by=WITH_PICTURES)
    rows = copy_rows(operated.world, "good", "0123456789abcdef")
    operated.now = operated.world.now

    assert operated.found(min_age=3600)[DifferenceKind.ORPHANED_ROWS] == [
        at for at in rows if at[0].startswith("index#taken#")
    ]


def test_the_same_bytes_uploaded_again_are_stale_where_versions_tell_them_apart() -> None:
    operated = recognized("a")
    for _ in range(5):
        operated.world.s3.put("z", b"time goes by")
    operated.world.s3.put("a", b"cat 91")
    body = operated.world.s3.current("a")

    assert body is not None
    assert operated.found(prefix="a")[DifferenceKind.STALE] == ["a"]
    with operated.surveyed(prefix="a") as (spool, _):
        operated.fix(spool)
    operated.work_off_bulk()
    assert operated.found(prefix="a") == NOTHING
    assert operated.world.tally["CallsMade"] == 2  # type: ignore[index]


def test_a_prefix_bounds_everything() -> None:
    operated = recognized("in/a", "out/a")
    world = operated.world
    inside = copy_rows(world, "in/a", "0123456789abcdef")
    copy_rows(world, "out/a", "0123456789abcdef")
    for key in ("in/new", "out/new"):
        world.s3.put(key, b"cat 1")

    found = operated.found(prefix="in/")

    assert found == {
        **NOTHING,
        DifferenceKind.MISSING: ["in/new"],
        DifferenceKind.ORPHANED_ROWS: found[DifferenceKind.ORPHANED_ROWS],
    }
    assert set(found[DifferenceKind.ORPHANED_ROWS]) == inside


def test_what_is_young_is_in_flight() -> None:
    operated = recognized("good")
    operated.world.s3.put("new", b"cat 1")
    copy_rows(operated.world, "good", "0123456789abcdef")
    operated.now = START.timestamp() + 30

    with operated.surveyed() as (_, counted):
        assert counted.in_flight == 1
    assert operated.found() == NOTHING
    assert operated.found(min_age=0)[DifferenceKind.MISSING] == ["new"]


def test_a_record_decided_while_the_survey_runs_is_no_orphan() -> None:
    operated = recognized("good")
    operated.world.now = operated.now = START.timestamp() + 1000
    operated.world.deliver(operated.world.s3.put("late", b"cat 5"))
    operated.world.s3.delete("late")

    assert operated.found() == NOTHING


def test_what_settles_before_the_second_look_is_not_found() -> None:
    operated = recognized("good")
    event = operated.world.s3.put("late", b"cat 5")

    def deliver(operation: str) -> None:
        if operation == "Scan" and operated.world.calls.made[operation] == 0:
            operated.world.calls.before = lambda _: None
            operated.world.deliver(event)

    operated.world.calls.before = deliver
    assert operated.found() == NOTHING


def test_keys_go_ten_a_message_and_what_sqs_refuses_is_told() -> None:
    operated = recognized()
    for number in range(25):
        operated.world.s3.put(f"{number:02}", b"cat 1")
    operated.queues.refuse["send"], operated.queues.sender_fault = 1, True

    with operated.surveyed() as (spool, _):
        fixed = operated.fix(spool)

    assert (fixed.queued, fixed.not_taken) == (15, 10)
    sizes = [len(json.loads(body)["Records"]) for body in operated.queues.bodies(BULK)]
    assert sizes == [10, 5]


def test_unprocessed_keys_are_asked_for_again() -> None:
    operated = recognized("a", "b")
    operated.world.table.leave_unread = 1

    assert operated.found() == NOTHING


KEYS = st.sampled_from(["a", "a/b", "ü", "z z", "%2B+", "A"])
DEEDS = ["put", "put", "delete", "rows", "forget"]
STEPS = st.lists(
    st.tuples(
        KEYS, st.sampled_from(["put", "put", "delete", "rows", "forget"]), st.booleans(), st.integers(1, 3)
    ),
    max_size=14,
)


@settings(max_examples=60)
@given(steps=STEPS, versioned=st.booleans())
def test_any_loss_is_found_exactly_and_settled(steps: list[Any], versioned: bool) -> None:
    """Events are lost, records vanish, workers die before their record."""
    operated = recognized(versioned=versioned)
    world = operated.world
    for key, step, delivered, content in steps:
        if step == "put":
            event = world.s3.put(key, f"cat {90 + content}".encode())
        elif step == "delete":
            event = world.s3.delete(key)
        elif step == "rows" and world.record(key) is not None:
            copy_rows(world, key, f"{content:016x}")
            continue
        elif step == "forget":
            at = record_key(key)
            world.table.items.pop((at.pk, at.sk), None)
            continue
        else:
            continue
        if delivered:
            assert world.deliver(event) == []

    found = operated.found()

    assert {kind: sorted(what) for kind, what in found.items()} == expected(world)
    with operated.surveyed() as (spool, _):
        operated.fix(spool)
    operated.work_off_bulk()
    operated.now += 1000
    left = operated.found()
    # What a tombstone replaces is removed with it, and what is recognized anew leaves no old rows but those
    # of a record that had vanished.
    assert {**left, DifferenceKind.ORPHANED_ROWS: []} == NOTHING
    with operated.surveyed() as (spool, _):
        operated.fix(spool)
    assert operated.found() == NOTHING
    for key in world.s3.present():
        assert "label:cat" in world.visible_terms(key)


def expected(world: World) -> dict[DifferenceKind, list[Any]]:
    """Say what differs, by looking at everything at once."""
    records = {record.key: record for record in world.records()}
    alive = {key: record for key, record in records.items() if record.status is not Status.DELETED}
    present = world.s3.present()
    rows = {
        place: from_wire(item) for place, item in world.table.items.items() if place[0].startswith("index#")
    }
    return NOTHING | {
        DifferenceKind.MISSING: sorted(present.keys() - alive.keys()),
        DifferenceKind.STALE: sorted(
            key for key in present.keys() & alive.keys() if differs(present[key], alive[key])
        ),
        DifferenceKind.ORPHANED: sorted(alive.keys() - present.keys()),
        DifferenceKind.ORPHANED_ROWS: sorted(
            place
            for place, row in rows.items()
            if row["key"] not in alive or alive[row["key"]].revision != row["revision"]
        ),
    }


def differs(stored: Any, record: ImageRecord) -> bool:
    """Compare as the processor does, save for a second upload of the same bytes within seconds."""
    if stored.etag != record.version.etag:
        return True
    seconds = abs(stored.at.timestamp() - _seconds(record))
    return bool(
        record.version.version_id and stored.version_id != record.version.version_id and seconds > 2.5
    )


def _seconds(record: ImageRecord) -> float:
    return to_seconds(record.version.uploaded_at)


LISTED = Listed("a", "e1", 10, START.timestamp())
SUMMARY = RecordSummary(
    "a", "e1", 10, Status.RECOGNIZED, "v1", {}, "2026-01-01T00:00:00.400Z", "2026-01-01T00:00:09Z", "r1"
)


@pytest.mark.parametrize(
    ("changed", "compared"),
    [
        ({}, RecordComparison.SAME),
        ({"etag": "e2"}, RecordComparison.STALE),
        ({"size_bytes": 11}, RecordComparison.STALE),
        ({"status": Status.DELETED}, RecordComparison.MISSING),
        ({"uploaded_at": "2026-01-01T00:00:03.000Z"}, RecordComparison.DOUBTFUL),
        ({"uploaded_at": "2026-01-01T00:00:03.000Z", "version_id": None}, RecordComparison.SAME),
    ],
)
def test_an_object_is_compared_by_bytes_and_where_versions_are_by_time(
    changed: dict[str, Any], compared: RecordComparison
) -> None:
    assert compare(LISTED, replace(SUMMARY, **changed)) is compared


def test_an_object_without_a_record_is_missing() -> None:
    assert compare(LISTED, None) is RecordComparison.MISSING
