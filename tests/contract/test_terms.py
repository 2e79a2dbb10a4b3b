"""The terms under which an image is found, and the words as they are kept."""

from decimal import Decimal

import pytest

from contract.records import Findings, ImageRecord, ImageVersion, Status
from contract.table import IndexRow, index_rows, plain_word, rank

RECORD = ImageRecord(
    version=ImageVersion("a.jpg", "abc", 7, "v1", "2026-11-23T12:00:00.000Z"),
    status=Status.RECOGNIZED,
    sequencer="00A1",
    generation=1,
    decided_at="2026-11-23T12:00:05.000Z",
    findings=Findings(
        labels={"Dog": 98.12, "Animal": 98.12, "animal": 60.0},
        faces=2,
        parents=frozenset({"Animal"}),
        moderation={"Violence": 61.5},
        words=("stop", "straße"),
    ),
)


def rows() -> dict[str, IndexRow]:
    return {row.at.pk.removeprefix("index#").rpartition("#")[0]: row for row in index_rows(RECORD)}


def test_an_image_is_found_by_labels_categories_words_and_faces() -> None:
    assert set(rows()) == {
        "status:recognized",
        "label:dog",
        "label:animal",
        "moderation:violence",
        "text:stop",
        "text:strasse",
        "faces:some",
    }


def test_all_rows_of_an_image_have_one_sort_key_and_one_shard() -> None:
    assert len({row.at.sk for row in index_rows(RECORD)}) == 1
    assert len({row.at.pk.rpartition("#")[2] for row in index_rows(RECORD)}) == 1


def test_a_row_knows_a_parent_unless_another_spelling_is_none() -> None:
    both = Findings(labels={"Dog": 98.0, "Animal": 98.0}, parents=frozenset({"Animal"}))
    record = ImageRecord(RECORD.version, RECORD.status, "", 1, "now", findings=both)

    assert [row.is_parent for row in index_rows(record)] == [False, False, True]
    assert not rows()["label:animal"].is_parent


def test_what_was_read_as_one_endless_word_has_no_row() -> None:
    record = ImageRecord(
        RECORD.version, RECORD.status, "", 1, "now", findings=Findings(words=("x" * 201, "y" * 200))
    )

    assert len(index_rows(record)) == 2


def test_no_face_no_row() -> None:
    for faces in (None, 0):
        record = ImageRecord(RECORD.version, RECORD.status, "", 1, "now", findings=Findings(faces=faces))
        assert len(index_rows(record)) == 1


@pytest.mark.parametrize("term", ["label:dog", "text:stop", "label:animal"])
def test_a_row_survives_dynamodb(term: str) -> None:
    assert IndexRow.from_item(rows()[term].to_item()) == rows()[term]


def test_only_rows_with_a_confidence_have_a_rank_and_its_text_order_is_theirs() -> None:
    assert "rank" not in rows()["text:stop"].to_item()
    assert rows()["label:dog"].to_item()["rank"] == f"098.120#{rows()['label:dog'].at.sk}"
    confidences = [0.0, 9.5, 40.0, 99.999, 100.0]
    assert sorted(rank(each, "x") for each in confidences) == [rank(each, "x") for each in confidences]
    assert rows()["label:dog"].to_item()["confidence"] == Decimal("98.12")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("STOP!", "stop"), ("«Straße»", "strasse"), ("don't", "don't"), ("--", ""), ("№5.", "5"), ("", "")],
)
def test_a_word_is_kept_without_what_stands_around_it(typed: str, kept: str) -> None:
    assert plain_word(typed) == kept
