"""Lists by what files say: when, with what and where photos were taken, and how they look."""

from dataclasses import replace

import pytest

from tests.query_api.photos import commit, facts, photo, rejected, tombstone
from tests.query_api.site import Site


@pytest.fixture
def site() -> Site:
    return Site(near_duplicates=True)


DAYS = [
    "2026-07-30T23:59:59.999",
    "2026-07-31T00:00:00.000",
    "2026-07-31T23:59:59.999",
    "2026-08-01T00:00:00.000",
]


def commit_days(site: Site) -> None:
    """Commit photos that were uploaded in the opposite order of their capture, and one that has none."""
    for number, taken_at in enumerate(DAYS):
        commit(site.table, photo(f"{number}.jpg", second=50 - number, file=facts(taken_at)))
    commit(site.table, photo("scan.jpg", second=59, file=facts()))
    commit(site.table, photo("old.jpg", second=58))


def test_the_last_that_were_taken_come_first_and_what_has_no_time_is_not_there(site: Site) -> None:
    commit_days(site)

    assert site.list(order="taken").keys == ["3.jpg", "2.jpg", "1.jpg", "0.jpg"]
    assert site.list(order="taken_oldest").keys == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert len(site.list().keys) == 6


def test_photos_of_one_moment_are_shown_once_page_by_page(site: Site) -> None:
    for number in range(30):
        taken_at = f"2026-07-31T12:00:0{number // 10}.000"
        commit(site.table, photo(f"{number}.jpg", second=number, labels={"Cat": 90.0}, file=facts(taken_at)))
    shown, cursor = list[str](), None
    while True:
        page = site.list(
            order="taken", label="cat", limit=7, **({} if cursor is None else {"cursor": cursor})
        )
        shown += page.keys
        cursor = page.json["cursor"]
        if cursor is None:
            break

    assert len(shown) == len(set(shown)) == 30
    assert [int(key[:-4]) // 10 for key in shown] == sorted((n // 10 for n in range(30)), reverse=True)


@pytest.mark.parametrize("order", ["taken", "newest"])
@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("2026-07-31", None, {"1", "2", "3"}),
        (None, "2026-07-31", {"0", "1", "2"}),
        ("2026-07-31", "2026-07-31", {"1", "2"}),
        ("2026-07-31T23:59:59.999", None, {"2", "3"}),
        ("2026-07-31T23:59", "2026-08-01T00:00", {"2", "3"}),
        ("2026-07-31T23:59:59", "2026-07-31T23:59:59", set()),
        ("2026-08-02", None, set()),
    ],
)
def test_both_ends_belong_to_the_span(
    site: Site, order: str, first: str | None, last: str | None, found: set[str]
) -> None:
    commit_days(site)
    span = {name: at for name, at in {"taken_from": first, "taken_to": last}.items() if at is not None}

    assert {key[:-4] for key in site.list(order=order, **span).keys} == found


def test_a_span_in_the_order_of_capture_reads_nothing_beside_it(site: Site) -> None:
    for number in range(400):
        day = f"2026-{1 + number % 12:02}-{1 + number % 28:02}"
        commit(site.table, photo(f"{number}.jpg", file=facts(f"{day}T12:00:00.000")))

    found = site.list(order="taken", taken_from="2026-07-01", taken_to="2026-07-31", limit=100)

    assert len(found.keys) == site.table.rows_given == site.table.records_asked


def test_a_photo_that_lost_its_time_is_not_in_the_list_though_its_row_is(site: Site) -> None:
    record = photo("cat.jpg", file=facts(DAYS[0]))
    commit(site.table, record)
    commit(site.table, replace(record, generation=2, findings=replace(record.findings, photo=facts())))

    assert site.list(order="taken").keys == []
    assert site.list().keys == ["cat.jpg"]


def test_a_camera_is_found_by_its_whole_name_in_any_case(site: Site) -> None:
    for number, camera in enumerate(["Pixel 9", "PIXEL 9", "Pixel 9 Pro", None, "<img src=x>"]):
        commit(site.table, photo(f"{number}.jpg", second=number, file=facts(camera=camera)))

    assert site.list(camera="pixel 9").keys == ["1.jpg", "0.jpg"]
    assert site.list(camera="<IMG SRC=X>").keys == ["4.jpg"]
    assert site.list(camera="Pixel").keys == []


@pytest.mark.parametrize(
    ("near", "found"),
    [
        ("48.8584,2.2945,0", ["eiffel"]),
        ("48.8584, 2.2945, 1", ["eiffel"]),
        ("48.8584,2.2945,4", ["louvre", "eiffel"]),
        ("48.8584,2.2945,20", ["versailles", "louvre", "eiffel"]),
        ("0,-180,20", ["east", "west"]),
        ("-90,12,1.5", ["pole"]),
        ("51.5,0,150", []),
    ],
)
def test_photos_are_found_around_a_place(site: Site, near: str, found: list[str]) -> None:
    places = {
        "eiffel": (48.8584, 2.2945),
        "louvre": (48.8611, 2.3358),
        "versailles": (48.8049, 2.1204),
        "west": (0.05, 179.9),
        "east": (-0.05, -179.9),
        "pole": (-89.99, -120.0),
    }
    for second, (name, place) in enumerate(places.items()):
        commit(site.table, photo(name, second=second, file=facts(place=place)))
    commit(site.table, photo("nowhere", second=50, file=facts()))
    commit(site.table, photo("half", second=51, file=replace(facts(place=(48.8584, 2.2945)), longitude=None)))

    assert site.list(near=near).keys == found


