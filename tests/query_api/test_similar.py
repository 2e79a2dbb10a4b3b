"""Images by what they mean: the most similar first, by every other condition, none that has moved on."""

from dataclasses import replace
from typing import Any

import pytest

from contract.meaning import MEANING, PARTS, VECTOR
from contract.policy import Policy
from contract.results import Result, ResultName
from query_api.ports import Neighbor
from query_api.search.questions import ListQuestion
from query_api.search.similar import PREFIXES_AT_ONCE, SimilarImages, place
from tests.query_api.photos import commit, facts, photo, tombstone, write_result
from tests.query_api.searched_index import vector_index
from tests.query_api.site import Site
from tests.query_api.vectors import MADE, MemoryNeighbors, commit_meaning, meaning, of_words

WORDS = {
    "dog.jpg": "dog beach",
    "cat.jpg": "cat sofa",
    "holiday/sea.jpg": "beach sea",
    "holiday/hut.jpg": "mountain hut",
}


@pytest.fixture(params=["in memory", "ranges taken", "ranges refused"])
def site(request: pytest.FixtureRequest) -> Site:
    """Everything below is as true where the index narrows as where it cannot."""
    site = Site(meaning=True)
    if request.param != "in memory":
        index: Any = vector_index(site.table, takes_ranges=request.param == "ranges taken")
        site.neighbors = index
    for second, (key, words) in enumerate(WORDS.items()):
        file = facts(f"2026-07-{second + 1:02}T12:00:00.000") if second else None
        commit_meaning(site.table, photo(key, second=second, file=file), words)
    return site


def test_the_most_similar_come_first_and_say_how_similar_they_are(site: Site) -> None:
    answer = site.list(like="a dog on the beach")

    assert answer.keys[:2] == ["dog.jpg", "holiday/sea.jpg"]
    similarities = [image["similarity"] for image in answer.json["images"]]
    assert similarities == sorted(similarities, reverse=True)
    assert similarities[0] > 2 * similarities[-1]
    assert answer.json["cursor"] is None


def test_a_photo_that_is_just_written_anew_is_shown_once(site: Site) -> None:
    """Rows of both revisions stand in the index until the former ones are removed."""
    before = dict(site.table.items)
    again = commit_meaning(site.table, replace(photo("dog.jpg"), generation=9), WORDS["dog.jpg"])
    for at, item in before.items():
        if item.get("key") == again.key and item.get("revision") != again.revision and "vector" in item:
            site.table.put(at, item)

    assert site.list(like="dog beach").keys.count("dog.jpg") == 1


def test_what_is_like_a_photo_is_found_without_it(site: Site) -> None:
    assert site.list(similar_to="dog.jpg").keys[0] == "holiday/sea.jpg"
    assert "dog.jpg" not in site.list(similar_to="dog.jpg").keys


def test_what_is_not_similar_enough_is_left_out(site: Site) -> None:
    assert site.list(like="dog beach", min_similarity=0.4).keys == ["dog.jpg", "holiday/sea.jpg"]


@pytest.mark.parametrize(
    ("condition", "keys"),
    [
        ({"prefix": "holiday/"}, ["holiday/sea.jpg", "holiday/hut.jpg"]),
        ({"to": "2026-11-23T12:00:01Z"}, ["dog.jpg", "cat.jpg"]),
        ({"taken_from": "2026-07-03"}, ["holiday/sea.jpg", "holiday/hut.jpg"]),
    ],
)
def test_the_index_itself_is_asked_for_less(site: Site, condition: dict[str, Any], keys: list[str]) -> None:
    assert site.list(like="dog beach", **condition).keys == keys
    if isinstance(site.neighbors, MemoryNeighbors):
        (asked,) = site.neighbors.asked
        assert asked.has_ranges


def test_conditions_that_the_index_does_not_know_are_held_against_records(site: Site) -> None:
    commit_meaning(site.table, photo("two.jpg", labels={"Dog": 90.0}), "dog beach")

    assert site.list(like="dog beach", label="Dog").keys == ["two.jpg"]


