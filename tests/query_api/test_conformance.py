"""What every table must do: the one in memory that tests use, and the adapter on DynamoDB."""

from dataclasses import replace

import pytest

from contract import table
from contract.records import ImageRecord, Status
from contract.results import Result, ResultName
from query_api.ports import Details
from query_api.search.listing import Listing
from query_api.search.near import Near
from query_api.search.postings import ranges
from query_api.search.questions import ListQuestion, Order
from tests.query_api.conftest import MotoTable
from tests.query_api.memory_table import MemoryTable
from tests.query_api.photos import claim, commit, facts, photo, rejected, tombstone, write_result

Table = MemoryTable | MotoTable
CAT = table.label_term("Cat")
CATS = ranges(ListQuestion(labels=("Cat",)), CAT)


def commit_cats(store: Table, number: int) -> None:
    for second in range(number):
        commit(store, photo(f"cat-{second:03}.jpg", second=second))


def test_rows_come_in_falling_order_partition_by_partition(table_like: Table) -> None:
    commit_cats(table_like, 24)

    found = table_like.rows(CATS, 100)

    assert len(found) == len(CATS)
    assert sum(len(rows) for rows in found) == 24
    for partition, rows in zip(CATS, found, strict=True):
        assert {row.at.pk for row in rows} <= {partition.partition}
        assert [row.at.sk for row in rows] == sorted((row.at.sk for row in rows), reverse=True)


def test_a_row_says_key_revision_and_confidence(table_like: Table) -> None:
    record = photo("a b/ü.jpg", labels={"Cat": 87.25})
    commit(table_like, record)

    (row,) = [row for rows in table_like.rows(CATS, 9) for row in rows]

    assert (row.key, row.revision, row.confidence) == ("a b/ü.jpg", record.revision, 87.25)


def test_rows_of_a_status_have_no_confidence(table_like: Table) -> None:
    commit(table_like, rejected())

    rejected_ones = ListQuestion(status=Status.REJECTED)
    found = table_like.rows(ranges(rejected_ones, table.status_term(Status.REJECTED)), 9)

    assert [row.confidence for rows in found for row in rows] == [None]


BY_FILE = [
    (ListQuestion(order=Order.TAKEN), [5, 4, 3, 2, 1, 0]),
    (ListQuestion(order=Order.TAKEN_OLDEST, taken_to="2026-07-31T12:00:03.999"), [0, 1, 2, 3]),
    (ListQuestion(camera="PIXEL 1"), [1, 3, 5]),
    (ListQuestion(near=Near(48.85, 2.35, 10), labels=("Cat",)), [0, 1, 2]),
    (ListQuestion(near_duplicates_of="1.jpg", picture_hash=f"{1:016x}", order=Order.OLDEST), [5, 4, 3, 2, 0]),
]


@pytest.mark.parametrize(
    ("asked", "found"), BY_FILE, ids=["taken", "taken until", "a camera", "near", "near duplicates"]
)
def test_photos_are_found_by_what_their_files_say(
    table_like: Table, asked: ListQuestion, found: list[int]
) -> None:
    for number in range(6):
        said = facts(
            f"2026-07-31T12:00:0{number}.000",
            camera=f"Pixel {number % 2}",
            place=(48.8584 if number < 3 else -33.8568, 2.2945),
            looks=number,
        )
        commit(table_like, photo(f"{number}.jpg", second=50 - number, file=said))

    pages = [Listing(table_like).page(asked._replace(limit=2))]
    while (after := pages[-1].next_after) is not None:
        pages.append(Listing(table_like).page(asked._replace(limit=2, after=after)))

    assert [match.record.key for page in pages for match in page.matches] == [f"{n}.jpg" for n in found]


def test_a_limit_is_for_each_partition(table_like: Table) -> None:
    commit_cats(table_like, 40)

    assert [len(rows) for rows in table_like.rows(CATS, 3)] == [3, 3, 3, 3]


def test_rows_before_a_place_leave_the_place_itself_out(table_like: Table) -> None:
    commit_cats(table_like, 40)
    first, second, *_ = table_like.rows([CATS[1]], 9)[0]

    assert table_like.rows([CATS[1].past(first)], 1) == [[second]]
    assert table_like.rows([CATS[1].after(first.place)], 1) == [[second]]
    assert table_like.rows([CATS[1].at_or_after(first.place)], 1) == [[first]]


def test_a_place_need_not_be_that_of_a_row(table_like: Table) -> None:
    commit_cats(table_like, 40)

    before = [each._replace(high="2026-11-23T12:00:20") for each in CATS]

    found = table_like.rows(before, 100)

    assert {row.key for rows in found for row in rows} == {f"cat-{second:03}.jpg" for second in range(20)}


def test_rows_come_in_rising_order_where_the_oldest_are_wanted(table_like: Table) -> None:
    commit_cats(table_like, 40)
    rising = ranges(ListQuestion(labels=("Cat",), order=Order.OLDEST), CAT)

    for rows in table_like.rows(rising, 100):
        assert [row.at.sk for row in rows] == sorted(row.at.sk for row in rows)
    first, second, *_ = table_like.rows([rising[1]], 9)[0]
    assert table_like.rows([rising[1].past(first)], 1) == [[second]]
    assert table_like.rows([rising[1].after(first.place)], 1) == [[second]]
    assert table_like.rows([rising[1].at_or_after(second.place)], 1) == [[second]]


