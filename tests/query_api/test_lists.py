"""Pages of images: what is on them, in which order, and what they cost."""

from dataclasses import replace
from typing import Any

import pytest

from contract import table
from query_api.ports import QueryMetric
from query_api.search.listing import Listing
from query_api.search.questions import ListQuestion
from tests.query_api.photos import commit, photo, rejected, tombstone
from tests.query_api.site import Site


def test_nothing_is_said_of_what_few_deployments_look_for_unless_it_was_found(site: Site) -> None:
    plain, more = photo("plain.jpg"), photo("more.jpg", second=1)
    found = replace(
        more.findings, celebrities={"Ada Lovelace": 99.0}, colors=("blue", "grey"), equipment=("head_cover",)
    )
    commit(site.table, plain)
    commit(site.table, replace(more, findings=found))

    shown, bare = site.list().json["images"]

    assert shown["celebrities"] == [{"name": "Ada Lovelace", "confidence": 99.0}]
    assert shown["colors"] == ["blue", "grey"]
    assert shown["equipment"] == ["head_cover"]
    assert not {"celebrities", "colors", "equipment"} & bare.keys()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"celebrity": "ada lovelace"}, ["a.jpg"]),
        ({"celebrity": "ada"}, []),
        ({"color": "Blue"}, ["b.jpg", "a.jpg"]),
        ({"color": ["blue", "grey"]}, ["b.jpg"]),
        ({"color": "blue", "celebrity": "Ada Lovelace"}, ["a.jpg"]),
        ({"equipment": "head_cover"}, ["b.jpg"]),
        ({"equipment": "hand_cover"}, []),
    ],
)
def test_stars_colours_and_equipment_find_what_has_all_of_them(
    site: Site, asked: dict[str, Any], found: list[str]
) -> None:
    one, two = photo("a.jpg"), photo("b.jpg", second=1)
    of_one = replace(one.findings, celebrities={"Ada Lovelace": 99.0}, colors=("blue",))
    of_two = replace(two.findings, colors=("grey", "blue"), equipment=("head_cover",))
    commit(site.table, replace(one, findings=of_one))
    commit(site.table, replace(two, findings=of_two))

    assert site.list(**asked).keys == found


def commit_cats(site: Site, number: int) -> None:
    for second in range(number):
        commit(site.table, photo(f"cat-{second:04}.jpg", second=second))


def outdate(site: Site, number: int) -> None:
    """Write rows whose records have moved on to other labels."""
    for second in range(number):
        record = photo(f"was-a-cat-{second:04}.jpg", second=second)
        commit(site.table, record)
        commit(site.table, replace(record, generation=2, findings=photo(labels={"Dog": 80.0}).findings))


def test_the_newest_come_first(site: Site) -> None:
    commit_cats(site, 10)

    assert site.list().keys == [f"cat-{second:04}.jpg" for second in reversed(range(10))]


def test_an_image_in_a_list_says_the_most_important_of_it(site: Site) -> None:
    commit(site.table, photo("cat.jpg", labels={"Sofa": 60.5, "Cat": 97.0}, faces=0))

    assert site.list().json == {
        "images": [
            {
                "key": "cat.jpg",
                "kind": "photo",
                "status": "recognized",
                "uploaded_at": "2026-11-23T12:00:00.000Z",
                "decided_at": "2026-11-23T13:00:00.000Z",
                "size_bytes": 1234,
                "labels": [
                    {"name": "Cat", "confidence": 97.0, "parent": False},
                    {"name": "Sofa", "confidence": 60.5, "parent": False},
                ],
                "faces": 0,
                "moderation": [],
                "words": [],
                "scene": None,
                "rejection": None,
                "url": "https://photos/cat.jpg?signed",
                "thumbnail_url": None,
                "view_url": None,
                "photo": None,
            }
        ],
        "cursor": None,
    }


