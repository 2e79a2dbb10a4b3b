"""Keys that are hard to write in a URL reach the record they name, through either HTTP API."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contract import table
from tests.query_api.gateways import Gateway, RefusedByGatewayError, aws, ministack
from tests.query_api.photos import commit, photo
from tests.query_api.site import Site, path_of, query_of

DATA = Path(__file__).parent / "data"
MINISTACK = json.loads((DATA / "ministack_paths.json").read_text())
AWS = json.loads((DATA / "aws_paths.json").read_text())
KEYS = st.text(min_size=1, max_size=300).filter(lambda key: len(key.encode()) <= 1024)


@pytest.mark.parametrize("recorded", MINISTACK, ids=[each["sent"][:60] for each in MINISTACK])
def test_every_path_recorded_on_ministack_reaches_its_image(site: Site, recorded: dict[str, str]) -> None:
    commit(site.table, photo(recorded["key"]))
    event = ministack(recorded["sent"])
    event.update(rawPath=recorded["rawPath"], rawQueryString=recorded["rawQueryString"])

    assert site.answer(event).json["key"] == recorded["key"]


@pytest.mark.parametrize("recorded", MINISTACK, ids=[each["sent"][:60] for each in MINISTACK])
def test_our_idea_of_ministack_is_what_was_recorded(recorded: dict[str, str]) -> None:
    event = ministack(recorded["sent"])

    assert (event["rawPath"], event["rawQueryString"]) == (recorded["rawPath"], recorded["rawQueryString"])


@pytest.mark.parametrize("measured", AWS, ids=[each["sent"] for each in AWS])
def test_our_idea_of_aws_is_what_was_measured(measured: dict[str, Any]) -> None:
    if measured["rawPath"] is None:
        with pytest.raises(RefusedByGatewayError):
            aws(measured["sent"])
    else:
        assert aws(measured["sent"])["rawPath"] == measured["rawPath"]


@given(key=KEYS)
def test_any_key_is_found_by_its_path_on_ministack(key: str) -> None:
    site = Site()
    commit(site.table, photo(key))

    assert site.get(path_of(key), ministack).json["key"] == key


@given(key=KEYS)
def test_a_key_without_percent_or_question_mark_is_found_by_its_path_on_aws(key: str) -> None:
    assume(not {"%", "?"} & set(key))
    site = Site()
    commit(site.table, photo(key))

    assert site.get(path_of(key), aws).json["key"] == key


@pytest.mark.parametrize("gateway", [ministack, aws])
@given(key=KEYS)
def test_any_key_is_found_by_its_query_everywhere(gateway: Gateway, key: str) -> None:
    site = Site()
    commit(site.table, photo(key))

    assert site.get(query_of(key), gateway).json["key"] == key


def test_a_question_mark_in_a_path_is_why_aws_needs_the_query(site: Site) -> None:
    commit(site.table, photo("who?.jpg"))

    assert site.get(path_of("who?.jpg"), aws).status == 404
    assert "key=..." in site.get(path_of("who?.jpg"), aws).json["detail"]
    assert site.get(query_of("who?.jpg"), aws).status == 200


def test_a_stage_in_the_path_is_not_part_of_the_key(site: Site) -> None:
    commit(site.table, photo("cat.jpg"))
    event = ministack("/prod/images/cat.jpg")
    event["requestContext"]["stage"] = "prod"

    assert site.answer(event).json["key"] == "cat.jpg"


def test_a_longer_key_than_s3_takes_is_unknown_and_costs_no_read(site: Site) -> None:
    assert site.get(path_of("x" * 1025)).status == 404
    assert site.get(query_of("x" * 1025)).status == 400
    assert site.table.reads == 0


@pytest.mark.parametrize("key", ["😀/ü.jpg", "<img onerror=alert(1)>", 'say "cheese".jpg'])
def test_a_key_is_shown_as_it_is_and_not_in_escapes(site: Site, key: str) -> None:
    commit(site.table, photo(key))

    assert site.get(path_of(key)).json["key"] == key
    assert site.list().keys == [key]


def test_a_key_that_looks_like_a_key_of_the_table_is_only_a_key(site: Site) -> None:
    commit(site.table, photo("cat.jpg"))

    assert site.get(path_of("cat.jpg#record")).status == 404
    assert site.get(path_of(table.record_key("cat.jpg").pk)).status == 404
