"""Deciding about photos to review, by one key each; what was decided is said, and taken back."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Page, expect

from contract.corrections import NONE, corrections_key
from contract.edits import Edit
from contract.policy import Policy
from contract.records import Findings
from tests.page.conftest import OpenPage
from tests.page.host import photo, serve
from tests.page.test_corrections import AT, CorrectedHost
from tests.query_api.photos import commit

POLICY = Policy.of({"moderation": {"Violence": {"review": 60, "block": 90}}})
FOUND = Findings(labels={"Dog": 97.0}, moderation={"Violence": 70.0})


@dataclass
class ReviewedHost(CorrectedHost):
    """Has photos to review."""

    policy: Policy | None = POLICY

    def make_anew(self, key: str) -> None:
        record = self.record(key)
        assert record is not None
        said = self.standing(record.content_id)
        decision = None if said.decision is None else str(said.decision)
        commit(self.table, replace(record, corrections=said.number, decision=decision, stored_revision=None))

    def decisions(self) -> dict[str, str | None]:
        keys = ("1.jpg", "2.jpg", "3.jpg")
        return {key: self.standing(photo(key).content_id).decision for key in keys}


@pytest.fixture
def reviewed() -> Iterator[ReviewedHost]:
    with ExitStack() as stack:
        host = serve(ReviewedHost(), stack)
        for second in (1, 2, 3):
            detectors = {"labels": "f1", "moderation": "f1"}
            record = photo(f"{second}.jpg", second=4 - second, detectors=detectors)
            commit(host.table, replace(record, findings=FOUND))
        yield host


def opened(open_page: OpenPage, host: ReviewedHost, **window: object) -> Page:
    page = open_page(f"{host.url}?moderation_action=review", **window)
    expect(page.locator(".caption-name")).to_have_text(["1.jpg", "2.jpg", "3.jpg"])
    page.locator(".tile .photo").first.press("Enter")
    return page


def test_a_queue_is_worked_through_with_the_keyboard_alone(
    reviewed: ReviewedHost, open_page: OpenPage
) -> None:
    page = opened(open_page, reviewed)
    expect(page.locator(".decided")).to_have_text("Nobody has decided. By the policy: to review.")

    page.keyboard.press("s")
    expect(page.locator("#viewer .veil")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.locator(".viewer-told")).to_have_text("Allowed.")
    expect(page.locator(".decided")).to_contain_text("Allowed by anonymous, Nov 27, 2026")
    page.keyboard.press("n")
    # Before what is known of it has been read: it is not lost.
    page.keyboard.press("b")
    expect(page.locator(".viewer-told")).to_have_text("Blocked.")
    expect(page.get_by_role("button", name="Block", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("b")
    expect(page.locator(".viewer-told")).to_have_text("Blocked.")
    page.keyboard.press("u")
    expect(page.locator(".viewer-told")).to_have_text("Taken back: the policy decides.")

    assert reviewed.decisions() == {"1.jpg": "allow", "2.jpg": "block", "3.jpg": None}
    page.keyboard.press("Escape")
    expect(page.locator(".caption-action")).to_have_text(["blocked", "to review"])
    # Closing goes a step back in the history, which a reload in the middle of it would break off.
    page.wait_for_function("() => !history.state?.viewer")
    page.reload()
    expect(page.locator(".caption-name")).to_have_text(["3.jpg"])


def test_what_somebody_else_decided_is_said_and_stands_again_when_mine_is_taken_back(
    reviewed: ReviewedHost, open_page: OpenPage
) -> None:
    content_id = photo("1.jpg").content_id
    by_ben = NONE.edited(Edit(decision="block", why="too close"), "ben", AT)
    reviewed.table.put(corrections_key(content_id), by_ben.to_item())
    page = opened(open_page, reviewed)
    expect(page.locator(".decided")).to_contain_text("Blocked by ben, Nov 27, 2026")
    expect(page.locator(".decided")).to_contain_text(": too close")

    page.get_by_label("Why", exact=True).fill("it is bread")
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.locator(".decided")).to_contain_text("Allowed by anonymous")
    expect(page.locator(".decided")).to_contain_text(": it is bread")
    expect(page.get_by_label("Why", exact=True)).to_have_value("")
    expect(page.get_by_role("button", name="Allow", exact=True)).to_be_focused()

    page.keyboard.press("u")
    expect(page.locator(".viewer-told")).to_have_text("Taken back: blocked, as before.")
    assert reviewed.standing(content_id).decision == "block"


def test_letters_that_are_typed_decide_nothing(reviewed: ReviewedHost, open_page: OpenPage) -> None:
    page = opened(open_page, reviewed)
    for label in ("Why", "Add a label"):
        page.get_by_label(label, exact=True).press_sequentially("banu")
    page.get_by_role("button", name="Close", exact=True).focus()
    page.keyboard.press("u")

    expect(page.locator(".viewer-told")).to_have_text("Nothing is decided about this photo.")
    assert set(reviewed.decisions().values()) == {None}


def test_what_is_refused_is_said_and_what_was_typed_stays(
    reviewed: ReviewedHost, open_page: OpenPage
) -> None:
    page = opened(open_page, reviewed)
    page.get_by_label("Why", exact=True).fill("it is bread")
    reviewed.is_down = True

    page.get_by_role("button", name="Allow", exact=True).click()

    expect(page.locator(".viewer-told")).to_have_text("The API does not answer.")
    expect(page.get_by_label("Why", exact=True)).to_have_value("it is bread")
    expect(page.locator(".decided")).to_have_text("Nobody has decided. By the policy: to review.")


def test_what_somebody_else_decided_meanwhile_is_shown_and_not_undone(
    reviewed: ReviewedHost, open_page: OpenPage
) -> None:
    page = opened(open_page, reviewed)
    expect(page.locator(".decided")).to_be_visible()
    content_id = photo("1.jpg").content_id
    by_ben = NONE.edited(Edit(decision="block"), "ben", AT)
    reviewed.table.put(corrections_key(content_id), by_ben.to_item())

    page.keyboard.press("a")

    expect(page.locator(".viewer-told")).to_contain_text("Somebody else has corrected this photo meanwhile")
    expect(page.locator(".decided")).to_contain_text("Blocked by ben")
    assert reviewed.standing(content_id).number == 1


@pytest.mark.parametrize("lacking", [{"corrections": False}, {"policy": None}])
def test_where_nobody_decides_no_key_does(
    reviewed: ReviewedHost, open_page: OpenPage, lacking: dict[str, bool | None]
) -> None:
    for name, value in lacking.items():
        setattr(reviewed, name, value)
    page = open_page(reviewed.url)
    page.locator(".tile .photo").first.press("Enter")
    expect(page.locator(".about")).to_be_visible()

    page.keyboard.press("a")

    expect(page.locator(".decide")).to_have_count(0)
    assert set(reviewed.decisions().values()) == {None}


def test_there_is_room_for_it_on_a_phone(reviewed: ReviewedHost, open_page: OpenPage) -> None:
    page = opened(open_page, reviewed, width=360, height=640)

    page.get_by_role("button", name="Take back", exact=True).scroll_into_view_if_needed()
    assert page.evaluate("document.querySelector('.decide').scrollWidth <= innerWidth")
