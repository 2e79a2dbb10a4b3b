"""Three widths, two schemes, and people who want nothing to move."""

import pytest
from playwright.sync_api import expect

from tests.page.conftest import OpenPage
from tests.page.host import Host, photo

LONG = "a-name-that-has-no-end-" * 20
# 24 by 24 is what WCAG 2.2 asks of targets: https://www.w3.org/TR/WCAG22/#target-size-minimum
LEAST_TARGET_PX = 24


@pytest.mark.parametrize("width", [320, 390, 820, 1440])
def test_nothing_is_wider_than_the_screen(host: Host, open_page: OpenPage, width: int) -> None:
    for number in range(8):
        host.add(photo(f"{LONG}{number}.jpg", second=number, labels={LONG: 99.0}))
    page = open_page(f"{host.url}?prefix={LONG}", width=width)
    expect(page.locator(".tile img.loaded").first).to_be_visible()

    too_wide = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert page.evaluate(too_wide) is False
    page.locator(".photo").first.click()
    expect(page.locator(".viewer img.loaded")).to_be_visible()
    viewer = page.locator(".viewer").bounding_box()
    assert viewer is not None
    assert viewer["x"] >= 0
    assert viewer["x"] + viewer["width"] <= width


def test_everything_that_is_pressed_is_large_enough_for_a_finger(host: Host, open_page: OpenPage) -> None:
    host.add(photo("cat.jpg", moderation={"Violence": 90.0}))
    page = open_page(f"{host.url}?label=Cat", width=390, height=844)
    expect(page.locator(".tile img.loaded")).to_have_count(1)

    for button in page.locator("button:visible, summary:visible, select:visible").all():
        size = button.bounding_box()
        assert size is not None
        assert min(size["width"], size["height"]) >= LEAST_TARGET_PX, button.inner_text()


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_the_page_is_as_light_or_dark_as_the_system(
    host: Host, open_page: OpenPage, scheme: str, is_dark: bool
) -> None:
    page = open_page(host.url, color_scheme=scheme)
    expect(page.locator("#empty h2")).to_be_visible()

    ground, ink = page.evaluate(
        """() => {
            const style = getComputedStyle(document.documentElement);
            const parts = colour => colour.match(/[0-9]+/g).slice(0, 3).map(Number);
            const sum = colour => parts(colour).reduce((all, one) => all + one, 0);
            return [sum(style.backgroundColor), sum(style.color)];
        }"""
    )
    assert (ground < ink) is is_dark


def test_nothing_moves_for_those_who_ask_for_that(host: Host, open_page: OpenPage) -> None:
    host.add(photo("cat.jpg"))
    page = open_page(host.url, reduced_motion="reduce")
    expect(page.locator(".tile img.loaded")).to_have_count(1)

    expect(page.locator(".tile img")).to_have_css("transition-duration", "0s")
    page.locator(".tile").evaluate("tile => tile.classList.add('new')")
    expect(page.locator(".tile")).to_have_css("animation-name", "none")


def test_the_focus_is_seen(host: Host, open_page: OpenPage) -> None:
    host.add(photo("cat.jpg"))
    page = open_page(host.url)
    expect(page.locator(".tile img.loaded")).to_have_count(1)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the photos")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.locator(".photo")).to_be_focused()
    expect(page.locator(".photo")).to_have_css("outline-style", "solid")
