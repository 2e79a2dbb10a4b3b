"""A plan counts what is still to be paid for, and nothing twice."""

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from contract.cameras import Camera, write_cameras
from contract.detector_choice import ByPrefix
from contract.detectors import MAX_S3_IMAGE_BYTES
from contract.items import to_wire
from contract.photos import MAX_PHOTO_BYTES, PICTURE
from contract.picture_usage import PictureWork
from contract.questions import questions
from contract.records import Status
from contract.results import ResultName
from contract.table import record_key, result_key
from operations.estimating import Assessment, Totals
from operations.inventory import Listed, RecordSummary
from operations.planning import Assessor, ObjectFilter, ObjectKind, Place
from operations.pricing import Pricing, hours
from operations.temporary_database import SeenContents
from operations.terminal import OperatorError
from tests.operations.deployments import deployed
from tests.operations.test_reconciling import recognized
from tests.operations.world import OperatedWorld
from tests.processors.world import SETTINGS, WITH_PICTURES, World

FINGERPRINTS = {name: question.fingerprint for name, question in questions(SETTINGS).items()}
BOTH = {"labels": 1, "faces": 1}


def planned(
    operated: OperatedWorld,
    prefix: str = "",
    chosen: ObjectFilter | None = None,
    limit: int | None = None,
    **how: Any,
) -> tuple[Totals, bool]:
    with SeenContents() as contents:
        processor = deployed(
            how.get("fingerprints", FINGERPRINTS),
            shares_answers=how.get("shares_answers", True),
            scenes=how.get("scenes", False),
            cameras=how.get("cameras", ""),
        )
        processor.fingerprints_of = how.get("by_prefix", processor.fingerprints_of)
        assessor = Assessor(processor, operated.table, contents, has_records=how.get("has_records", True))
        assessment = Assessment(assessor, chosen or ObjectFilter(), limit)
        for _ in assessment.run(operated.bucket.pages(prefix)):
            pass
    return assessment.totals, assessment.is_all


def test_what_is_recognized_needs_nothing_and_what_is_new_needs_each_detector_once() -> None:
    operated = recognized("old.jpg")
    operated.world.s3.put("new.jpg", b"dog 90")

    totals, is_all = planned(operated)

    assert is_all
    assert (totals.objects, totals.current, totals.to_do) == (2, 1, 1)
    assert totals.calls == BOTH


def test_bytes_listed_twice_are_paid_for_once_across_pages() -> None:
    operated = recognized()
    for number in range(7):
        operated.world.s3.put(f"{number}.jpg", b"dog 90")

    totals, _ = planned(operated)

    assert (totals.to_do, totals.repeated, totals.calls) == (7, 6, BOTH)


def test_bytes_known_under_another_key_need_no_call() -> None:
    operated = recognized("old.jpg")
    operated.world.s3.copy("old.jpg", "copy.jpg")

    totals, _ = planned(operated)

    assert (totals.to_do, totals.known, totals.calls) == (1, 1, {})


def test_a_claim_is_no_answer() -> None:
    operated = recognized()
    operated.world.s3.put("new.jpg", b"dog 90")
    etag = operated.world.s3.present()["new.jpg"].etag
    at = result_key(ResultName(f"{etag}-6", "labels", FINGERPRINTS["labels"]))
    claim = {"pk": at.pk, "sk": at.sk, "claimed_by": "a", "claimed_until": 9_999_999_999}
    operated.world.table.items[at.pk, at.sk] = to_wire(claim)

    assert planned(operated)[0].calls == BOTH


def test_a_detector_added_needs_its_own_calls_alone() -> None:
    operated = recognized("old.jpg")
    four = questions(replace(SETTINGS, detectors=("labels", "faces", "moderation", "text")))

    totals, _ = planned(operated, fingerprints={name: asked.fingerprint for name, asked in four.items()})

    assert (totals.current, totals.to_do) == (0, 1)
    assert totals.calls == {"moderation": 1, "text": 1}


def test_below_a_prefix_what_is_asked_there_is_counted_and_what_is_current_is_known_by_it() -> None:
    operated = recognized("old.jpg", "shop/old.jpg")
    operated.world.s3.put("shop/new.jpg", b"dog 90")
    labels, asked = {"labels": FINGERPRINTS["labels"]}, {**FINGERPRINTS, "text": "f"}
    by_prefix = ByPrefix.of(FINGERPRINTS, {"shop/": labels})

    totals, _ = planned(operated, fingerprints=asked, by_prefix=by_prefix)

    assert (totals.current, totals.to_do, totals.calls) == (1, 2, {"labels": 1})


