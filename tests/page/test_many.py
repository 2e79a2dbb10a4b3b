"""Ten thousand photos, scrolled through to the last."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, expect

from query_api.http.messages import Response
from tests.page.conftest import OpenPage
from tests.page.host import Host, picture, serve
from tests.query_api.gateways import Event

MANY = 10_000


@dataclass
class FullHost(Host):
    """Answers lists by counting: a table in memory would take minutes over so many pages."""

    many: int = 150

    def reply(self, event: Event) -> dict[str, Any]:
        asked = parse_qs(event["rawQueryString"])
        if event["rawPath"] != "/images" or "limit" not in asked:
            return super().reply(event)
        first, limit = int(asked.get("cursor", ["0"])[0]), int(asked["limit"][0])
        images = [self._summary(number) for number in range(first, min(first + limit, self.many))]
        cursor = str(first + limit) if first + limit < self.many else None
        return Response(200, {"images": images, "cursor": cursor}).to_event()

    def _summary(self, number: int) -> dict[str, Any]:
        return {
            "key": f"{number:05}.jpg",
            "status": "recognized",
            "uploaded_at": "2026-11-23T12:00:00.000Z",
            "decided_at": "2026-11-23T12:00:01.000Z",
            "size_bytes": 1234,
            "labels": [{"name": "Cat", "confidence": 90.0, "parent": False}],
            "faces": None,
            "moderation": [],
            "words": [],
            "rejection": None,
            "url": f"{self.bucket_url}/all-alike.jpg?signed=1",
            "thumbnail_url": None,
            "view_url": None,
            "photo": None,
        }


@pytest.fixture
def full() -> Iterator[FullHost]:
    with ExitStack() as stack:
        yield serve(FullHost(plain=picture("steelblue", 64, 48)), stack)


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


@pytest.mark.parametrize("count", [150, 1_000, pytest.param(MANY, marks=pytest.mark.nightly)])
def test_every_photo_comes_once_by_scrolling(full: FullHost, open_page: OpenPage, count: int) -> None:
    full.many = count
    # A small window, for the browser has no graphics card here and paints every photo it passes.
    page = open_page(full.url, width=480, height=320)
    expect(page.locator(".tile img.loaded").first).to_be_visible()

    scroll_to_the_end(page, count)

    keys = page.evaluate(
        "() => [...document.querySelectorAll('.caption-name')].map(name => name.textContent)"
    )
    assert keys == [f"{number:05}.jpg" for number in range(count)]
    asked = [address for _, address in full.asked if "/images?" in address]
    assert len(asked) == len(set(asked)) == 1 + -(-(count - 60) // 100), "each page is asked for once"
    expect(page.locator(".tile").last.locator("img.loaded")).to_be_visible()


def test_photos_far_below_are_not_loaded(full: FullHost, open_page: OpenPage) -> None:
    page = open_page(full.url)
    expect(page.locator(".tile img.loaded").first).to_be_visible()

    asked = [address for _, address in full.asked if "/images?" in address]
    assert len(asked) == 1
    assert page.locator(".tile").count() == 60


def test_nothing_moves_when_a_photo_arrives(full: FullHost, open_page: OpenPage) -> None:
    page = open_page(full.url)
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
