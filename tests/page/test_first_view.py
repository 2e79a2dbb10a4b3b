"""What a first view costs: requests, each of which is a Lambda's, and bytes on the wire. `-s` prints them."""

from collections import Counter
from typing import Any

from playwright.sync_api import Page, expect

from tests.page.conftest import OpenPage
from tests.page.host import Host, photo

# 60 photos fill the first page of the gallery.
PHOTOS = 60
LABELS = dict.fromkeys(("Animal", "Bird", "Grass", "Outdoors", "Nature", "Plant", "Beak", "Owl"), 99.0)


class Traffic:
    """What came from the API, by the kind of what was asked for."""

    def __init__(self, page: Page, host: Host) -> None:
        self.host = host
        self.requests: Counter[str] = Counter()
        self.wire_bytes: Counter[str] = Counter()
        self._kinds: dict[str, str] = {}
        wire = page.context.new_cdp_session(page)
        wire.on("Network.requestWillBeSent", self._asked)
        wire.on("Network.loadingFinished", self._answered)
        wire.send("Network.enable")

    def _asked(self, event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith(self.host.url):
            path = event["request"]["url"].removeprefix(self.host.url).partition("?")[0]
            is_asset = event["type"] in {"Document", "Script", "Stylesheet", "Other"}
            kind = self._kinds[event["requestId"]] = event["type"].lower() if is_asset else path
            self.requests[kind] += 1

    def _answered(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self._kinds:
            self.wire_bytes[self._kinds[event["requestId"]]] += int(event["encodedDataLength"])


def viewed(host: Host, page: Page) -> Traffic:
    """Open the page, and look at what came until its photos and figures were there."""
    traffic = Traffic(page, host)
    page.goto(host.url)
    expect(page.locator(".tile")).to_have_count(PHOTOS)
    expect(page.locator("#stats")).to_be_visible()
    expect(page.locator(".tile img.loaded").first).to_be_visible()
    return traffic


def test_a_first_view_is_six_requests_and_few_bytes(host: Host, open_page: OpenPage) -> None:
    for number in range(PHOTOS):
        host.add(photo(f"photos/2026/{number:04}.jpg", second=number, labels=LABELS))
    page = open_page("about:blank")

    first = viewed(host, page)
    page.close()
    again = viewed(host, page.context.new_page())

    for name, traffic in (("first", first), ("again", again)):
        total = (sum(traffic.requests.values()), sum(traffic.wire_bytes.values()))
        print(f"\n{name}: {total[0]} requests, {total[1]:,} bytes {dict(traffic.wire_bytes)}")
    icon = first.requests.pop("other", 0)
    assert icon <= 1, "some browsers of tests draw no icon"
    assert first.requests == {"document": 1, "script": 1, "stylesheet": 1, "images": 1, "stats": 1}
    assert sum(first.wire_bytes.values()) < 48_000
    assert sum(again.wire_bytes.values()) < 10_000, "script and style are kept"