def test_bytes_below_two_prefixes_count_for_what_each_of_them_asks() -> None:
    operated = recognized()
    for key in ("a.jpg", "shop/a.jpg", "shop/b.jpg"):
        operated.world.s3.put(key, b"dog 90")
    by_prefix = ByPrefix.of(FINGERPRINTS, {"shop/": {"labels": FINGERPRINTS["labels"]}})

    totals, _ = planned(operated, by_prefix=by_prefix)

    assert (totals.to_do, totals.repeated) == (3, 1)
    assert totals.calls == {"labels": 2, "faces": 1}


def test_other_settings_of_a_detector_need_calls_anew() -> None:
    operated = recognized("old.jpg")

    assert planned(operated, fingerprints={**FINGERPRINTS, "labels": "other"})[0].calls == {"labels": 1}


def test_what_has_inherited_is_current_as_long_as_that_is_done() -> None:
    operated = recognized("old.jpg")
    at = record_key("old.jpg")
    operated.world.table.items[at.pk, at.sk]["detectors"]["M"]["labels"]["S"] += "~scene"

    assert planned(operated, scenes=True)[0].current == 1
    assert planned(operated)[0].current == 0


WITH_PICTURE = {**FINGERPRINTS, PICTURE: "read"}


def test_a_record_that_lacks_the_picture_alone_costs_no_call() -> None:
    operated = recognized("old.jpg")
    operated.world.s3.put("new.jpg", b"dog 90")

    totals, _ = planned(operated, fingerprints=WITH_PICTURE)

    assert (totals.current, totals.to_do, totals.known, totals.read) == (0, 2, 1, 2)
    assert totals.calls == BOTH
    assert totals.to_json()["files_to_read"] == 2


def test_what_showed_nothing_new_before_a_camera_is_current_and_what_is_new_may_be_asked_about() -> None:
    operated = recognized("cameras/door/old.jpg")
    at = record_key("cameras/door/old.jpg")
    operated.world.table.items[at.pk, at.sk] |= to_wire(
        {"detectors": {PICTURE: "read"}, "look": {"camera": "door", "unchanged_since": ""}}
    )
    operated.world.s3.put("cameras/door/new.jpg", b"dog 90")
    cameras = write_cameras([Camera("door", "cameras/door/")], only_the_gate=True)

    totals, _ = planned(operated, fingerprints=WITH_PICTURE, cameras=cameras)
    assert (totals.current, totals.of_cameras, totals.calls) == (1, 1, BOTH)

    totals, _ = planned(operated, fingerprints=WITH_PICTURE)
    assert (totals.current, totals.of_cameras) == (0, 0)


def test_a_picture_that_was_read_is_not_read_again() -> None:
    operated = recognized("old.jpg")
    record = operated.world.record("old.jpg")
    assert record is not None
    at = result_key(ResultName(record.content_id, PICTURE, "read"))
    read = {"pk": at.pk, "sk": at.sk, "answer": b"", "called_at": "2026-01-01T00:00:00.000Z"}
    operated.world.table.items[at.pk, at.sk] = to_wire(read)

    assert planned(operated, fingerprints=WITH_PICTURE)[0].read == 0


def test_another_bucket_has_no_records_but_its_bytes_may_be_known() -> None:
    operated = recognized("old.jpg")
    operated.world.s3.put("new.jpg", b"dog 90")

    totals, _ = planned(operated, has_records=False)

    assert (totals.current, totals.to_do, totals.known, totals.calls) == (0, 2, 1, BOTH)


def test_where_answers_are_not_shared_each_object_is_asked_about_for_itself() -> None:
    operated = recognized("old.jpg")
    operated.world.s3.copy("old.jpg", "copy.jpg")
    operated.world.s3.copy("old.jpg", "another.jpg")

    totals, _ = planned(operated, shares_answers=False)

    assert (totals.current, totals.to_do, totals.repeated, totals.known) == (1, 2, 0, 0)
    assert totals.calls == dict.fromkeys(BOTH, 2)


@pytest.mark.parametrize("versioned", [True, False])
def test_a_detector_added_needs_its_own_calls_alone_where_answers_are_not_shared(versioned: bool) -> None:
    world = World(versioned=versioned, settings=replace(SETTINGS, share_answers="no"))
    world.deliver(world.s3.put("old.jpg", b"cat 97"), world.s3.put("copy.jpg", b"cat 97"))
    more = questions(replace(SETTINGS, detectors=("labels", "faces", "text")))
    fingerprints = {name: asked.fingerprint for name, asked in more.items()}

    totals, _ = planned(OperatedWorld(world), fingerprints=fingerprints, shares_answers=False)

    assert totals.calls == {"text": 2}


def test_an_object_put_over_another_is_not_taken_for_answered_where_answers_are_not_shared() -> None:
    world = World(settings=replace(SETTINGS, share_answers="no"))
    world.deliver(world.s3.put("a.jpg", b"cat 97"))
    world.s3.put("a.jpg", b"dog 97 sofa 60")

    assert planned(OperatedWorld(world), shares_answers=False)[0].calls == BOTH


