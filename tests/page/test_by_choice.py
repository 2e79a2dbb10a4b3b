"""Filters by what few deployments look for are there where photos have it, and nowhere else."""

from dataclasses import replace

from playwright.sync_api import expect

from contract.records import Findings
from tests.page.album import Album
from tests.page.conftest import OpenPage
from tests.page.host import photo

FOUND = {
    "sea.jpg": Findings(colors=("blue", "white"), celebrities={"Ada <b>Lovelace</b>": 98.0}),
    "site.jpg": Findings(colors=("yellow",), equipment=("head_cover",)),
    "plain.jpg": Findings(labels={"Cat": 97.0}),
}


def test_what_photos_of_the_answer_have_can_be_asked_for(album: Album, open_page: OpenPage) -> None:
    for second, (key, findings) in enumerate(FOUND.items()):
        album.add(replace(photo(key, second=second), findings=findings))
    page = open_page(album.url)
    page.get_by_text("More filters").click()
    panel = page.locator("#more-panel")
    colors = panel.get_by_label("Colour")
    expect(colors.locator("option")).to_have_text(["any", "blue", "white", "yellow"])

    colors.select_option("blue")

    expect(page.locator(".caption-name")).to_have_text(["sea.jpg"])
    expect(page.locator(".chip-text")).to_have_text(["blue"])
    expect(colors.locator("option")).to_have_text(["any", "blue", "white"])
    expect(panel.get_by_label("Somebody wears")).to_be_hidden()
    assert album.questions[-1]["color"] == "blue"

    panel.get_by_label("Celebrity").select_option("Ada <b>Lovelace</b>")
    expect(page.locator(".chip-text")).to_have_text(["blue", "with Ada <b>Lovelace</b>"])
    colors.select_option("any")
    expect(page.locator(".chip-text")).to_have_text(["with Ada <b>Lovelace</b>"])

    page.goto(f"{album.url}?equipment=head_cover")
    expect(page.locator(".caption-name")).to_have_text(["site.jpg"])
    expect(page.locator(".chip-text")).to_have_text(["wears head cover"])


def test_where_no_photo_has_any_there_is_no_such_filter(album: Album, open_page: OpenPage) -> None:
    album.add(photo("cat.jpg", labels={"Cat": 97.0}))
    page = open_page(album.url)
    expect(page.locator(".tile")).to_have_count(1)
    page.get_by_text("More filters").click()

    expect(page.locator("#more-panel").get_by_label("Flagged as")).to_be_visible()
    for name in ("Colour", "Celebrity", "Somebody wears"):
        expect(page.locator("#more-panel").get_by_label(name)).to_be_hidden()
