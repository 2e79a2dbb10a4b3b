"""What cameras have seen on a day: the time line, the events below it, and the photo that one leads to."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from playwright.sync_api import Page, Route, expect

from contract.cameras import Camera, Cameras
from contract.records import PersonMatch
from contract.sightings import CameraLook, FaceSighting, PictureBox
from tests.cameras.pictures import seen
from tests.page.album import Album
from tests.page.conftest import OpenPage
from tests.page.host import photo, serve

DOOR, YARD = Camera("door", "cameras/door/"), Camera("yard", "cameras/yard/", watch=("Dog", "Person"))
DAY_S = 24 * 60 * 60
DASH = "\N{EN DASH}"
NEWEST = "Monday, November 23, 2026: 3 events. Times are those of uploads, in Europe/Berlin."
EVENTS = ["Person13:06door", f"Dog13:00{DASH}13:01yard", f"Person13:00{DASH}13:01door"]


@pytest.fixture
def album() -> Iterator[Album]:
    """Serve three events on the last day, one on the day before; noon is one o'clock in Berlin."""
    with ExitStack() as stack:
        album = serve(Album(cameras=Cameras([DOOR, YARD])), stack)
        for record in (
            *(seen(DOOR, second, "Person") for second in (0, 40, 80)),
            *(seen(YARD, second, "Dog") for second in (5, 65)),
            seen(DOOR, 400, "Person", sure=99.0),
            seen(DOOR, 1000 - DAY_S, "Car"),
        ):
            album.add(record)
        yield album


@pytest.fixture
def open_day(album: Album, open_page: OpenPage) -> OpenPage:
    def opened(address: str = "#cameras", **settings: object) -> Page:
        return open_page(album.url + address, **{"timezone_id": "Europe/Berlin", **settings})

    return opened


def expect_events(page: Page, *wanted: str) -> None:
    expect(page.locator(".day .caption")).to_have_text(list(wanted))


def test_the_newest_day_is_one_press_away(album: Album, open_day: OpenPage) -> None:
    page = open_day("")
    expect(page.locator("#gallery .tile")).to_have_count(7)
    assert not any(path.endswith("/day.js") for path in album.paths())

    page.get_by_role("link", name="Cameras").press("Enter")

    expect(page.locator(".day .found")).to_have_text(NEWEST)
    expect_events(page, *EVENTS)
    expect(page.locator(".line-name")).to_have_text(["door: Person", "yard: Dog"])
    expect(page.locator("#gallery")).to_be_hidden()
    assert page.title() == "Cameras · imagepipe"
    page.get_by_role("link", name="Photos", exact=True).click()
    expect(page.locator("#gallery .tile").first).to_be_visible()
    expect(page.locator(".day")).to_be_hidden()
    page.go_back()
    expect(page.locator(".day .tile")).to_have_count(3)


@pytest.mark.parametrize(("day", "days_ago", "hours"), [("2026-11-23", 0, 24), ("2026-10-25", 29, 25)])
def test_a_bar_stands_where_its_event_was(
    album: Album, open_day: OpenPage, day: str, days_ago: int, hours: int
) -> None:
    """The clocks of Berlin are put back on the second day: it has an hour more, in the night."""
    for second in range(0, 3601, 60):
        album.add(seen(YARD, 3600 + second - days_ago * DAY_S, "Person"))
    page = open_day(f"#cameras/yard/{day}")
    row = page.locator(".line-row", has_text="Person")
    expect(row).to_be_visible()

    track, bar = (row.locator(each).bounding_box() for each in (".track", ".bar-of"))

    assert track is not None
    assert bar is not None
    assert (bar["x"] - track["x"]) / track["width"] == pytest.approx((hours - 10) / hours, abs=0.002)
    assert bar["width"] / track["width"] == pytest.approx(1 / hours, abs=0.002)