def test_what_cannot_be_recognized_needs_no_call() -> None:
    operated = recognized()
    operated.world.s3.put("empty.jpg", b"")
    operated.world.s3.put("notes.txt", b"text")

    totals, _ = planned(operated)

    assert (totals.kinds[ObjectKind.EMPTY], totals.kinds[ObjectKind.OTHER_BY_NAME]) == (1, 1)
    assert totals.calls == BOTH  # only the bytes of notes.txt can tell that it is none


@pytest.mark.parametrize(
    ("storage_class", "restore", "is_archived"),
    [
        ("GLACIER", None, True),
        ("DEEP_ARCHIVE", None, True),
        ("DEEP_ARCHIVE", "under way", True),
        ("GLACIER", "done", False),
        ("GLACIER_IR", None, False),
        ("STANDARD_IA", None, False),
        ("INTELLIGENT_TIERING", None, False),
    ],
)
def test_what_is_archived_is_counted_apart_and_has_no_price(
    storage_class: str, restore: str | None, is_archived: bool
) -> None:
    operated = recognized()
    operated.world.s3.put("new.jpg", b"dog 90")
    operated.s3.archive("new.jpg", storage_class, restoring=restore == "under way")
    if restore == "done":
        operated.s3.restore("new.jpg")

    totals, _ = planned(operated)

    assert totals.archived == is_archived
    assert (totals.to_do, totals.calls) == ((0, {}) if is_archived else (1, BOTH))
    assert totals.tiered == (storage_class == "INTELLIGENT_TIERING")


def test_what_was_archived_after_it_was_recognized_has_its_record() -> None:
    operated = recognized("old.jpg")
    operated.s3.archive("old.jpg", "DEEP_ARCHIVE")

    totals, _ = planned(operated)

    assert (totals.current, totals.archived, totals.to_do) == (1, 0, 0)


def test_bytes_that_are_archived_in_one_place_are_paid_for_in_another() -> None:
    operated = recognized()
    operated.world.s3.put("a.jpg", b"dog 90")
    operated.world.s3.put("b.jpg", b"dog 90")
    operated.s3.archive("a.jpg")

    totals, _ = planned(operated)

    assert (totals.archived, totals.to_do, totals.repeated, totals.calls) == (1, 1, 0, BOTH)


def test_a_rejected_record_is_current() -> None:
    operated = recognized()
    operated.world.deliver(operated.world.s3.put("empty.jpg", b""))

    assert planned(operated)[0].current == 1


def test_a_limit_looks_at_so_many_and_says_that_there_are_more() -> None:
    operated = recognized("a.jpg", "b.jpg", "c.jpg", "d.jpg")

    assert [planned(operated, limit=limit)[1] for limit in (2, 3, 4, 5)] == [False, False, True, True]
    assert planned(operated, limit=2)[0].objects == 2


def test_what_is_left_out_is_counted_apart() -> None:
    operated = recognized("a.jpg", "b.PNG", "c.txt")

    totals, _ = planned(operated, chosen=ObjectFilter(suffixes=(".jpg", ".png")))

    assert (totals.objects, totals.left_out) == (2, 1)
    assert planned(operated, chosen=ObjectFilter(since=1e12))[0].left_out == 3


def listed(key: str, size: int = 6) -> Listed:
    return Listed(key, "e", size, 0.0)


@pytest.mark.parametrize(
    ("key", "size", "kind"),
    [
        ("a.JPG", 1, ObjectKind.PHOTO),
        ("a.b/c.jpeg", 1, ObjectKind.PHOTO),
        ("no ending", 1, ObjectKind.PHOTO),
        ("a.jpg/raw", 1, ObjectKind.PHOTO),
        ("a.gif", 1, ObjectKind.OTHER_BY_NAME),
        ("a.jpg", 0, ObjectKind.EMPTY),
        ("folder/", 0, ObjectKind.EMPTY),
        ("a.jpg", MAX_S3_IMAGE_BYTES, ObjectKind.PHOTO),
        ("a.txt", MAX_S3_IMAGE_BYTES + 1, ObjectKind.TOO_LARGE),
    ],
)
def test_a_listing_says_what_an_object_may_be(key: str, size: int, kind: ObjectKind) -> None:
    assert ObjectKind.of(listed(key, size)) is kind