def test_rows_come_by_rank_the_surest_first(table_like: Table) -> None:
    for second in range(40):
        commit(
            table_like, photo(f"{second}.jpg", second=second, labels={"Cat": 50 + (second * 7 % 40) + 0.25})
        )
    asked = ListQuestion(labels=("Cat",), order=Order.CONFIDENCE, min_confidence_percent=60.25)

    by_rank = ranges(asked, CAT)
    found = table_like.rows(by_rank, 100)

    for rows in found:
        assert [row.rank_place for row in rows] == sorted((row.rank_place for row in rows), reverse=True)
    assert min(row.confidence or 0 for rows in found for row in rows) == 60.25
    assert sum(map(len, found)) == 30
    first, second_row, *_ = table_like.rows([by_rank[1]], 9)[0]
    assert table_like.rows([by_rank[1].past(first)], 1) == [[second_row]]
    assert table_like.rows([by_rank[1].after(first.rank_place)], 1) == [[second_row]]


def test_a_row_says_whether_another_label_implies_its_own(table_like: Table) -> None:
    commit(table_like, photo(labels={"Cat": 90.0, "Animal": 90.0}, parents=["Animal"]))
    animals = ranges(ListQuestion(labels=("Animal",)), table.label_term("Animal"))

    assert [row.is_parent for rows in table_like.rows(animals, 9) for row in rows] == [True]
    assert [row.is_parent for rows in table_like.rows(CATS, 9) for row in rows] == [False]


def test_bounds_that_leave_nothing_between_them_give_nothing(table_like: Table) -> None:
    commit_cats(table_like, 4)

    assert table_like.rows([each._replace(low="3", high="2") for each in CATS], 9) == [[], [], [], []]


def test_a_term_without_rows_gives_empty_partitions(table_like: Table) -> None:
    assert table_like.rows(CATS, 5) == [[], [], [], []]


@pytest.mark.parametrize(
    "record", [photo(faces=2, detectors={"labels": "f1"}), rejected(), tombstone(photo())]
)
def test_records_come_back_as_they_were_committed(table_like: Table, record: ImageRecord) -> None:
    commit(table_like, record)

    assert table_like.records([record.key]) == {record.key: record}


def test_a_hundred_records_are_read_at_once_and_unknown_ones_left_out(table_like: Table) -> None:
    commit_cats(table_like, 99)

    found = table_like.records([*(f"cat-{second:03}.jpg" for second in range(99)), "unknown.jpg"])

    assert len(found) == 99
    assert "unknown.jpg" not in found


@pytest.mark.parametrize(
    "key", ["a b", "a+b", "100%", "a%2Fb", "#?'\"", "😀", "é" * 512, "/", "//a//", "a\nb", "\0"]
)
def test_keys_are_taken_as_they_are(table_like: Table, key: str) -> None:
    commit(table_like, photo(key))

    assert list(table_like.records([key])) == [key]


def test_raw_results_come_back_by_name(table_like: Table) -> None:
    record = photo("cat.jpg", detectors={"labels": "f1", "faces": "f1"})
    name = ResultName(record.content_id, "labels", "f1")
    result = Result(name, {"Labels": [{"Name": "Katze 猫"}]}, "2026-11-23T12:00:00Z")
    commit(table_like, record)
    write_result(table_like, result)

    found = table_like.details("cat.jpg", corrected=False)

    assert found == Details(record, {"labels": result})


def test_a_claim_on_a_result_is_not_a_result_yet(table_like: Table) -> None:
    record = photo("cat.jpg", detectors={"labels": "f1"})
    commit(table_like, record)
    claim(table_like, ResultName(record.content_id, "labels", "f1"))

    assert table_like.details("cat.jpg", corrected=False) == Details(record, {})


@pytest.mark.parametrize("corrected", [False, True])
def test_what_a_record_led_to_before_is_not_taken_for_what_it_leads_to(
    table_like: Table, corrected: bool
) -> None:
    for etag in ("one", "one", "two", "two"):
        seen = photo("cat.jpg", detectors={"labels": etag})
        record = replace(seen, version=replace(seen.version, etag=etag))
        result = Result(ResultName(record.content_id, "labels", etag), {"Labels": []}, "2026-11-23T12:00:00Z")
        commit(table_like, record)
        write_result(table_like, result)

        found = table_like.details("cat.jpg", corrected=corrected)

        assert found == Details(record, {"labels": result})


def test_a_table_that_is_there_is_well(table_like: Table) -> None:
    table_like.check()


def test_pages_read_on_both_show_the_same(table_like: Table) -> None:
    commit_cats(table_like, 30)
    listing = Listing(table_like)
    first = listing.page(ListQuestion(labels=("cat",), limit=20))
    second = listing.page(ListQuestion(labels=("cat",), limit=20, after=first.next_after))

    shown = [match.record.key for match in (*first.matches, *second.matches)]

    assert shown == [f"cat-{second:03}.jpg" for second in reversed(range(30))]
    assert second.next_after is None