LOOKS = 0x0123_4567_89AB_CDEF


def commit_likes(site: Site) -> None:
    turned = {"same": [], "one": [0], "three": [0, 17, 34], "four": [0, 17, 34, 63], "other": list(range(40))}
    commit(site.table, photo("asked", second=9, file=facts(looks=LOOKS)))
    for second, (name, bits) in enumerate(turned.items()):
        looks = LOOKS ^ sum(1 << bit for bit in bits)
        commit(site.table, photo(name, second=second, file=facts(looks=looks)))
    commit(site.table, photo("unlisted", file=facts(looks=LOOKS, finds_duplicates=False)))
    commit(site.table, photo("without", file=facts()))
    commit(site.table, photo("unseen"))


def test_near_duplicates_come_with_their_distance_and_without_the_photo_itself(site: Site) -> None:
    commit_likes(site)

    answer = site.list(near_duplicates_of="asked").json

    assert [(image["key"], image["distance"]) for image in answer["images"]] == [
        ("three", 3),
        ("one", 1),
        ("same", 0),
    ]
    assert "distance" not in site.list().json["images"][0]


def test_a_photo_that_is_not_to_be_found_by_its_hash_any_more_is_not_though_its_rows_are(site: Site) -> None:
    commit_likes(site)
    record = photo("same", second=0, file=facts(looks=LOOKS, finds_duplicates=False), generation=2)
    commit(site.table, record)

    assert site.list(near_duplicates_of="asked").keys == ["three", "one"]


def test_near_duplicates_may_be_asked_for_with_other_conditions(site: Site) -> None:
    commit_likes(site)

    assert site.list(near_duplicates_of="asked", label="cat", order="oldest").keys == ["same", "one", "three"]
    assert site.list(near_duplicates_of="asked", not_label="cat").keys == []
    assert site.list(near_duplicates_of="asked", prefix="t").keys == ["three"]
    first = site.list(near_duplicates_of="asked", limit=1).json
    assert site.list(near_duplicates_of="asked", limit=9, cursor=first["cursor"]).keys == ["one", "same"]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("nowhere", "nothing is known of this key"),
        ("gone", "nothing is known of this key"),
        ("without", "this photo has no hash: its file was not looked at yet, or could not be"),
        ("unseen", "this photo has no hash: its file was not looked at yet, or could not be"),
        ("broken", "this photo has no hash: its file was not looked at yet, or could not be"),
    ],
)
def test_near_duplicates_of_what_has_no_hash_are_refused_with_the_reason(
    site: Site, key: str, reason: str
) -> None:
    commit_likes(site)
    commit(site.table, tombstone(photo("gone", file=facts(looks=LOOKS))))
    commit(site.table, rejected("broken"))

    answer = site.list(near_duplicates_of=key)

    assert answer.status == 400
    assert answer.json["faults"] == [{"parameter": "near_duplicates_of", "reason": reason}]


def test_places_are_told_nowhere_as_soon_as_that_is_turned_off() -> None:
    site = Site()
    commit(site.table, photo("a", file=facts(DAYS[0], place=(48.8584, 2.2945))))
    off = Site(keep_location=False, table=site.table)

    told = (site.list().json["images"][0], site.get("/images/a").json, site.get("/images?key=a").json)
    untold = (off.list().json["images"][0], off.get("/images/a").json, off.get("/images?key=a").json)
    assert {(one["photo"]["latitude"], one["photo"]["longitude"]) for one in told} == {(48.8584, 2.2945)}
    assert {(one["photo"]["latitude"], one["photo"]["longitude"]) for one in untold} == {(None, None)}
    assert "48.8" not in str(untold)
    assert untold[0]["photo"]["taken_at"] == DAYS[0]
    assert "48.8" not in str(off.get("/images/a/raw").json)


def test_what_a_deployment_does_not_have_is_refused_with_the_setting() -> None:
    asked = {
        "taken_to": "2026-07-31",
        "camera": "Pixel 9",
        "near": "1,2,3",
        "order": "taken",
    }
    without = Site(pictures=False)
    commit(without.table, photo("asked", file=facts(DAYS[0], camera="Pixel 9", place=(1, 2), looks=LOOKS)))

    for name, value in {**asked, "near_duplicates_of": "asked"}.items():
        (fault,) = without.list(**{name: value}).json["faults"]
        assert fault["parameter"] == name
        assert "its setting pictures" in fault["reason"]

    placeless = Site(keep_location=False, table=without.table)
    (fault,) = placeless.list(near="1,2,3").json["faults"]
    assert fault == {
        "parameter": "near",
        "reason": "this deployment tells no places (its setting keep_location)",
    }
    assert placeless.list(camera="Pixel 9").keys == ["asked"]
    apart = Site(near_duplicates=False, table=without.table)
    assert all(apart.list(**{name: value}).keys == ["asked"] for name, value in asked.items())
    (fault,) = apart.list(near_duplicates_of="asked").json["faults"]
    assert "its setting near_duplicates" in fault["reason"]
