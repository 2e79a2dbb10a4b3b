"""Whatever stands in the table, written by a newer version or by hand: what cannot be read is left out."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import table
from contract.items import ItemKey, key_to_wire
from contract.records import ImageRecord, PersonMatch
from contract.results import Result, ResultName
from contract.tallies import LABEL_COUNTS, STATUS_COUNTS, label_counts_key
from query_api.adapters import readable
from query_api.ports import QueryMetric
from query_api.search.postings import RowRange
from tests.query_api.conftest import TABLE_NAME, MotoTable
from tests.query_api.photos import commit, photo, rejected, write_result
from tests.query_api.site import Site, query_of
from tests.query_api.test_films import site_of

ABSENT = object()
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=5)
    | st.text(max_size=8)
    | st.sampled_from(["", "2026-11-23T12:00:02.000Z", "#", "##", "~", "\0", "quarantined", "deleted"])
    | st.binary(max_size=8)
)
RUBBISH = (
    st.just(ABSENT)
    | PLAIN
    | st.lists(PLAIN, max_size=3)
    | st.dictionaries(st.text(max_size=5), PLAIN | st.lists(PLAIN, max_size=2), max_size=3)
)
ANSWER: dict[str, Any] = {"Labels": [{"Name": "Cat", "Confidence": 97.5, "Parents": [], "Instances": []}]}
QUESTIONS: list[dict[str, object]] = [
    {},
    {"order": "oldest", "limit": 1},
    {"label": "Cat"},
    {"label": "Cat", "order": "confidence"},
    {"label": ["Cat", "Pet"], "min_confidence": 10, "include_parents": "false"},
    {"any_label": ["Cat", "Dog"], "not_label": "Tree"},
    {"text": "stop"},
    {"moderation": "Violence", "order": "confidence"},
    {"min_faces": 1, "prefix": "p"},
    {"celebrity": "Ada Lovelace", "color": ["blue", "grey"], "equipment": "head_cover"},
]


def cat(key: str, second: int) -> ImageRecord:
    record = photo(
        key,
        second=second,
        labels={"Cat": 90.5, "Pet": 91.0, "Animal": 92.0},
        parents=["Animal"],
        faces=2,
        words=["stop"],
        moderation={"Violence": 80.0},
        detectors={"labels": "f1"},
    )
    found = replace(
        record.findings,
        celebrities={"Ada Lovelace": 99.0},
        colors=("blue", "grey"),
        equipment=("head_cover",),
    )
    return replace(record, findings=found)


def full_site() -> Site:
    site = Site()
    for second in (1, 2, 3):
        record = cat(f"p{second}.jpg", second)
        commit(site.table, record)
        write_result(
            site.table, Result(ResultName(record.version.content_id, "labels", "f1"), ANSWER, "2026")
        )
    commit(site.table, rejected("p2.gif", second=2))
    return site


def answers_stay_whole(site: Site) -> None:
    """Ask everything; only what is about the second photo may be missing."""
    for question in QUESTIONS:
        found, cursor = list[str](), None
        while True:
            answer = site.list(**question, **({} if cursor is None else {"cursor": cursor}))
            assert answer.status == 200, answer.json
            found += answer.keys
            cursor = answer.json["cursor"]
            if cursor is None:
                break
        assert [key for key in found if key != "p2.jpg"] in (["p3.jpg", "p1.jpg"], ["p1.jpg", "p3.jpg"])
    assert site.list(status="rejected").status == 200
    for key in ("p2.jpg", "p2.gif"):
        assert site.get(query_of(key)).status in {200, 404}
        assert site.get(f"{query_of(key)}&raw=true").status in {200, 404}
    assert "a question met a defect" not in site.logged


def changed(item: Mapping[str, object], name: str, value: object) -> dict[str, object]:
    rest = {other: content for other, content in item.items() if other != name}
    return rest if value is ABSENT else {**rest, name: value}


NEWER = ("a_newer_attribute",)
RECORD_ATTRIBUTES = sorted(
    {*cat("p2.jpg", 2).to_item(), *rejected().to_item(), "version_id", "expires_at", *NEWER}
)
ROW_ATTRIBUTES = sorted({*table.index_rows(cat("p2.jpg", 2))[1].to_item(), "parent", *NEWER} - {"pk", "sk"})


@settings(max_examples=150)
@given(name=st.sampled_from(RECORD_ATTRIBUTES), value=RUBBISH, of=st.sampled_from(["p2.jpg", "p2.gif"]))
def test_whatever_an_attribute_of_a_record_is_all_others_are_answered(
    name: str, value: object, of: str
) -> None:
    site = full_site()
    at = table.record_key(of)
    site.table.put(at, changed(site.table.items[at], name, value))

    answers_stay_whole(site)


@settings(max_examples=150)
@given(
    name=st.sampled_from(ROW_ATTRIBUTES),
    value=RUBBISH | st.just("p1.jpg"),
    sort_key=st.none()
    | st.sampled_from(["2026-11-23T12:00:02.000Z", "9", "#", "2026#\xfc#r", "2026#d#r#more", "2#\n#"]),
)
def test_whatever_an_attribute_of_an_index_row_is_all_others_are_answered(
    name: str, value: object, sort_key: str | None
) -> None:
    site = full_site()
    for row in table.index_rows(cat("p2.jpg", 2)):
        item = changed(site.table.items[row.at], name, value)
        site.table.remove(row.at)
        at = ItemKey(row.at.pk, sort_key or row.at.sk)
        site.table.put(at, {**item, "sk": at.sk})

    answers_stay_whole(site)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["Labels", "Name", "Parents", "Instances", "TextDetections"]), inner
        )
    ),
    max_leaves=6,
)


@settings(max_examples=150)
@given(
    name=st.sampled_from(["answer", "called_at", *NEWER]),
    value=RUBBISH
    | JSON_VALUES.map(lambda value: zlib.compress(json.dumps(value).encode()))
    | st.just(zlib.compress(b"[" * 100_000)),
)
def test_whatever_a_raw_result_is_the_record_is_answered(name: str, value: object) -> None:
    site = full_site()
    at = table.result_key(ResultName(cat("p2.jpg", 2).version.content_id, "labels", "f1"))
    site.table.put(at, changed(site.table.items[at], name, value))

    answers_stay_whole(site)
    assert site.get(query_of("p2.jpg")).status == 200


def test_what_is_left_out_is_told_and_what_is_unknown_is_not_left_out() -> None:
    site = full_site()
    at = table.record_key("p2.jpg")
    site.table.put(at, {**site.table.items[at], "a_newer_attribute": {"deep": [1]}})
    assert site.list().keys == ["p3.jpg", "p2.jpg", "p1.jpg"]
    assert site.table.unreadable == []

    site.table.put(at, {**site.table.items[at], "labels": {"Cat": "very"}})
    assert site.list().keys == ["p3.jpg", "p1.jpg"]
    assert [what for what, _ in site.table.unreadable] == ["p2.jpg"]


def test_an_answer_of_another_form_is_counted_and_the_record_answered() -> None:
    site = full_site()
    name = ResultName(cat("p2.jpg", 2).version.content_id, "labels", "f1")
    write_result(site.table, Result(name, {"Labels": [{"Newer": "form"}]}, "2026"))

    answer = site.get(query_of("p2.jpg"))

    assert [label["name"] for label in answer.json["labels"]] == ["Animal", "Pet", "Cat"]
    assert site.counted[QueryMetric.ITEMS_UNREADABLE] == 1
    assert site.logged == ["a raw result cannot be read, and is left out"]


@pytest.mark.parametrize(
    "form", [{"Film": [{"Newer": "form"}]}, {"Film": 7}, {"Film": [[0, 1, 1, "f", "k", {"Labels": [{}]}]]}]
)
def test_a_film_whose_answers_are_of_another_form_is_answered_without_them(form: dict[str, Any]) -> None:
    site = site_of()
    film = site.table.records(["a/film.mp4"])["a/film.mp4"]
    write_result(site.table, Result(ResultName(film.content_id, "labels", "1"), form, ""))

    for path in ("", "/intervals"):
        answer = site.get(f"/images/a/film.mp4{path}")
        assert (answer.status, answer.json["intervals"]) == (200, [])
    assert site.get("/images/a/film.mp4/intervals?format=vtt").json == "WEBVTT\n"
    assert site.counted[QueryMetric.ITEMS_UNREADABLE] == 3


@pytest.mark.parametrize("form", [{"FaceDetails": [{}]}, {"FaceDetails": 7}, {"FaceDetails": [7]}])
def test_who_is_on_a_photo_is_told_without_a_place_where_the_faces_cannot_be_read(
    form: dict[str, Any],
) -> None:
    site = Site(people={"p1": "Ann"})
    record = photo("cat.jpg", detectors={"faces": "1"})
    found = replace(record.findings, persons={"p1": PersonMatch(99.0, 0)})
    commit(site.table, replace(record, findings=found))
    write_result(site.table, Result(ResultName(record.content_id, "faces", "1"), form, ""))

    answer = site.get("/images/cat.jpg")

    assert answer.status == 200
    assert [(person["name"], person["box"]) for person in answer.json["persons"]] == [("Ann", None)]
    assert site.counted[QueryMetric.ITEMS_UNREADABLE] == 1


@pytest.mark.parametrize("value", [{"SS": ["a"]}, {"NULL": True}, {"N": "-1"}, {"M": {}}, {"B": b"x"}])
def test_the_adapter_leaves_out_what_it_cannot_read_and_reads_on(
    moto_table: MotoTable, value: dict[str, Any]
) -> None:
    told: list[str] = []
    store = replace(moto_table, unreadable=lambda what, error: told.append(what))
    for second in range(1, 6):
        commit(store, photo(f"{second}.jpg", second=second))
    rows = [row for second in range(1, 6) for row in table.index_rows(photo(f"{second}.jpg", second=second))]
    partition, bad = "index#label:cat#0", photo("3.jpg", second=3)
    for row in rows:
        if ":cat#" in row.at.pk:
            item: Any = {**key_to_wire(ItemKey(partition, row.at.sk)), "key": {"S": row.key}}
            item |= {"revision": {"S": row.revision}, "confidence": {"N": "90"}}
            item |= {"confidence": value} if row.key == "3.jpg" else {"newer": {"SS": ["a"]}}
            store.client.put_item(TableName=TABLE_NAME, Item=item)
    at = key_to_wire(table.record_key("3.jpg"))
    record: Any = store.client.get_item(TableName=TABLE_NAME, Key=at)["Item"]
    store.client.put_item(TableName=TABLE_NAME, Item={**record, "labels": {"M": {"Cat": value}}})

    (found,) = store.rows([RowRange(partition, "!", "~")], 3)

    assert [row.key for row in found] == ["5.jpg", "4.jpg", "2.jpg"], "as many as were asked for"
    assert set(store.records(["2.jpg", "3.jpg"])) == {"2.jpg"}
    assert told == [partition, f"image#{bad.key}"]


@pytest.mark.parametrize(
    "value", [{"S": "many"}, {"N": "1.5"}, {"NS": ["1"]}, {"NULL": True}, {"BOOL": True}]
)
def test_counts_that_are_none_are_left_out_and_told(moto_table: MotoTable, value: Any) -> None:
    told: list[str] = []
    items: dict[ItemKey, dict[str, Any]] = {
        STATUS_COUNTS: {"=recognized": {"N": "7"}, "=rejected": value, "newer": {"N": "1"}},
        label_counts_key("Cat"): {"=Cat": {"N": "5"}, "=Broken": value},
        table.counts_key("2026-11-23"): {"CallsMade": {"N": "12"}, "Newer": value},
    }
    for at, attributes in items.items():
        moto_table.client.put_item(TableName=TABLE_NAME, Item={**key_to_wire(at), **attributes})
    counts = replace(moto_table, unreadable=lambda what, error: told.append(what))

    assert counts.labels().by_name == {"Cat": 5}
    assert counts.statuses_and_days(["2026-11-23"]) == ({"recognized": 7}, {"2026-11-23": {"CallsMade": 12}})
    assert len(told) == 3
    assert label_counts_key("Cat") in LABEL_COUNTS


@pytest.mark.parametrize("sort_key", ["2026#\xfc#r", "2026#d", "2026#d#r#more", "2\n#d#r", ""])
def test_a_sort_key_of_another_form_is_no_row(sort_key: str) -> None:
    item = {**table.index_rows(photo())[0].to_item(), "sk": sort_key}

    with pytest.raises(ValueError, match="no sort key"):
        readable.row(item, by_rank=False)


def test_a_record_that_stands_under_another_key_is_none() -> None:
    item = {**photo("cat.jpg").to_item(), "pk": "image#dog.jpg", "sk": "record"}

    with pytest.raises(ValueError, match=r"cat\.jpg"):
        readable.record(item)


def test_a_number_of_any_size_is_no_defect() -> None:
    site = full_site()
    at = table.record_key("p2.jpg")
    for number in (Decimal("9.9E+125"), Decimal("-1E-130")):
        site.table.put(at, {**site.table.items[at], "size_bytes": number, "faces": number})
        answers_stay_whole(site)
