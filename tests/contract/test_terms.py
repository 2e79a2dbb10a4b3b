"""The terms under which an image is found, and the words as they are kept."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.photos import NEAR_DUPLICATE_BITS, PhotoFacts, hash_distance
from contract.records import Findings, ImageRecord, ImageVersion, Status, key_digest
from contract.table import IndexRow, hash_terms, index_rows, plain_word, rank

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


def test_what_a_person_has_decided_about_is_out_of_the_way_of_what_is_to_be_reviewed() -> None:
    terms = {row.term: row.confidence for row in index_rows(replace(RECORD, decision="block"))}

    assert terms["decision:block"] is None
    assert terms["decided:violence"] == 61.5
    assert not any(term.startswith("moderation:") for term in terms)
    assert len(terms) == len(index_rows(RECORD)) + 1


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


FACTS = PhotoFacts(
    "JPEG",
    640,
    480,
    is_direct=True,
    taken_at="2026-07-31T23:59:59.120",
    camera="PIXEL Straße",
    latitude=48.8584,
    longitude=2.2945,
    hash="0123456789abcdef",
    finds_duplicates=True,
)


def terms_of(facts: PhotoFacts) -> set[str]:
    record = replace(RECORD, findings=Findings(photo=facts))
    return {row.at.pk.removeprefix("index#").rpartition("#")[0] for row in index_rows(record)}


def test_a_photo_is_found_by_camera_place_hash_and_time_of_capture() -> None:
    assert terms_of(FACTS) - {"status:recognized"} == {
        "camera:pixel strasse",
        *("geo:u09", "geo:u09t", "geo:u09tu", "geo:u09tun"),
        *("hash:0:0123", "hash:1:4567", "hash:2:89ab", "hash:3:cdef"),
        "taken",
    }


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        (replace(FACTS, camera=None), "camera:"),
        (replace(FACTS, longitude=None), "geo:"),
        (replace(FACTS, hash=None), "hash:"),
        (replace(FACTS, finds_duplicates=False), "hash:"),
        (replace(FACTS, taken_at=None), "taken"),
    ],
)
def test_what_is_not_known_has_no_row(facts: PhotoFacts, missing: str) -> None:
    assert not [term for term in terms_of(facts) if term.startswith(missing)]
    assert len(terms_of(facts)) < len(terms_of(FACTS))


def test_the_row_of_capture_stands_by_the_cameras_clock_in_the_shard_of_all_others() -> None:
    rows = index_rows(replace(RECORD, findings=Findings(photo=FACTS)))
    (taken,) = [row for row in rows if row.at.pk.startswith("index#taken#")]
    others = [row for row in rows if row is not taken]

    assert taken.place == f"2026-07-31T23:59:59.120#{key_digest('a.jpg')}"
    assert {row.place for row in others} == {f"2026-11-23T12:00:00.000Z#{key_digest('a.jpg')}"}
    assert len({row.at.pk.rpartition("#")[2] for row in rows}) == 1
    assert taken.uploaded_at is None
    assert {row.uploaded_at for row in others} == {"2026-11-23T12:00:00.000Z"}
    assert IndexRow.from_item(taken.to_item()) == taken


@given(st.text(st.sampled_from("0123456789abcdef"), min_size=16, max_size=16), st.sets(st.integers(0, 63)))
def test_near_duplicates_have_a_term_in_common(picture_hash: str, turned: set[int]) -> None:
    turned = set(sorted(turned)[:NEAR_DUPLICATE_BITS])
    other = f"{int(picture_hash, 16) ^ sum(1 << bit for bit in turned):016x}"

    assert hash_distance(picture_hash, other) == len(turned)
    assert set(hash_terms(picture_hash)) & set(hash_terms(other))


@pytest.mark.parametrize("taken_at", ["٢٠٢٦-07-31T23:59:59.120", "2026-07-31T23:59:59.120Z", "2026-07-31"])
def test_a_time_of_capture_that_would_not_sort_is_refused(taken_at: str) -> None:
    with pytest.raises(ValueError, match="taken_at"):
        replace(FACTS, taken_at=taken_at)


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
