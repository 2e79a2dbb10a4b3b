"""The row of each photo has the vector of its revision, and no row that is seen has another."""

from dataclasses import replace

from contract.meaning import DIMENSIONS, MEANING, MEANING_SEEN, VECTOR, written_vector
from contract.records import ImageRecord, Status
from contract.results import Result, ResultName
from contract.table import IndexRow, index_rows
from loadtest.faults.meanings import misplaced_vectors
from loadtest.faults.verdict import Evidence
from tests.loadtest.faults.test_verdict import GOOD, RECORD, VERSION

TRUE, OTHER = (0.5,) * DIMENSIONS, (0.25,) * DIMENSIONS
RECORDED = replace(RECORD, detectors={**RECORD.detectors, MEANING: "minilm2.a"})
NAME = ResultName(VERSION.content_id, MEANING, "minilm2.a")
SEEN = ResultName(VERSION.content_id, MEANING_SEEN, "titan1.a")
(ROW,) = [row for row in index_rows(RECORDED) if "meaning" in row.term]


def found(record: ImageRecord, vectors: dict[IndexRow, tuple[float, ...]]) -> set[str]:
    results = {
        **GOOD.results,
        NAME: Result(NAME, {VECTOR: written_vector(TRUE)}, ""),
        SEEN: Result(SEEN, {VECTOR: written_vector(OTHER)}, ""),
    }
    evidence: Evidence = replace(GOOD, records={"a.jpg": record}, results=results, vectors=vectors)
    return set(misplaced_vectors(evidence))


def test_its_own_vector_is_right_and_one_of_another_revision_is_not_seen() -> None:
    assert found(RECORDED, {ROW: TRUE}) == set()
    assert found(RECORDED, {ROW: TRUE, replace(ROW, revision="old"): OTHER}) == set()


def test_none_another_and_one_too_many_are_noticed() -> None:
    assert found(RECORDED, {}) == {"a.jpg"}
    assert found(RECORDED, {ROW: OTHER}) == {"a.jpg"}
    assert found(RECORDED, {ROW: TRUE, index_rows(RECORDED)[0]: TRUE}) == {"a.jpg"}
    assert found(replace(RECORDED, detectors=RECORD.detectors), {}) == {"a.jpg"}


def test_of_two_spaces_each_has_its_own() -> None:
    both = replace(RECORDED, detectors={**RECORDED.detectors, MEANING_SEEN: "titan1.a"})
    rows = {row.term: row for row in index_rows(both)}
    of_labels, of_pictures = rows["meaning:minilm2"], rows["meaning:titan1"]

    assert found(both, {of_labels: TRUE, of_pictures: OTHER}) == set()
    assert found(both, {of_labels: OTHER, of_pictures: TRUE}) == {"a.jpg"}
    assert found(both, {of_labels: TRUE}) == {"a.jpg"}


def test_what_is_gone_has_none() -> None:
    gone = replace(RECORDED, status=Status.DELETED)
    assert found(gone, {}) == set()
    assert found(gone, {replace(ROW, revision=gone.revision): TRUE}) == {"a.jpg"}