def test_an_event_leads_to_its_photo_and_arrows_to_the_others(album: Album, open_day: OpenPage) -> None:
    page = open_day()
    page.get_by_role("button", name=f"Person at door, 13:00{DASH}13:01").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_have_text("00005.jpg")
    expect(dialog.locator(".about")).to_contain_text("cameras/yard/00005.jpg")
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading", level=2)).to_have_text("00000.jpg")
    page.keyboard.press("Escape")
    expect(page.locator(".day .photo:focus")).to_have_attribute(
        "aria-label", f"Person at door, 13:00{DASH}13:01"
    )
    page.locator(".bar-of").first.click()
    expect(dialog.get_by_role("heading", level=2)).to_have_text("00400.jpg")
    dialog.locator(".tag", has_text="Person").click()
    expect(page).to_have_url(f"{album.url}?label=Person")
    expect(page.locator("#gallery .tile")).to_have_count(4)


def test_another_camera_and_another_day_are_addresses(album: Album, open_day: OpenPage) -> None:
    page = open_day()
    page.get_by_role("combobox", name="Camera").select_option("door")
    expect_events(page, "Person13:06", f"Person13:00{DASH}13:01")
    page.get_by_role("button", name="The day before").click()

    expect_events(page, "Car13:16")
    assert page.url == f"{album.url}#cameras/door/2026-11-22"
    page.get_by_label("Day", exact=True).fill("2026-11-20")
    expect(page.get_by_role("heading", name="Nothing came or went")).to_be_visible()
    expect(page.locator(".day-line")).to_be_hidden()
    page.go_back()
    expect_events(page, "Car13:16")
    page.get_by_role("button", name="Newest").click()
    expect_events(page, "Person13:06", f"Person13:00{DASH}13:01")


def test_days_are_those_of_who_looks(open_day: OpenPage) -> None:
    page = open_day("#cameras//2026-11-24", timezone_id="Pacific/Auckland")

    expect_events(page, "Person01:06door", f"Dog01:00{DASH}01:01yard", f"Person01:00{DASH}01:01door")


def test_what_is_not_over_says_since_when(album: Album, open_day: OpenPage) -> None:
    page = open_day("about:blank")
    page.route("**/events?*", lambda route: change(route, is_over=False))
    page.goto(f"{album.url}#cameras/yard/2026-11-23")

    expect_events(page, "Dogsince 13:00")
    expect(page.locator(".bar-of.open")).to_have_count(1)


def test_what_may_have_been_longer_says_so(album: Album, open_day: OpenPage) -> None:
    page = open_day("about:blank")
    page.route("**/events?*", lambda route: change(route, is_cut=True))
    page.goto(f"{album.url}#cameras/yard/2026-11-23")

    expect_events(page, f"Dog13:00{DASH}13:01 or longer")
    why = "More pictures than were read: it may have begun before, or ended later."
    expect(page.get_by_role("button", name=why)).to_have_count(1)
    expect(page.locator(".bar-of.cut")).to_have_attribute("title", f"Dog 13:00{DASH}13:01 or longer. {why}")


def test_who_is_watched_for_has_a_row_by_name(album: Album, open_day: OpenPage) -> None:
    watching = DOOR._replace(watch_people=("Ann",))
    album.cameras, album.people = Cameras([watching]), {"p1": "Ann"}
    record = seen(watching, 40, "Person")
    look = CameraLook("door", faces=(FaceSighting(0, PictureBox(0.4, 0.5, 0.05, 0.1)),))
    album.add(
        replace(record, findings=replace(record.findings, look=look, persons={"p1": PersonMatch(97.0, 0)}))
    )
    page = open_day("#cameras/door/2026-11-23")

    expect_events(page, "Person13:06", "Ann13:00", f"Person13:00{DASH}13:01")
    expect(page.locator(".line-name")).to_have_text(["Ann", "Person"])


def test_more_events_than_one_answer_has_are_asked_for(album: Album, open_day: OpenPage) -> None:
    for number in range(110):
        album.add(seen(YARD, 10_000 + number * 200, "Dog"))
    page = open_day("#cameras/yard/2026-11-23")
    expect(page.locator(".day .tile")).to_have_count(100)
    expect(page.locator(".day .found")).to_contain_text("the last 100 events")
    expect(page.locator(".day-rest p")).to_have_text("Earlier events of this day are not shown yet.")

    page.get_by_role("button", name="Show earlier events").click()

    expect(page.locator(".day .tile")).to_have_count(111)
    expect(page.locator(".bar-of")).to_have_count(111)
    expect(page.locator(".day-rest p")).to_have_count(0)


