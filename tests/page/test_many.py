"""Ten thousand photos, scrolled through to the last."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import OpenPage
from tests.page.host import Host, photo, picture

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MANY = 10_000


def fill(host: Host, count: int) -> None:
    host.plain = picture("steelblue", 64, 48)
    for number in range(count):
        head = photo(f"{number:05}.jpg", labels={"Cat": 90.0})
        uploaded_at = (NOON + timedelta(seconds=number)).isoformat(timespec="milliseconds")
        version = replace(head.version, uploaded_at=uploaded_at.replace("+00:00", "Z"))
        host.add(replace(head, version=version, sequencer=f"{number:06}"))


def scroll_to_the_end(page: Page, count: int) -> None:
    page.evaluate(
        """count => new Promise(resolve => {
            const grid = document.getElementById("grid");
            const down = () => scrollTo(0, document.body.scrollHeight);
            const watcher = new MutationObserver(() => {
                if (grid.children.length >= count) { watcher.disconnect(); resolve(); }
                else requestAnimationFrame(down);
            });
            watcher.observe(grid, { childList: true });
            down();
        })""",
        count,
    )


@pytest.mark.parametrize("count", [150, MANY])
def test_every_photo_comes_once_by_scrolling(host: Host, open_page: OpenPage, count: int) -> None:
    fill(host, count)
    page = open_page(host.url)
    expect(page.locator(".tile img.loaded").first).to_be_visible()

    scroll_to_the_end(page, count)

    keys = page.evaluate("() => [...document.querySelectorAll('.caption-name')].map(name => name.textContent)")
    assert keys == [f"{number:05}.jpg" for number in reversed(range(count))]
    asked = [address for _, address in host.asked if "/images?" in address]
    assert len(asked) == -(-count // 60), "each page of 60 is asked for once"
    expect(page.locator(".tile").last.locator("img.loaded")).to_be_visible()


def test_photos_far_below_are_not_loaded(host: Host, open_page: OpenPage) -> None:
    fill(host, 150)
    page = open_page(host.url)
    expect(page.locator(".tile img.loaded").first).to_be_visible()

    asked = [address for _, address in host.asked if "/images?" in address]
    assert len(asked) == 1
    assert page.locator(".tile").count() == 60


def test_nothing_moves_when_a_photo_arrives(host: Host, open_page: OpenPage) -> None:
    fill(host, 30)
    page = open_page(host.url)
    expect(page.locator(".tile img.loaded").nth(10)).to_be_visible()

    shifts = page.evaluate(
        """() => new Promise(resolve => {
            new PerformanceObserver(list => resolve(list.getEntries()
                .filter(entry => entry.sources.some(source => source.node?.closest?.("#grid")))
                .reduce((sum, entry) => sum + entry.value, 0)))
                .observe({ type: "layout-shift", buffered: true });
            requestAnimationFrame(() => requestAnimationFrame(() => resolve(0)));
        })"""
    )
    assert shifts < 0.02