def test_a_photo_whose_record_has_moved_on_is_not_shown(site: Site) -> None:
    """Its row may be there for a while: it is removed after the record was written."""
    former = meaning(photo("dog.jpg"), WORDS["dog.jpg"])
    commit(site.table, replace(former, generation=2, detectors={}))
    commit(site.table, tombstone(photo("holiday/sea.jpg", second=2)))

    assert set(site.list(like="dog beach").keys) == {"cat.jpg", "holiday/hut.jpg"}


def test_a_page_goes_on_where_the_one_before_ended(site: Site) -> None:
    seen: list[str] = []
    answer = site.list(like="beach", limit=1)
    while True:
        seen += answer.keys
        if answer.json["cursor"] is None:
            break
        answer = site.list(like="beach", limit=1, cursor=answer.json["cursor"])

    assert sorted(seen) == sorted(WORDS)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("most", [1, 2, 3])
def test_what_one_search_cannot_give_is_searched_for_in_parts(most: int) -> None:
    """Every page is what a search without a bound would give, in that order."""
    site = Site(meaning=True)
    words = [f"beach {'sand ' * (number % 5)}{number}" for number in range(24)]
    for number, text in enumerate(words):
        commit_meaning(site.table, photo(f"{number}.jpg", second=number), text)
    neighbors = MemoryNeighbors(site.table)
    vector = of_words("beach sand")
    unbounded = SimilarImages(site.table, neighbors).page(ListQuestion(limit=100), vector)
    images = SimilarImages(site.table, neighbors, most=most)
    keys: list[str] = []
    question = ListQuestion(limit=4)
    while True:
        page = images.page(question, vector)
        keys += [match.record.key for match in page.matches]
        if page.next_after is None:
            break
        question = question._replace(after=page.next_after)

    everything = [match.record.key for match in unbounded.matches]
    assert len(everything) == len(words)
    assert keys == everything[: len(keys)]
    assert len(keys) == len(words) or page.looked_at is not None, "an end that is none says so"


def test_few_records_are_read_for_a_page_whatever_does_not_match() -> None:
    site = Site(meaning=True)
    for number in range(90):
        commit_meaning(site.table, photo(f"{number}.jpg", labels={"Cat": 50.0}), "dog")
    images = SimilarImages(site.table, MemoryNeighbors(site.table), max_records=60)

    page = images.page(ListQuestion(labels=("Dog",)), of_words("dog"))

    assert site.table.records_asked == page.looked_at == 60
    assert page.next_after is not None


def test_callers_by_prefix_find_what_they_may_see_and_nothing_else(site: Site) -> None:
    site.prefix_claim, site.claims = "prefixes", {"prefixes": "holiday/"}

    assert site.list(like="dog beach").keys == ["holiday/sea.jpg", "holiday/hut.jpg"]
    assert site.list(similar_to="dog.jpg").status == 400
    assert site.list(similar_to="dog.jpg").json == site.list(similar_to="none.jpg").json


def test_callers_who_may_see_many_prefixes_find_what_is_below_each_of_them() -> None:
    site = Site(meaning=True)
    mine = [f"folder{number:02}/" for number in range(20)]
    for number in range(200):
        commit_meaning(site.table, photo(f"others/{number}.jpg"), "dog beach")
    for prefix in mine:
        commit_meaning(site.table, photo(f"{prefix}a.jpg"), "dog mountain")
    prefixes = [*mine, "folder07/a/", "folder03/"]
    site.prefix_claim, site.claims = "prefixes", {"prefixes": prefixes}

    answer = site.list(like="dog beach", limit=100)

    assert sorted(answer.keys) == [f"{prefix}a.jpg" for prefix in mine]
    assert answer.json["cursor"] is None
    asked = [each.prefixes or () for each in site.neighbors.asked]
    assert max(map(len, asked)) <= PREFIXES_AT_ONCE
    assert sorted(prefix for each in asked for prefix in each) == mine


