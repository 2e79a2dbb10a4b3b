"""A film in the large view: what is seen when, and the moment that a button jumps to."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import FloatRect, Locator, expect

from contract.films import Frame, film_answer
from contract.records import Findings
from contract.results import Result, ResultName
from tests.page.album import Album, facts, taken
from tests.page.conftest import OpenPage
from tests.query_api.photos import write_result

DOG = Findings(labels={"Dog": 98.0})
MARKUP = "<img src=x onerror=\"document.title='taken'\">"


def add_film(album: Album, dogs: int = 1) -> None:
    """Put a film of an hour into the album, in which a stranger's name is seen, and then a dog, or dogs."""
    film = replace(
        taken("film.mp4", facts(duration_seconds=3700.0, slice_seconds=300.0)), detectors={"labels": "1"}
    )
    film = replace(film, findings=replace(film.findings, labels={"Dog": 98.0, MARKUP: 91.0}))
    album.add(film)
    seen = [
        (Frame(0, 61_000, 500, "a"), Findings(labels={MARKUP: 91.0})),
        *(
            (Frame(start, 3_700_000 if dogs == 1 else start + 60_000, start, f"b{start}"), DOG)
            for start in range(61_000, 61_000 + dogs * 120_000, 120_000)
        ),
    ]
    answer = film_answer((frame, f"c/t/{frame.name}.jpg", found) for frame, found in seen)
    write_result(album.table, Result(ResultName(film.content_id, "labels", "1"), answer, ""))


def test_a_film_is_played_from_the_moment_that_is_chosen(album: Album, open_page: OpenPage) -> None:
    add_film(album)
    page = open_page(album.url)
    page.locator(".photo").first.click()

    player = page.locator("video.film")
    expect(player).to_be_visible()
    page.get_by_text("Each moment").click()
    jump = page.get_by_title("Play Dog from 1:01")
    expect(jump).to_contain_text("1:01\N{EN DASH}1:01:40")
    jump.click()

    assert player.evaluate("player => player.currentTime") == 61
    assert page.title() != "taken", "names are a stranger's"
    expect(page.locator(".about")).to_contain_text("1:01:40")


def test_a_film_whose_address_has_expired_goes_on_where_it_was(album: Album, open_page: OpenPage) -> None:
    album.add(taken("film.mp4", facts(duration_seconds=3700.0, slice_seconds=300.0)))
    page = open_page(album.url)
    page.locator(".photo").first.click()
    player = page.locator("video.film")
    expect(player).to_be_visible()
    before = player.get_attribute("src")
    album.expired_before = 1000
    player.evaluate("player => { player.currentTime = 61; player.play().catch(() => {}); }")

    expect(player).not_to_have_attribute("src", str(before))
    assert player.evaluate("player => player.currentTime") == 61


@pytest.mark.parametrize("width", [1280, 390])
def test_a_time_line_shows_where_in_a_film_each_thing_is_and_its_bars_jump(
    album: Album, open_page: OpenPage, width: int
) -> None:
    add_film(album)
    page = open_page(album.url, width=width)
    page.locator(".photo").first.click()
    line = page.get_by_role("group", name="What is seen when")
    bars = line.get_by_role("button")
    expect(bars).to_have_count(2)
    stranger, dog = bars.all()
    track = box_of(line.locator(".track").last)

    box = box_of(dog)
    assert (box["x"] - track["x"]) / track["width"] == pytest.approx(61 / 3700, abs=0.01)
    assert box["width"] / track["width"] == pytest.approx(1 - 61 / 3700, abs=0.01)
    assert box_of(stranger)["width"] >= 6, "what is short can still be hit"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    stranger.focus()
    page.keyboard.press("ArrowDown")
    expect(line.get_by_role("button", name="Dog 1:01")).to_be_focused()
    page.keyboard.press("Enter")
    player = page.locator("video.film")
    assert player.evaluate("player => player.currentTime") == 61
    player.dispatch_event("timeupdate")
    assert line.evaluate("line => parseFloat(line.style.getPropertyValue('--at'))") == pytest.approx(
        6100 / 3700
    )


def test_the_tab_key_stops_once_on_a_time_line_and_arrows_lead_along_it(
    album: Album, open_page: OpenPage
) -> None:
    add_film(album, dogs=30)
    page = open_page(album.url)
    page.locator(".photo").first.click()
    line = page.get_by_role("group", name="What is seen when")
    expect(line.get_by_role("button")).to_have_count(31)
    expect(line.locator("[tabindex='0']")).to_have_count(1)
    focused = page.locator(":focus")

    line.locator("[tabindex='0']").focus()
    for key, begins in (
        ("ArrowDown", "Dog 1:01"),
        ("ArrowRight", "Dog 3:01"),
        ("End", "Dog 59:01"),
        ("ArrowRight", "Dog 59:01"),
        ("Home", "Dog 1:01"),
        ("ArrowUp", MARKUP),
        ("ArrowLeft", MARKUP),
        ("ArrowDown", "Dog 1:01"),
    ):
        page.keyboard.press(key)
        expect(focused).to_have_attribute("aria-label", re.compile(re.escape(begins)))
    page.keyboard.press("Tab")
    expect(focused).to_have_text("Each moment")
    page.keyboard.press("Shift+Tab")
    expect(focused).to_have_attribute("aria-label", re.compile("Dog 1:01"))
    line.get_by_role("button", name="Dog 3:01").click()
    assert page.locator("video.film").evaluate("player => player.currentTime") == 181
    expect(line.locator("[tabindex='0']")).to_have_attribute("aria-label", re.compile("Dog 3:01"))


def box_of(element: Locator) -> FloatRect:
    box = element.bounding_box()
    assert box is not None
    return box
