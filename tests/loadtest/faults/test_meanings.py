"""The row of each photo has the vector of its revision, and no row that is seen has another."""

from dataclasses import replace

from contract.meaning import DIMENSIONS, MEANING, MEANING_SEEN, VECTOR, written_vector
from contract.records import ImageRecord, Status
from contract.results import Result, ResultName
from contract.table import IndexRow, index_rows
from loadtest.faults.calls import AwsAnswer, Call, paid_photograph
from loadtest.faults.ledger import Paid
from loadtest.faults.meanings import misplaced_vectors, vectors_paid
from loadtest.faults.plan import InjectedFault
from loadtest.faults.verdict import Evidence
from tests.loadtest.faults.test_verdict import GOOD, RECORD, VERSION

TRUE, SEEN, OTHER = (0.5,) * DIMENSIONS, (0.125,) * DIMENSIONS, (0.25,) * DIMENSIONS
ASKED = {MEANING: "minilm2.a", MEANING_SEEN: "titan1.b"}
RECORDED = replace(RECORD, detectors={**RECORD.detectors, **ASKED})
ROW, SEEN_ROW = (row for row in index_rows(RECORDED) if "meaning" in row.term)


def found(record: ImageRecord, vectors: dict[IndexRow, tuple[float, ...]]) -> set[str]:
    results = dict(GOOD.results)
    for (detector, fingerprint), vector in zip(ASKED.items(), (TRUE, SEEN), strict=True):
        name = ResultName(VERSION.content_id, detector, fingerprint)
        results[name] = Result(name, {VECTOR: written_vector(vector)}, "")
    evidence: Evidence = replace(GOOD, records={"a.jpg": record}, results=results, vectors=vectors)
    return set(misplaced_vectors(evidence))


def test_its_own_vectors_are_right_and_one_of_another_revision_is_not_seen() -> None:
    right = {ROW: TRUE, SEEN_ROW: SEEN}
    assert found(RECORDED, right) == set()
    assert found(RECORDED, {**right, replace(ROW, revision="old"): OTHER}) == set()


def test_none_another_and_one_too_many_are_noticed() -> None:
    assert found(RECORDED, {}) == {"a.jpg"}
    assert found(RECORDED, {ROW: TRUE}) == {"a.jpg"}
    assert found(RECORDED, {ROW: TRUE, SEEN_ROW: OTHER}) == {"a.jpg"}
    assert found(RECORDED, {ROW: SEEN, SEEN_ROW: TRUE}) == {"a.jpg"}
    assert found(RECORDED, {ROW: TRUE, SEEN_ROW: SEEN, index_rows(RECORDED)[0]: TRUE}) == {"a.jpg"}
    assert found(replace(RECORDED, detectors=RECORD.detectors), {}) == {"a.jpg"}


def test_what_bedrock_was_shown_is_paid_for_by_content_where_it_gave_a_vector() -> None:
    asked = Call("POST", "/2015-03-31/functions/seen/invocations", {}, b'{"thumbnail": "a/b/thumbnail.webp"}')
    paid = paid_photograph(asked, AwsAnswer(200, (), b'{"vector": "AAAA"}'))
    assert paid is not None
    assert paid_photograph(asked, AwsAnswer(200, (), b'{"failed": {"word": "ThrottledError"}}')) is None
    assert paid_photograph(asked, AwsAnswer(429, (), b"<busy/>")) is None
    events = [Paid(paid, "1", 0.1, InjectedFault.NONE), Paid(paid, "2", 0.1, InjectedFault.RESET_AFTER)]
    assert vectors_paid(events) == {("InvokeModel", "a"): 2}


def test_what_is_gone_has_none() -> None:
    gone = replace(RECORDED, status=Status.DELETED)
    assert found(gone, {}) == set()
    assert found(gone, {replace(ROW, revision=gone.revision): TRUE}) == {"a.jpg"}