def test_a_label_finds_only_images_that_carry_it_and_says_how_surely(site: Site) -> None:
    commit(site.table, photo("cat.jpg", labels={"Cat": 97.0, "Animal": 99.0}))
    commit(site.table, photo("dog.jpg", labels={"Dog": 95.0, "Animal": 98.0}))

    (image,) = site.list(label="Cat").json["images"]

    assert (image["key"], image["confidence"]) == ("cat.jpg", 97.0)


@pytest.mark.parametrize("label", ["Traffic Light", "traffic light", "TRAFFIC LIGHT"])
def test_labels_are_found_in_any_case(site: Site, label: str) -> None:
    commit(site.table, photo("street.jpg", labels={"Traffic Light": 80.0}))

    assert site.list(label=label).keys == ["street.jpg"]


@pytest.mark.parametrize("label", ["Cat#0", "Cat#", "C", "Cat Food", "label:cat", "猫"])
def test_a_label_nobody_carries_finds_nothing(site: Site, label: str) -> None:
    commit_cats(site, 3)

    assert site.list(label=label).json == {"images": [], "cursor": None}


@pytest.mark.parametrize(("least", "found"), [(79.9, 3), (80, 3), (80.1, 2), (90, 1), (100, 0)])
def test_a_least_confidence_is_met_or_exceeded(site: Site, least: float, found: int) -> None:
    for key, confidence in {"a": 80.0, "b": 85.5, "c": 90.0}.items():
        commit(site.table, photo(key, labels={"Cat": confidence}))

    assert len(site.list(label="Cat", min_confidence=least).keys) == found


def test_rejected_images_have_a_list_of_their_own(site: Site) -> None:
    commit(site.table, rejected("broken.jpg"))
    commit(site.table, photo("cat.jpg"))

    (image,) = site.list(status="rejected").json["images"]

    assert (image["key"], image["rejection"]["code"]) == ("broken.jpg", "InvalidImageFormatException")
    assert site.list().keys == site.list(status="recognized").keys == ["cat.jpg"]


def test_an_image_is_not_listed_under_labels_it_no_longer_has(site: Site) -> None:
    outdate(site, 1)

    assert site.list(label="Cat").keys == []
    assert site.list(label="Dog").keys == ["was-a-cat-0000.jpg"]
    assert site.counted[QueryMetric.ROWS_SKIPPED] == 1


def test_a_deleted_image_is_not_listed_although_its_rows_are_still_there(site: Site) -> None:
    commit(site.table, photo("cat.jpg"))
    commit(site.table, tombstone(photo("cat.jpg")))

    assert site.list(label="Cat").keys == []


def test_rows_that_were_written_before_their_record_are_not_shown_yet(site: Site) -> None:
    for row in table.index_rows(photo("cat.jpg")):
        site.table.put(row.at, row.to_item())

    assert site.list().keys == []


def test_an_image_recognized_again_is_listed_once(site: Site) -> None:
    commit(site.table, photo("cat.jpg"))
    commit(site.table, photo("cat.jpg", generation=2))

    assert site.list(label="Cat").keys == ["cat.jpg"]


def test_a_page_is_full_although_rows_are_skipped(site: Site) -> None:
    commit_cats(site, 60)
    outdate(site, 300)

    assert len(site.list(label="Cat", limit=50).keys) == 50


def test_fifty_images_are_a_page_if_nobody_says_otherwise(site: Site) -> None:
    commit_cats(site, 51)

    assert len(site.list().keys) == 50


def test_a_cursor_goes_on_where_the_page_ended_and_the_last_page_has_none(site: Site) -> None:
    commit_cats(site, 10)
    first = site.list(label="cat", limit=6)
    second = site.list(label="CAT", limit=4, cursor=first.json["cursor"])

    assert [*first.keys, *second.keys] == [f"cat-{second:04}.jpg" for second in reversed(range(10))]
    assert second.json["cursor"] is None


