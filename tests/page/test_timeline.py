"""Years and months at the side, which lead to photos of that time."""

from playwright.sync_api import Page, expect

from tests.page.album import Album, facts, taken
from tests.page.conftest import OpenPage

YEARS = (2026, 2025, 2021, 2003)


def fill(album: Album, months: int = 3) -> None:
    """Add photos of some months of some years, uploaded in quite another order."""
    second = 0
    for year in reversed(YEARS):
        for month in range(1, months + 1):
            for day in (5, 9):
                second += 1
                album.add(
                    taken(
                        f"{year}-{month:02}-{day:02}.jpg",
                        facts(taken_at=f"{year}-{month:02}-{day:02}T10:00:00.000"),
                        second=second,
                    )
                )


def opened_without_more(album: Album, open_page: OpenPage, query: str) -> Page:
    """Open a list of which no more than the first four photos come."""
    album.most = 4
    page = open_page("about:blank")
    page.route("**/images?*cursor=*", lambda route: None)
    page.goto(f"{album.url}{query}")
    return page


def test_the_years_of_a_list_are_at_its_side(album: Album, open_page: OpenPage) -> None:
    fill(album)
    page = open_page(f"{album.url}?order=taken")

    expect(page.get_by_role("navigation", name="Dates").locator("#timeline-list > li > .date")).to_have_text(
        [str(year) for year in YEARS]
    )
    expect(page.get_by_role("button", name="Go to Mar 2026")).to_have_attribute("aria-current", "date")
    assert len(album.questions) == 1, "nothing more is asked until somebody looks"


def test_a_month_that_is_there_is_scrolled_to(album: Album, open_page: OpenPage) -> None:
    fill(album, months=6)
    page = open_page(f"{album.url}?order=taken", height=500)
    expect(page.locator(".tile")).to_have_count(48)

    page.get_by_role("button", name="Go to 2025").click()

    tile = page.get_by_role("button", name="2025-06-09.jpg")
    expect(tile).to_be_in_viewport()
    expect(page.get_by_role("button", name="Go to Jun 2025")).to_have_attribute("aria-current", "date")
    assert page.url == f"{album.url}?order=taken"


def test_a_year_that_is_not_there_yet_begins_the_list(album: Album, open_page: OpenPage) -> None:
    fill(album)
    page = opened_without_more(album, open_page, "?order=taken")
    expect(page.locator(".tile")).to_have_count(4)
    expect(page.locator("#timeline-list > li > .date")).to_have_text(["2026", "Others …"])

    page.get_by_role("button", name="Look for other years").click()
    expect(page.locator("#timeline-list > li > .date")).to_have_text([str(year) for year in YEARS])
    page.get_by_role("button", name="Go to 2021").click()

    expect(page.locator(".caption-name").first).to_have_text("2021-03-09.jpg")
    assert page.url == f"{album.url}?taken_to=2021-12-31&order=taken"
    expect(page.locator(".chip-text")).to_have_text(["taken to 2021-12-31"])
    expect(page.locator("#timeline-list > li > .date")).to_have_text([str(year) for year in YEARS])
    page.get_by_role("button", name="Go to Feb 2021").click()
    expect(page.locator(".tile img.loaded").first).to_be_visible()
    page.get_by_role("button", name="Go to 2026").click()
    expect(page.locator(".caption-name").first).to_have_text("2026-03-09.jpg")
    assert page.url == f"{album.url}?order=taken", "the whole list, not one that begins at its end"
    page.go_back()
    expect(page.locator(".caption-name").first).to_have_text("2021-03-09.jpg")


def test_a_list_that_begins_long_ago_has_its_scale_the_other_way_round(
    album: Album, open_page: OpenPage
) -> None:
    fill(album)
    page = opened_without_more(album, open_page, "?order=taken_oldest")
    expect(page.locator(".caption-name").first).to_have_text("2003-01-05.jpg")

    page.get_by_role("button", name="Look for other years").click()
    expect(page.locator("#timeline-list > li > .date")).to_have_text(["2003", "2021", "2025", "2026"])
    page.get_by_role("button", name="Go to 2025").click()

    expect(page.locator(".caption-name").first).to_have_text("2025-01-05.jpg")
    assert page.url == f"{album.url}?taken_from=2025-01-01&order=taken_oldest"


def test_uploads_have_a_scale_of_their_own_and_what_is_in_no_order_of_time_has_none(
    album: Album, open_page: OpenPage
) -> None:
    fill(album)
    page = open_page(album.url)
    expect(page.locator("#timeline-list > li > .date")).to_have_text(["2026"])
    expect(page.get_by_role("button", name="Go to Nov 2026")).to_have_attribute("aria-current", "date")

    page.goto(f"{album.url}?label=Cat&order=confidence")
    expect(page.locator(".tile").first).to_be_visible()
    expect(page.get_by_role("navigation", name="Dates")).to_be_hidden()


def test_on_a_phone_the_years_come_out_of_a_button(album: Album, open_page: OpenPage) -> None:
    fill(album)
    page = open_page(f"{album.url}?order=taken", width=390, height=844, has_touch=True, is_mobile=True)
    expect(page.locator("#timeline-list")).to_be_hidden()

    page.get_by_role("button", name="Mar 2026", exact=True).tap()
    page.get_by_role("button", name="Go to 2003").tap()

    expect(page.get_by_role("button", name="2003-03-09.jpg")).to_be_in_viewport()
    expect(page.locator("#timeline-list")).to_be_hidden()
    expect(page.locator("#timeline-toggle")).to_have_text("Mar 2003")


def test_the_scale_is_walked_by_keys(album: Album, open_page: OpenPage) -> None:
    fill(album)
    page = open_page(f"{album.url}?order=taken", width=820)
    toggle = page.locator("#timeline-toggle")
    expect(toggle).to_have_text("Mar 2026")
    toggle.focus()
    page.keyboard.press("Enter")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Go to 2026")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Go to Dec 2026")).to_be_focused()
    page.keyboard.press("Escape")
    expect(toggle).to_be_focused()
    expect(page.locator("#timeline-list")).to_be_hidden()


def test_what_is_no_date_has_no_place_on_the_scale(album: Album, open_page: OpenPage) -> None:
    album.add(taken("strange.jpg", facts(taken_at="2026-99-99T99:99:99.999"), second=2))
    album.add(taken("dog.jpg", facts(taken_at="2025-01-02T10:00:00.000"), second=1))
    page = open_page(f"{album.url}?order=taken")

    expect(page.locator(".tile")).to_have_count(2)
    expect(page.locator("#timeline-list > li > .date")).to_have_text(["2025"])