@pytest.mark.parametrize(
    ("key", "size", "kind"),
    [
        ("a.HEIC", 1, ObjectKind.PHOTO),
        ("a.jpg", 1, ObjectKind.PHOTO),
        ("a.txt", 1, ObjectKind.OTHER_BY_NAME),
        ("a.tiff", MAX_PHOTO_BYTES, ObjectKind.PHOTO),
        ("a.tiff", MAX_PHOTO_BYTES + 1, ObjectKind.TOO_LARGE),
    ],
)
def test_where_photos_are_converted_more_can_be_recognized(key: str, size: int, kind: ObjectKind) -> None:
    assert ObjectKind.of(listed(key, size), is_converted=True) is kind


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ({}, True),
        ({"fingerprints": {**FINGERPRINTS, PICTURE: "of an older release"}}, True),
        ({"fingerprints": WITH_PICTURE}, False),
        ({"fingerprints": {"labels": FINGERPRINTS["labels"]}}, False),
        ({"fingerprints": {**FINGERPRINTS, "text": "one more"}}, False),
        ({"etag": "other"}, False),
        ({"status": Status.DELETED}, False),
        ({"status": Status.REJECTED}, False),
    ],
)
def test_what_lacks_the_picture_alone(change: dict[str, Any], lacks: bool) -> None:
    record = replace(RecordSummary("a", "e", 6, Status.RECOGNIZED, fingerprints=FINGERPRINTS), **change)

    assert record.lacks_only_picture(listed("a"), WITH_PICTURE) is lacks
    assert not record.lacks_only_picture(listed("a"), FINGERPRINTS)


@pytest.mark.parametrize(
    ("change", "is_current"),
    [
        ({}, True),
        ({"etag": "other"}, False),
        ({"size_bytes": 7}, False),
        ({"fingerprints": {}}, False),
        ({"status": Status.DELETED}, False),
        ({"status": Status.REJECTED, "fingerprints": {}}, True),
    ],
)
def test_a_record_is_current_as_the_processor_decides_it(change: dict[str, Any], is_current: bool) -> None:
    record = RecordSummary("a", "e", 6, Status.RECOGNIZED, fingerprints=FINGERPRINTS)

    assert replace(record, **change).is_current(listed("a"), FINGERPRINTS) is is_current


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("s3://b", Place("b", "")),
        ("s3://b/", Place("b", "")),
        ("s3://b/a/b?c#d%20.jpg", Place("b", "a/b?c#d%20.jpg")),
        ("s3://b//a", Place("b", "/a")),
    ],
)
def test_a_place_is_a_bucket_and_a_prefix_taken_as_it_is(typed: str, place: Place) -> None:
    assert Place.read(typed) == place


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("s3://b", "aws s3 sync s3://b/ s3://ours/"),
        ("s3://b/2025/IMG_", "aws s3 sync s3://b/2025/ s3://ours/2025/"),
        ("s3://b/our trip/", "aws s3 sync 's3://b/our trip/' 's3://ours/our trip/'"),
    ],
)
def test_photos_are_copied_with_their_keys(typed: str, command: str) -> None:
    assert Place.read(typed).sync_command("ours") == command


@pytest.mark.parametrize("typed", ["", "b/a", "s3:/b/a", "s3://", "https://b/a"])
def test_what_is_no_place_says_how_one_is_written(typed: str) -> None:
    with pytest.raises(OperatorError, match="s3://bucket/prefix"):
        Place.read(typed)


def test_hours_are_told_to_some_seconds_and_no_end_as_none() -> None:
    assert (hours(5_400), hours(1), hours(math.inf)) == (1.5, 0.0, None)


def test_memory_is_priced_by_lambdas_gigabyte() -> None:
    deployed: Any = SimpleNamespace(
        operations=(), quotas={}, lines_abroad={}, memory_mb=1536, daily_limits={}, settings=SETTINGS
    )
    table: Any = SimpleNamespace(budgets=lambda _operations: {})

    assert Pricing.of(deployed, table).memory_gb == 1.5


def test_files_that_are_converted_are_told_by_their_names_and_counted_once() -> None:
    operated = recognized()
    for key, body in (("a.heic", b"dog 1"), ("b.jpg", b"dog 2"), ("c.HEIC", b"dog 1")):
        operated.world.s3.put(key, body)

    totals, _ = planned(operated, fingerprints=FINGERPRINTS | {PICTURE: "0123456789ab"})

    assert (totals.to_do, totals.read, totals.converted) == (3, 2, 1)


def test_files_have_a_price_where_they_are_looked_at() -> None:
    off, on = (Pricing(SETTINGS.quotas, 0.5, settings=settings) for settings in (SETTINGS, WITH_PICTURES))
    calls = {"labels": 1000}
    plain, looked_at, converted = (
        pricing.bill(1000, calls, is_bulk=True, read=1000, converted=count).total
        for pricing, count in ((off, 0), (on, 0), (on, 1000))
    )

    assert off.bill(1000, calls, is_bulk=True).total == plain
    assert plain < looked_at < converted
    assert off.picture_work(1, 1, 1) is None
    near = Pricing(SETTINGS.quotas, 0.5, settings=replace(WITH_PICTURES, near_duplicates="yes"))
    assert near.picture_work(3, 2, 1) == PictureWork(3, 2, 1, near_duplicates=True)