@pytest.mark.parametrize(
    "other",
    [{"label": "Dog"}, {"label": "Cat", "min_confidence": 1}, {"status": "rejected"}, {}],
    ids=["label", "confidence", "status", "none"],
)
def test_a_cursor_of_another_question_is_refused(site: Site, other: dict[str, object]) -> None:
    commit_cats(site, 3)
    cursor = site.list(label="Cat", limit=1).json["cursor"]

    answer = site.list(**other, cursor=cursor)

    assert answer.status == 400
    assert answer.json["faults"][0]["parameter"] == "cursor"


def test_a_cursor_with_a_letter_changed_is_refused(site: Site) -> None:
    commit_cats(site, 3)
    cursor: str = site.list(limit=1).json["cursor"]

    for place in range(len(cursor)):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        assert site.list(cursor=changed).status == 400, f"letter {place}"


@pytest.mark.parametrize("photos", [100, 1000])
def test_a_page_costs_in_proportion_to_its_size_and_not_to_the_table(site: Site, photos: int) -> None:
    commit_cats(site, photos)

    site.list(label="Cat", limit=20)

    # 20 rows half as much again, over 4 partitions, rounded up; a record for each image shown; two round
    # trips.
    assert site.table.rows_given <= 4 * (20 * 3 // 8 + 2) + 2 * (20 * 3 // 8 + 2)
    assert site.table.records_asked == 20
    assert site.table.reads <= 4


def test_where_ever_more_rows_are_skipped_the_page_ends_short_and_its_cursor_goes_on(site: Site) -> None:
    commit(site.table, photo("old-cat.jpg"))
    outdate(site, 100)
    listing = Listing(site.table, max_read_budget=400)
    question = ListQuestion(labels=("Cat",), limit=5)

    first = listing.page(question)
    assert first.matches == ()
    assert first.next_after is not None
    assert first.rows_read <= 100

    found, page = [], first
    while page.next_after is not None:
        page = listing.page(question._replace(after=page.next_after))
        found += [match.record.key for match in page.matches]
    assert found == ["old-cat.jpg"]


def test_a_deployment_that_keeps_no_order_by_confidence_says_so(site: Site) -> None:
    site.confidence_order = False

    answer = site.list(label="Cat", order="confidence")

    assert answer.status == 400
    assert "confidence_order" in answer.json["faults"][0]["reason"]
    assert site.list(label="Cat", order="oldest").status == 200


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({"prefix": "b/"}, ["b/dog.jpg", "b/cat.jpg"]),
        ({"label": "Cat"}, ["b/cat.jpg", "a/cat.jpg"]),
        ({"any_label": "Dog"}, ["b/dog.jpg"]),
        ({"not_label": "Dog"}, ["b/cat.jpg", "a/cat.jpg"]),
        ({"label": "Cat", "min_confidence": "90"}, ["a/cat.jpg"]),
        ({"min_faces": "2"}, ["b/dog.jpg"]),
        ({"text": "stop"}, ["b/dog.jpg"]),
        ({"moderation": "Violence"}, ["b/cat.jpg"]),
        ({"status": "rejected"}, ["a/broken.jpg"]),
        ({"from": "2026-11-23T12:00:02Z"}, ["b/dog.jpg", "b/cat.jpg"]),
        ({"to": "2026-11-23T12:00:01Z"}, ["a/cat.jpg"]),
        ({"order": "oldest"}, ["a/cat.jpg", "b/cat.jpg", "b/dog.jpg"]),
        ({"limit": "1"}, ["b/dog.jpg"]),
    ],
    ids=str,
)
def test_each_parameter_has_its_say(site: Site, question: dict[str, str], found: list[str]) -> None:
    commit(site.table, photo("a/cat.jpg", second=1, labels={"Cat": 95.0}))
    commit(site.table, photo("b/cat.jpg", second=2, labels={"Cat": 80.0}, moderation={"Violence": 70.0}))
    commit(site.table, photo("b/dog.jpg", second=3, labels={"Dog": 80.0}, faces=2, words=["stop"]))
    commit(site.table, rejected("a/broken.jpg"))

    assert site.list(**question).keys == found
