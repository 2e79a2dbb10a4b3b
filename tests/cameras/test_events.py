"""Events as they are asked for: made of records, newest first, page by page, of what a caller may see."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.camera_events import CameraPicture, SeenPerson, events_of
from contract.cameras import Camera, Cameras
from contract.moments import to_text
from contract.policy_faults import read_policy
from contract.sightings import FaceSighting, PictureBox, Sighting
from query_api.search.events import MOST_PICTURES_AT_ONCE, PICTURES_OF_A_PAGE
from tests.cameras.pictures import LOW, seen
from tests.query_api.photos import commit, tombstone
from tests.query_api.site import Site

DOOR = Camera("door", "cameras/door/", zones=(("path", ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))),))
YARD = Camera("yard", "cameras/yard/", gone_after_seconds=30)
HIGH = PictureBox(0.4, 0.0, 0.1, 0.3)


@pytest.fixture
def site() -> Site:
    site = Site(cameras=Cameras([DOOR, YARD]))
    for record in (
        *(seen(DOOR, second, "Person") for second in (0, 10, 20)),
        seen(DOOR, 300, "Person", box=HIGH),
        seen(DOOR, 400, "Person", "Bench"),
        *(seen(YARD, second, "Dog") for second in (15, 60)),
    ):
        commit(site.table, record)
    return site


def told(site: Site, query: str = "") -> list[tuple[str, str, str, str]]:
    answer = site.get(f"/events{query}")
    assert answer.status == 200, answer.json
    return [
        (event["camera"], event["label"], event["begin"][14:19], event["end"][14:19])
        for event in answer.json["events"]
    ]


EVENTS = [
    ("door", "Person", "06:40", "06:40"),
    ("yard", "Dog", "01:00", "01:00"),
    ("yard", "Dog", "00:15", "00:15"),
    ("door", "Person", "00:00", "00:20"),
]


def test_what_came_and_went_is_told_newest_first(site: Site) -> None:
    assert told(site) == EVENTS
    assert told(site, "?camera=yard") == EVENTS[1:3]
    assert told(site, "?label=person") == [EVENTS[0], EVENTS[3]]
    assert told(site, "?from=2026-11-23T12:00:30Z&to=2026-11-23T12:05:00Z") == [EVENTS[1]]

    (last,) = site.get("/events?label=person&to=2026-11-23T12:00:05Z").json["events"]
    assert (last["pictures"], last["zones"], last["best"]["key"]) == (3, ["path"], "cameras/door/00000.jpg")
    assert last["best"]["url"].startswith("https://photos/cameras/door/00000.jpg")


def test_an_event_goes_with_its_pictures(site: Site) -> None:
    for second in (0, 10, 20):
        commit(site.table, tombstone(seen(DOOR, second, "Person")))

    assert told(site) == EVENTS[:3]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_have_each_event_once(site: Site, limit: int) -> None:
    found: list[tuple[str, str, str, str]] = []
    cursor = ""
    while True:
        answer = site.get(f"/events?limit={limit}{cursor}").json
        found += told(site, f"?limit={limit}{cursor}")
        if answer["cursor"] is None:
            break
        cursor = f"&cursor={answer['cursor']}"

    assert found == EVENTS


def test_a_cursor_is_for_its_question(site: Site) -> None:
    cursor = site.get("/events?limit=1").json["cursor"]

    assert site.get(f"/events?limit=1&camera=door&cursor={cursor}").status == 400
    assert site.get("/events?camera=cellar").status == 400


def test_who_may_see_one_camera_is_told_of_no_other(site: Site) -> None:
    site.prefix_claim, site.claims = "folders", {"folders": ["cameras/yard/"]}

    assert told(site) == EVENTS[1:3]
    assert site.get("/events").json["cameras"] == ["yard"]
    assert site.get("/events?camera=door").status == 400


def test_what_a_policy_hides_makes_no_event(site: Site) -> None:
    site.policy = read_policy('{"hidden": ["Dog"]}')

    assert told(site) == [EVENTS[0], EVENTS[3]]


def test_what_an_alias_stands_for_makes_events_by_the_name_that_is_watched_for(site: Site) -> None:
    site.policy = read_policy('{"aliases": {"Animal": ["Dog", "Cat"], "Human": ["Person"]}}')

    assert told(site) == EVENTS
    for asked in ("animal", "CAT", "dog"):
        assert told(site, f"?label={asked}") == EVENTS[1:3]
    look = site.get("/images/cameras/yard/00015.jpg").json["look"]
    assert [each["label"] for each in look["sightings"]] == ["Animal"]


def test_what_tells_gender_is_an_event_under_its_alias_alone() -> None:
    camera = YARD._replace(watch=("Man", "Person"))
    site = Site(cameras=Cameras([camera]), policy=read_policy('{"aliases": {"Person": ["Man"]}}'))
    commit(site.table, seen(camera, 15, "Man"))

    assert told(site) == [("yard", "Person", "00:15", "00:15")]


def all_pages(site: Site, query: str, most: int = 20) -> list[list[dict[str, Any]]]:
    """Return the events of each page; fails where pages do not come to an end."""
    pages: list[list[dict[str, Any]]] = []
    cursor = ""
    while len(pages) < most:
        answer = site.get(f"/events?{query}{cursor}").json
        pages.append(answer["events"])
        if answer["cursor"] is None:
            return pages
        cursor = f"&cursor={answer['cursor']}"
    raise AssertionError(f"no end: {pages}")


def street(gone_after: int, pictures: int, every: int) -> Site:
    """Return a site whose one camera has one event without a gap."""
    camera = YARD._replace(gone_after_seconds=gone_after)
    site = Site(cameras=Cameras([camera]))
    for picture in range(pictures):
        commit(site.table, seen(camera, picture * every, "Dog"))
    return site


def test_an_event_of_more_pictures_than_a_page_reads_is_told_once_and_whole() -> None:
    pages = all_pages(street(3_600, 1_200, 6), "")

    (event,) = (event for page in pages for event in page)
    assert (event["pictures"], event["is_cut"]) == (1_200, False)
    assert len(pages) == 1


def test_an_event_that_goes_on_after_the_end_of_a_page_is_whole() -> None:
    (page,) = all_pages(street(10, 600, 6), "to=2026-11-23T12:00:30Z")

    assert [(event["pictures"], event["is_cut"]) for event in page] == [(600, False)]


def test_what_is_longer_than_any_answer_reads_says_so_and_pages_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("query_api.search.events.PICTURES_OF_A_PAGE", 100)
    monkeypatch.setattr("query_api.search.events.MOST_PICTURES_BACK", 200)
    monkeypatch.setattr("query_api.search.events.MOST_PICTURES", 250)

    pages = all_pages(street(3_600, 700, 1), "")

    assert all(page for page in pages)
    assert [event["is_cut"] for page in pages for event in page] == [True] * len(pages)
    # The first page has what came last, the last page what came first.
    assert pages[0][0]["end"] == "2026-11-23T12:11:39.000Z"
    assert pages[-1][0]["begin"] == "2026-11-23T12:00:00.000Z"


@pytest.mark.parametrize("seed", range(8))
def test_pages_have_the_events_that_all_pictures_together_are_of(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("query_api.search.events.PICTURES_OF_A_PAGE", 6)
    monkeypatch.setattr("query_api.search.events.MOST_PICTURES_AT_ONCE", 3)
    randomly = Random(seed)
    cameras = [YARD._replace(watch=("Dog", "Cat")), DOOR._replace(zones=(), watch=("Dog", "Cat"))]
    site = Site(cameras=Cameras(cameras))
    expected = []
    for camera in cameras:
        seconds = sorted(randomly.sample(range(3_000), 60))
        records = [seen(camera, second, randomly.choice(["Dog", "Cat"])) for second in seconds]
        for record in records:
            commit(site.table, record)
        expected += events_of(camera, [each for record in records if (each := CameraPicture.of(record))])

    pages = all_pages(site, f"limit={randomly.randint(3, 9)}", most=200)

    found = [(event["id"], event["end"], event["pictures"]) for page in pages for event in page]
    assert sorted(found) == sorted((each.id, to_text(each.end), each.pictures) for each in expected)


def test_all_cameras_share_what_one_answer_reads() -> None:
    cameras = [Camera(f"c{number}", f"c{number}/", gone_after_seconds=5) for number in range(10)]
    site = Site(cameras=Cameras(cameras))
    for camera in cameras:
        for picture in range(60):
            commit(site.table, seen(camera, picture * 10, "Dog"))
    site.table.records_asked = 0

    first = site.get("/events?limit=100").json

    assert len(first["events"]) == 100
    assert site.table.records_asked <= PICTURES_OF_A_PAGE + MOST_PICTURES_AT_ONCE
    told = [event["id"] for page in all_pages(site, "limit=100") for event in page]
    assert len(set(told)) == len(told) == 600


sightings = st.builds(
    CameraPicture,
    st.integers(0, 2_000).map(float),
    st.sampled_from(["a.jpg", "b.jpg", "c.jpg", "d.jpg"]),
    st.lists(
        st.builds(
            Sighting, st.sampled_from(["Person", "Dog", "Tree"]), st.sampled_from([50.0, 70.0]), st.just(LOW)
        ),
        max_size=2,
    ).map(tuple),
    st.lists(
        st.builds(
            SeenPerson,
            st.sampled_from(["p1", "p2"]),
            st.sampled_from([91.0, 99.0]),
            st.sampled_from([None, FaceSighting(0, LOW), FaceSighting(1, HIGH, LOW)]),
        ),
        max_size=2,
    ).map(tuple),
)


@given(st.lists(sightings, max_size=12), st.randoms())
def test_events_are_the_same_in_whatever_order_pictures_come_and_however_often(
    pictures: list[CameraPicture], randomly: object
) -> None:
    again = [*pictures, *pictures[:3]]
    randomly.shuffle(again)  # type: ignore[attr-defined]
    events = events_of(DOOR, again)

    assert events == events_of(DOOR, pictures)
    assert {event.person or event.label for event in events} <= {"Person", "Dog", "p1", "p2"}
    assert len({event.id for event in events}) == len(events)
    for event in events:
        others = [each for each in events if each.told_by == event.told_by and each is not event]
        assert all(
            abs(each.begin - event.end) > DOOR.gone_after_seconds or each.end < event.begin for each in others
        )
        assert event.begin <= event.end
