"""Where the index of vectors takes `=` alone, questions are answered as far as they can be, and say so."""

from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ministack.services import dynamodb  # type: ignore[import-untyped]

from contract.errors import ConfigurationError
from contract.meaning import IN_SPACE, NARROWED_BY
from loadtest.simulation.outages import client_error
from query_api.adapters.meaning import VectorIndex
from query_api.ports import Narrowing, RangesRefusedError
from query_api.search.questions import ListQuestion, Page
from query_api.search.similar import SimilarImages
from tests.query_api.photos import facts, photo
from tests.query_api.searched_index import SearchedDynamoDB, vector_index
from tests.query_api.site import Site
from tests.query_api.vectors import commit_meaning, of_words

PREFIXES = ("", "a/", "a/b/", "c/")
# Rows of the index's schema, as MiniStack knows it: it takes `=` alone by itself.
SCHEMA = {
    "SearchSchema": [
        {"AttributeName": name, "SearchSchemaElementType": "HASH" if name == IN_SPACE else "INLINE_FILTER"}
        for name in (IN_SPACE, *NARROWED_BY)
    ]
}


def library(count: int, words: str = "beach") -> Site:
    site = Site(meaning=True)
    for number in range(count):
        file = facts(f"2026-07-{number % 28 + 1:02}T12:00:00.000") if number % 3 else None
        key = f"{PREFIXES[number % len(PREFIXES)]}{number}.jpg"
        commit_meaning(site.table, photo(key, second=number % 60, file=file), f"{words} {number}")
    return site


SITE = library(24)


def all_pages(site: Site, index: VectorIndex, question: ListQuestion, **how: Any) -> tuple[list[str], Page]:
    images = SimilarImages(site.table, index, **how)
    keys: list[str] = []
    while True:
        page = images.page(question, of_words("beach sand"))
        keys += [match.record.key for match in page.matches]
        if page.next_after is None:
            return keys, page
        question = question._replace(after=page.next_after)


@st.composite
def questions(draw: st.DrawFn) -> ListQuestion:
    seconds = st.none() | st.integers(0, 59).map(lambda second: f"2026-11-23T12:00:{second:02}.000Z")
    days = st.none() | st.integers(1, 28).map(lambda day: f"2026-07-{day:02}T00:00:00.000")
    return ListQuestion(
        prefix=draw(st.sampled_from(PREFIXES)),
        uploaded_from=draw(seconds),
        uploaded_to=draw(seconds),
        taken_from=draw(days),
        taken_to=draw(days),
        limit=draw(st.integers(5, 30)),
    )


@settings(max_examples=20, deadline=None)
@given(
    question=questions(),
    visible=st.none() | st.lists(st.sampled_from(PREFIXES[1:]), min_size=1, unique=True).map(tuple),
    most=st.sampled_from([2, 5, 100]),
)
def test_what_is_answered_without_ranges_is_what_they_give_or_says_where_it_ended(
    question: ListQuestion, visible: tuple[str, ...] | None, most: int
) -> None:
    how: dict[str, Any] = {"visible": visible, "most": most}
    everything, _ = all_pages(SITE, vector_index(SITE.table, takes_ranges=True), question, visible=visible)
    keys, last = all_pages(SITE, vector_index(SITE.table, takes_ranges=False), question, **how)

    assert keys == everything[: len(keys)]
    assert len(keys) == len(everything) or last.looked_at is not None, "an end that is none says so"
    assert visible is None or all(key.startswith(visible) for key in keys)


def test_whoever_may_see_some_prefixes_alone_is_shown_nothing_else_nor_is_it_read() -> None:
    site = library(60)
    index = vector_index(site.table, takes_ranges=False)

    keys, last = all_pages(site, index, ListQuestion(limit=100), visible=("c/", "a/b/"))

    assert len(keys) == 30
    assert all(key.startswith(("c/", "a/b/")) for key in keys)
    assert (last.looked_at, site.table.records_asked) == (None, 30), "those that may not be seen are not read"


def test_it_is_found_out_once_and_told_once() -> None:
    warned: list[str] = []
    index = vector_index(SITE.table, takes_ranges=False, warned=warned)
    searched = index.client
    assert isinstance(searched, SearchedDynamoDB)

    for _ in range(2):
        all_pages(SITE, index, ListQuestion(prefix="a/", limit=100))

    assert [condition.count("BETWEEN") for condition in searched.asked] == [1, 0, 0, 0]
    (said,) = warned
    assert "docs/search.md" in said
    assert all_pages(SITE, index, ListQuestion(limit=100))[0]


def test_what_ranges_are_not_to_blame_for_stays_what_it_is() -> None:
    index = vector_index(SITE.table, takes_ranges=True)
    narrowed = Narrowing(("a/",))

    for code in ("ValidationException", "AccessDeniedException"):
        refused = client_error(code, "SearchVectors", "not so")
        searched: Any = index.client
        searched.search_vectors = Mock(side_effect=refused)
        with pytest.raises(ConfigurationError, match=code):
            index.nearest(of_words("beach"), [narrowed], 10)

    assert index.takes_ranges


@pytest.mark.parametrize("part", [None, (0, 4), (3, 4), (15, 16)])
def test_ministack_takes_searches_without_ranges_by_itself(part: tuple[int, int] | None) -> None:
    """Held to another implementation of what the service took when it was new."""
    index = vector_index(SITE.table, takes_ranges=True)
    recorded: dict[str, Any] = {}
    searched: Any = index.client
    searched.search_vectors = lambda **asked: recorded.update(asked) or {"SearchResults": []}

    index.nearest(of_words("beach"), [Narrowing(part=part)], 10)

    _, refusal = dynamodb._vector_condition_terms(
        recorded["SearchConditionExpression"],
        recorded["ExpressionAttributeNames"],
        recorded["ExpressionAttributeValues"],
        SCHEMA,
    )
    assert not refusal


def test_refusals_are_told_apart_by_their_code_alone() -> None:
    with pytest.raises(RangesRefusedError):
        vector_index(SITE.table, takes_ranges=False).nearest(of_words("a"), [Narrowing(("a/",))], 10)
