"""Events as they are asked for: made of records, newest first, page by page, of what a caller may see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.camera_events import CameraPicture, events_of
from contract.cameras import Camera, Cameras
from contract.policy_faults import read_policy
from contract.sightings import PictureBox, Sighting
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
)


@given(st.lists(sightings, max_size=12), st.randoms())
def test_events_are_the_same_in_whatever_order_pictures_come_and_however_often(
    pictures: list[CameraPicture], randomly: object
) -> None:
    again = [*pictures, *pictures[:3]]
    randomly.shuffle(again)  # type: ignore[attr-defined]
    events = events_of(DOOR, again)

    assert events == events_of(DOOR, pictures)
    assert {event.label for event in events} <= {"Person", "Dog"}
    for event in events:
        others = [each for each in events if each.label == event.label and each is not event]
        assert all(
            abs(each.begin - event.end) > DOOR.gone_after_seconds or each.end < event.begin for each in others
        )
        assert event.begin <= event.end