@pytest.mark.parametrize("count", [1, 2, 8, 9, 20, 300])
def test_a_page_searches_so_often_whatever_a_caller_may_see(count: int) -> None:
    site = Site(meaning=True)
    prefixes = tuple(f"{number:03}/" for number in range(count))
    for prefix in prefixes:
        for number in range(2):
            commit_meaning(site.table, photo(f"{prefix}{number}.jpg", labels={"Cat": 50.0}), "dog")
    neighbors = MemoryNeighbors(site.table)
    images = SimilarImages(site.table, neighbors, visible=prefixes, most=1)

    page = images.page(ListQuestion(labels=("Dog",)), of_words("dog"))

    assert page.looked_at is not None
    assert len(neighbors.asked) <= max(2 * sum(PARTS), count)


def test_a_page_reads_about_as_many_records_as_it_shows() -> None:
    site = Site(meaning=True)
    for number in range(90):
        commit_meaning(site.table, photo(f"{number}.jpg"), "dog")

    assert len(site.list(like="dog", limit=5).keys) == 5
    assert site.table.records_asked == 5


def test_a_policy_decides_of_records_that_meaning_has_found(site: Site) -> None:
    site.policy = Policy.of({"hidden": ["Cat"]})

    assert site.list(like="dog", label="Cat").keys == []
    assert len(site.list(like="dog").keys) == len(WORDS)


@pytest.mark.parametrize(
    ("asked", "parameter", "reason"),
    [
        ({"like": "a", "similar_to": "dog.jpg"}, "similar_to", "does not go together with like"),
        ({"like": "a", "order": "newest"}, "order", "does not go together with like"),
        ({"min_similarity": 0.5}, "min_similarity", "give one of them too"),
        ({"like": "a", "status": "rejected"}, "status", "only recognized images"),
        ({"similar_to": "none.jpg"}, "similar_to", "nothing is known of this key"),
        ({"similar_to": "plain.jpg"}, "similar_to", "this photo has no vector"),
        ({"similar_to": "odd.jpg"}, "similar_to", "this photo has no vector"),
    ],
)
def test_what_makes_no_sense_is_refused(
    site: Site, asked: dict[str, Any], parameter: str, reason: str
) -> None:
    commit(site.table, photo("plain.jpg"))
    odd = commit_meaning(site.table, photo("odd.jpg"), "dog")
    write_result(site.table, Result(ResultName(odd.content_id, MEANING, MADE), {"newer": "form"}, ""))

    (fault,) = site.list(**asked).json["faults"]
    assert fault["parameter"] == parameter
    assert reason in fault["reason"]


@pytest.mark.parametrize("asked", [{"like": "a"}, {"similar_to": "dog.jpg"}])
def test_a_deployment_without_it_says_so(asked: dict[str, Any]) -> None:
    faults = Site().list(**asked).json["faults"]

    assert "its setting meaning" in faults[0]["reason"]


def test_vectors_are_no_answers_of_rekognition(site: Site) -> None:
    assert MEANING not in site.list(key="dog.jpg", raw="true").json
    assert MEANING in site.list(key="dog.jpg").json["detectors"]


def test_a_photo_says_whether_it_can_be_asked_what_is_like_it(site: Site) -> None:
    bare = commit_meaning(site.table, photo("bare.jpg"), "dog")
    write_result(site.table, Result(ResultName(bare.content_id, MEANING, MADE), {VECTOR: None}, ""))
    commit(site.table, photo("new.jpg"))

    said = {key: site.list(key=key).json["has_vector"] for key in ("dog.jpg", "bare.jpg", "new.jpg")}

    assert said == {"dog.jpg": True, "bare.jpg": False, "new.jpg": False}
    assert {key: site.list(similar_to=key).status == 200 for key in said} == said
    site.meaning = False
    assert "has_vector" not in site.list(key="dog.jpg").json


def test_places_are_in_the_order_of_similarity() -> None:
    best, near, far = (Neighbor("a", "r", similarity) for similarity in (1.0, 0.25, -0.5))

    assert place(best) < place(near) < place(far)
    assert place(near) < place(near._replace(key="c"))