def test_answers_without_an_event_are_no_empty_day(album: Album, open_day: OpenPage) -> None:
    page = open_day("about:blank")
    page.route("**/events?*", lambda route: leave_out(route, "on and on"))
    page.goto(f"{album.url}#cameras/yard/2026-11-23")

    expect(page.locator(".day-rest p")).to_have_text("Nothing was found so far.")
    assert sum("/events" in path for path in album.paths()) == 10
    page.unroute("**/events?*")
    page.route("**/events?*", lambda route: leave_out(route, None))
    page.get_by_role("button", name="Show earlier events").click()
    expect(page.get_by_role("heading", name="Nothing came or went")).to_be_visible()


def test_an_api_that_is_away_and_a_camera_that_is_none(album: Album, open_day: OpenPage) -> None:
    page = open_day("about:blank")
    page.route("**/events*", lambda route: route.abort())
    page.goto(f"{album.url}#cameras")
    notice = page.locator(".day .notice")
    expect(notice).to_contain_text("The API does not answer.")
    page.unroute("**/events*")
    page.get_by_role("button", name="Try now").click()
    expect_events(page, *EVENTS)

    page.goto(f"{album.url}#cameras/cellar")
    expect(notice.locator("p")).to_have_text("camera: 'cellar' is none; choose of door, yard")
    expect(page.locator(".day .tile")).to_have_count(0)
    page.get_by_role("button", name="Show all cameras").click()
    expect_events(page, *EVENTS)


def test_who_may_see_one_camera_sees_no_other(album: Album, open_day: OpenPage) -> None:
    album.prefix_claim, album.claims = "folders", {"folders": ["cameras/yard/"]}
    page = open_day()
    expect_events(page, f"Dog13:00{DASH}13:01")
    expect(page.get_by_role("combobox", name="Camera")).to_have_text("yard")

    album.claims = {"folders": ["holiday/"]}
    page.reload()
    expect(page.get_by_role("heading", name="No camera")).to_be_visible()


def test_flagged_pictures_are_blurred_here_too(album: Album, open_day: OpenPage) -> None:
    flagged = seen(YARD, 5, "Dog")
    album.add(replace(flagged, findings=replace(flagged.findings, moderation={"Violence": 91.0})))
    page = open_day("#cameras/yard")
    expect(page.locator(".day .veil")).to_contain_text("Flagged: Violence")

    page.locator(".day .photo").first.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Show", exact=True).click()
    page.keyboard.press("Escape")

    expect(page.locator(".day .veil")).to_have_count(0)


def test_labels_are_as_hostile_here(album: Album, open_day: OpenPage) -> None:
    markup = "<img src=x onerror=\"document.title='taken'\">"
    album.cameras = Cameras([Camera("door", "cameras/door/", watch=(markup,))])
    album.add(seen(album.cameras.all[0], 7, markup))
    page = open_day("#cameras/<b>door/2026-11-23")
    expect(page.locator(".day .notice p")).to_contain_text("%3Cb%3Edoor' is none")
    page.goto(f"{album.url}#cameras//2026-11-23")

    expect(page.locator(".line-name")).to_have_text([markup])
    assert page.title() == "Cameras · imagepipe"


def test_where_there_are_no_cameras_nothing_leads_there(album: Album, open_day: OpenPage) -> None:
    album.cameras = None
    album.add(photo("first.jpg"))
    page = open_day()

    expect(page.locator("#gallery .tile").first).to_be_visible()
    expect(page.get_by_role("link", name="Cameras")).to_have_count(0)


@pytest.mark.parametrize("width", [320, 390])
def test_there_is_room_for_it_on_a_phone(open_day: OpenPage, width: int) -> None:
    page = open_day(width=width, height=700)
    expect_events(page, *EVENTS)

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".day .photo").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def change(route: Route, **said: bool) -> None:
    """Answer as the API does where it says this of each event."""
    given = route.fetch()
    told = given.json()
    route.fulfill(response=given, json={**told, "events": [{**each, **said} for each in told["events"]]})


def leave_out(route: Route, cursor: str | None) -> None:
    """Answer as the API does where it has gone back far enough and found nothing."""
    given = route.fetch(url=route.request.url.partition("&cursor=")[0])
    route.fulfill(response=given, json={**given.json(), "events": [], "cursor": cursor})
