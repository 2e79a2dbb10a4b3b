"""The verdict finds what is wrong, and finds nothing where nothing is."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from contract.notifications import completion
from contract.records import Findings, ImageRecord, ImageVersion, Rejection, Status
from contract.results import Result, ResultName
from contract.table import index_rows
from loadtest.faults.ledger import PaidTwice
from loadtest.faults.verdict import UNEXPLAINED, Evidence, Letter, RunVerdict, judge
from loadtest.faults.wings import THE_POLICY

VERSION = ImageVersion("a.jpg", "etag", 9, "v1", "2024-01-01T00:00:00.000Z")
RECORD = ImageRecord(
    VERSION,
    Status.RECOGNIZED,
    "1",
    1,
    "2024-01-01T00:00:01.000Z",
    {"labels": "l", "faces": "f"},
    Findings({"Cat": 97.5}, 1),
)
TOMBSTONE = replace(
    RECORD, version=ImageVersion("a.jpg", "", 0, None, ""), status=Status.DELETED, detectors={}
)
ANSWERS: dict[str, dict[str, Any]] = {
    "labels": {"Labels": [{"Name": "Cat", "Confidence": 97.5}]},
    "faces": {"FaceDetails": [{}]},
}
RESULTS = {
    (name := ResultName(VERSION.content_id, detector, RECORD.detectors[detector])): Result(name, answer, "")
    for detector, answer in ANSWERS.items()
}
GOOD = Evidence(
    {"a.jpg": ("etag", "v1")}, {"a.jpg": RECORD}, index_rows(RECORD), RESULTS, (), {"Cat": 1, "recognized": 1}
)
NOTHING_TWICE = PaidTwice(0, Counter(), ())


def verdict(evidence: Evidence, twice: PaidTwice = NOTHING_TWICE, *, announced: bool = True) -> RunVerdict:
    due = [completion("bucket", record, THE_POLICY) for record in evidence.records.values()]
    return judge(evidence, {said.id: said.body for said in due} if announced else {}, "bucket", twice, {})


def test_all_is_well() -> None:
    assert verdict(GOOD).kept


def test_a_deleted_photo_with_its_tombstone_is_well() -> None:
    assert verdict(replace(GOOD, bucket={"a.jpg": None}, records={"a.jpg": TOMBSTONE}, counts={})).kept


def test_a_label_that_is_counted_twice_is_noticed() -> None:
    assert verdict(replace(GOOD, counts={"Cat": 2, "recognized": 1})).miscounted == {"Cat": (2, 1)}


def test_an_object_without_a_record_is_lost() -> None:
    assert set(verdict(replace(GOOD, records={})).lost) == {"a.jpg"}
    assert set(verdict(replace(GOOD, records={"a.jpg": TOMBSTONE})).lost) == {"a.jpg"}


def test_a_good_photo_that_was_rejected_is_lost() -> None:
    rejected = replace(RECORD, status=Status.REJECTED, rejection=Rejection("Some", "reason"))
    evidence = replace(GOOD, records={"a.jpg": rejected}, rows=index_rows(rejected))
    assert verdict(evidence).lost == {"a.jpg": "rejected: Some"}


def test_missing_rows_and_missing_answers_are_lost() -> None:
    assert set(verdict(replace(GOOD, rows=index_rows(RECORD)[1:])).lost) == {"a.jpg"}
    assert set(verdict(replace(GOOD, results={})).lost) == {"a.jpg"}


def test_a_record_of_another_version_or_of_a_deleted_object_is_stale() -> None:
    assert set(verdict(replace(GOOD, bucket={"a.jpg": ("etag", "v2")})).stale) == {"a.jpg"}
    assert set(verdict(replace(GOOD, bucket={"a.jpg": None})).stale) == {"a.jpg"}


def test_a_visible_row_that_is_not_of_the_record_is_stale_an_invisible_one_is_not() -> None:
    other = replace(RECORD, findings=Findings({"Dog": 80.0}, 1))
    (row,) = [row for row in index_rows(other) if "dog" in row.at.pk]
    assert set(verdict(replace(GOOD, rows=(*GOOD.rows, row))).stale) == {"a.jpg"}
    assert verdict(replace(GOOD, rows=(*GOOD.rows, replace(row, revision="old")))).kept


def test_labels_of_other_bytes_are_stale() -> None:
    assert set(verdict(replace(GOOD, records={"a.jpg": replace(RECORD, findings=Findings({}, 1))})).stale)
    due = completion("bucket", RECORD, THE_POLICY)
    found = judge(GOOD, {due.id: due.body}, "bucket", NOTHING_TWICE, {"a.jpg": {"Dog": 80.0}})
    assert set(found.stale) == {"a.jpg"}


def test_a_completion_that_is_not_by_the_policy_is_noticed() -> None:
    said = completion("bucket", RECORD, THE_POLICY)
    other = {**said.body, "moderation_action": "block"}
    found = judge(GOOD, {said.id: other}, "bucket", NOTHING_TWICE, {})
    assert found.misspoken == {"a.jpg": "moderation_action of its completion"}
    assert not found.kept


def test_a_photo_that_was_not_asked_about_as_its_prefix_wants_is_lost() -> None:
    below = replace(RECORD, version=replace(VERSION, key="inbox/a.jpg"))
    evidence = replace(GOOD, bucket={"inbox/a.jpg": ("etag", "v1")}, records={"inbox/a.jpg": below})
    assert verdict(evidence).lost == {"inbox/a.jpg": "it was looked at by faces, labels"}


def test_a_record_of_which_nobody_was_told_is_silent() -> None:
    found = verdict(GOOD, announced=False)
    assert found.silent == ("a.jpg",)
    assert not found.kept


@pytest.mark.parametrize("cause", ["transient: InternalServerError", UNEXPLAINED])
def test_a_dead_letter_breaks_the_promise_even_if_it_says_why(cause: str) -> None:
    assert not verdict(replace(GOOD, letters=(Letter(cause, ("b.jpg",)),))).kept


def test_paying_twice_without_a_cause_breaks_the_promise() -> None:
    assert not verdict(GOOD, PaidTwice(1, Counter(), (("DetectLabels", "bytes"),))).kept
