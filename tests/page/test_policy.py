"""What a policy asks to do with photos is seen on the page; what it hides is not there."""

import pytest
from playwright.sync_api import expect

from contract.policy import Policy
from tests.page.album import Album
from tests.page.conftest import OpenPage
from tests.page.host import photo

POLICY = Policy.of({"hidden": ["Weapon"], "moderation": {"Violence": {"review": 60, "block": 90}}})


@pytest.fixture
def moderated(album: Album) -> Album:
    album.policy = POLICY
    found = {"blocked.jpg": 95.0, "doubtful.jpg": 70.0, "harmless.jpg": 45.0}
    for second, (key, confidence) in enumerate(found.items()):
        labels = {"Cat": 97.0, "Weapon": 99.0}
        categories = {"Violence": confidence}
        album.add(photo(key, second=second, labels=labels, moderation=categories), {"moderation": {}})
    return album


def test_photos_to_review_are_marked_and_listed(moderated: Album, open_page: OpenPage) -> None:
    page = open_page(moderated.url)
    expect(page.locator(".caption-action")).to_have_text(["to review", "blocked"])
    assert "Weapon" not in (page.text_content("body") or "")

    page.get_by_text("More filters").click()
    page.locator("#more-panel").get_by_label("Policy").select_option("to review")

    expect(page.locator(".caption-name")).to_have_text(["doubtful.jpg"])
    expect(page.locator(".chip-text")).to_have_text(["to review"])
    assert page.url == f"{moderated.url}?moderation_action=review"
    assert moderated.questions[-1]["moderation_action"] == "review"


def test_where_there_is_no_policy_nothing_is_asked_of_it(album: Album, open_page: OpenPage) -> None:
    album.add(photo("cat.jpg", labels={"Cat": 97.0}))
    page = open_page(album.url)
    page.get_by_text("More filters").click()

    expect(page.locator("#more-panel").get_by_label("Flagged as")).to_be_visible()
    expect(page.locator("#more-panel").get_by_label("Policy")).to_have_count(0)
    expect(page.locator(".caption-action")).to_have_count(0)
