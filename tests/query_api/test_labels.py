"""`GET /labels`: names with counts, by what they begin with."""

from typing import Any

import pytest

from contract.errors import ThrottledError
from contract.items import key_to_wire
from contract.tallies import COUNT_PREFIX, LABEL_COUNTS, label_counts_key
from query_api.ports import LabelCounts
from tests.query_api.conftest import TABLE_NAME, MotoTable
from tests.query_api.counts import CountsSite, MemoryCounts


@pytest.fixture
def site() -> CountsSite:
    return CountsSite(
        MemoryCounts(by_label={"Dog": 17, "Animal": 40, "Dolphin": 2, "Hot Dog": 17, "Cat": 23})
    )


def names(site: CountsSite, target: str) -> list[str]:
    return [label["name"] for label in site.json(target)["labels"]]


def test_labels_are_listed_by_how_many_images_carry_them_and_then_by_name(site: CountsSite) -> None:
    assert site.json("/labels")["labels"] == [
        {"name": "Animal", "count": 40},
        {"name": "Cat", "count": 23},
        {"name": "Dog", "count": 17},
        {"name": "Hot Dog", "count": 17},
        {"name": "Dolphin", "count": 2},
    ]


@pytest.mark.parametrize("prefix", ["do", "DO", "Do"])
def test_a_prefix_is_of_the_name_in_whatever_case(site: CountsSite, prefix: str) -> None:
    assert names(site, f"/labels?prefix={prefix}") == ["Dog", "Dolphin"]


def test_a_prefix_may_have_several_words(site: CountsSite) -> None:
    assert names(site, "/labels?prefix=hot+d") == ["Hot Dog"]
    assert names(site, "/labels?prefix=unicorn") == []


def test_a_limit_keeps_the_most_frequent(site: CountsSite) -> None:
    assert names(site, "/labels?limit=2") == ["Animal", "Cat"]
    site.counts.by_label = {f"Thing {number}": number for number in range(1, 101)}
    assert len(names(site, "/labels")) == 20


def test_names_that_differ_in_case_are_one_label_under_the_more_frequent_name(site: CountsSite) -> None:
    site.counts.by_label = {"dog": 3, "Dog": 4, "Cat": 6}

    assert site.json("/labels")["labels"] == [{"name": "Dog", "count": 7}, {"name": "Cat", "count": 6}]


def test_all_that_is_wrong_with_a_question_is_told_at_once(site: CountsSite) -> None:
    reply = site.get("/labels?prefix=+&limit=0&order=name")
    assert isinstance(reply.content, dict)

    assert reply.status == 400
    assert {fault["parameter"] for fault in reply.content["faults"]} == {"prefix", "limit", "order"}
    assert site.counts.reads == 0


def test_counts_that_cannot_be_read_now_are_asked_for_again_later(site: CountsSite) -> None:
    site.counts.failure = ThrottledError("ThrottlingException", "slow down")

    assert site.get("/labels").status == 503


def test_counts_are_read_from_all_their_items_and_what_is_at_zero_is_left_out(
    moto_table: MotoTable,
) -> None:
    counts = {f"Thing {number}": number for number in range(200)} | {"pk": 5}
    for at in LABEL_COUNTS:
        here = {name: count for name, count in counts.items() if label_counts_key(name) == at}
        attributes: Any = {f"{COUNT_PREFIX}{name}": {"N": str(count)} for name, count in here.items()}
        moto_table.client.put_item(TableName=TABLE_NAME, Item={**key_to_wire(at), **attributes})

    assert moto_table.labels().by_name == {name: count for name, count in counts.items() if count}


def test_where_nothing_was_counted_yet_there_are_no_labels(moto_table: MotoTable) -> None:
    assert moto_table.labels() == LabelCounts({})
