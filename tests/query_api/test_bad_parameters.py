import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query_api.endpoints.image_parameters import NAME, PARAMETERS
from tests.query_api.photos import commit, photo
from tests.query_api.site import Site

CASES = json.loads((Path(__file__).parent / "data" / "bad_parameters.json").read_text())
TOO_LONG = "x" * (NAME.schema["maxLength"] + 1)


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_a_question_that_cannot_be_read_is_refused_with_every_reason(
    site: Site, case: dict[str, Any]
) -> None:
    answer = site.get("/images?" + case["query"].replace("LABEL_OF_201_CHARACTERS", TOO_LONG))

    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json; charset=utf-8"
    # An unknown parameter is told all that there are: the next test.
    told = [
        [fault["parameter"], fault["reason"].partition("; there are")[0]] for fault in answer.json["faults"]
    ]
    assert told == case["faults"]
    assert site.table.reads == 0


def test_the_detail_says_every_reason_in_one_line(site: Site) -> None:
    answer = site.get("/images?limit=0&colour=red")

    assert answer.json["detail"] == (
        "limit: must be a whole number from 1 to 100; "
        f"colour: unknown; there are {', '.join(each.name for each in PARAMETERS)}"
    )


def test_more_parameters_than_anybody_needs_are_not_even_looked_at(site: Site) -> None:
    answer = site.get("/images?" + "&".join(f"p{number}=1" for number in range(101)))

    assert answer.status == 400
    assert answer.json["faults"] == [{"parameter": "query string", "reason": "more than 100 parameters"}]


@pytest.mark.parametrize(
    "target", ["/images/cat.jpg?limit=5", "/health?verbose", "/images/cat.jpg?key=dog.jpg"]
)
def test_what_has_no_parameters_takes_none(site: Site, target: str) -> None:
    commit(site.table, photo("cat.jpg"))

    assert site.get(target).status == 400


@pytest.mark.parametrize(
    "query", ["", "limit=1", "limit=100", "label=Cat&min_confidence=0", "status=recognized"]
)
def test_the_bounds_themselves_are_in_bounds(site: Site, query: str) -> None:
    assert site.get(f"/images?{query}").status == 200


@pytest.mark.parametrize("confidence", ["0", "100", "100.0", "99.999999999", "007"])
def test_a_confidence_may_have_a_fraction(site: Site, confidence: str) -> None:
    assert site.list(label="Cat", min_confidence=confidence).status == 200


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_no_query_string_whatever_is_a_defect(query: str) -> None:
    site = Site()

    assert site.get(f"/images?{query}").status in {200, 400, 404}
    assert site.logged == []


@given(cursor=st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_=", max_size=60))
def test_no_cursor_whatever_is_a_defect(cursor: str) -> None:
    assert Site().list(cursor=cursor).status == 400
