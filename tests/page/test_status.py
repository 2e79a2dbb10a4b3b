"""The page for operators: figures, failed photos with their reason, and the button that sends them back."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from contract.metrics import Metric
from contract.quotas import BudgetItem
from contract.records import ImageRecord, Rejection, Unreadable
from query_api.endpoints.page import DIRECTORY
from query_api.http.messages import Request
from tests.fakes.sqs import DEAD_LETTERS, IMAGES
from tests.page.conftest import OpenPage
from tests.page.host import Host, photo, serve
from tests.page.test_strangers import MARKUP
from tests.query_api import photos
from tests.query_api.gateways import Event
from tests.query_api.operators import OperatorSite


def rejected(key: str, code: str, message: str) -> ImageRecord:
    return replace(photos.rejected(key), rejection=Rejection(code, message))


OPERATORS = ("/pipeline", "/failures", "/retries")


@dataclass
class OperatedHost(Host):
    """A host with a page for operators, whose questions another function answers."""

    operator: bool = True
    site: OperatorSite = field(default_factory=OperatorSite)

    @property
    def status_url(self) -> str:
        return f"{self.url}status"

    def reply(self, event: Event) -> dict[str, Any]:
        if event["rawPath"] not in OPERATORS:
            return super().reply(event)
        return self.site.respond(Request.from_event(event)).to_event()


@pytest.fixture
def operated() -> Iterator[OperatedHost]:
    with ExitStack() as stack:
        yield serve(OperatedHost(), stack)


def causes(page: Page) -> Any:
    return page.locator(".cause")


def test_how_things_stand_is_shown_in_figures(operated: OperatedHost, open_page: OpenPage) -> None:
    operated.site.today = {Metric.CALLS_MADE: 1234, Metric.IMAGES_RECOGNIZED: 99}
    operated.site.budgets = {
        "DetectLabels": BudgetItem(daily_limit=2000, calls_day="2026-01-01", day_calls=2000)
    }
    operated.site.queues.put(IMAGES, "x")
    page = open_page(operated.status_url)

    expect(page.locator("#lanes tbody tr").first).to_have_text("Live100")
    expect(page.locator(".today .first dd")).to_have_text("$1.23")
    expect(page.locator("#today")).to_contain_text("recognized99")
    expect(page.locator(".quota-note")).to_contain_text("2,000 of 2,000 calls allowed today; none is left")
    expect(page.locator("#failed-said")).to_have_text("None: nothing was given up.")
    expect(page.locator("#rejected-said")).to_have_text("None: every photo could be read.")
    assert "/failures" not in operated.paths()


def test_a_rate_is_told_by_the_calls_between_two_looks(operated: OperatedHost, open_page: OpenPage) -> None:
    operated.site.queues.put(IMAGES, "x")
    operated.site.budgets = {"DetectLabels": BudgetItem(calls_day="2026-01-01", day_calls=100)}
    page = open_page(operated.status_url)
    expect(page.locator(".quota")).to_contain_text("50 a second")

    operated.site.queues.now += 10
    operated.site.budgets = {"DetectLabels": BudgetItem(calls_day="2026-01-01", day_calls=350)}

    expect(page.locator(".quota")).to_contain_text("25.0 of 50 a second")
    expect(page.get_by_role("meter")).to_have_attribute("aria-valuenow", "50")


def test_failed_photos_stand_below_their_cause_and_one_is_sent_back_by_keyboard(
    operated: OperatedHost, open_page: OpenPage
) -> None:
    for number in range(3):
        operated.site.bury(f"{number}.jpg")
    operated.site.bury("slow.jpg", code="Throttled")
    page = open_page(operated.status_url)
    expect(causes(page)).to_have_count(2)
    expect(page.get_by_role("region", name="transient/InternalServerError/labels")).to_contain_text(
        "3 dead letters, images"
    )

    page.get_by_role("button", name="Retry 1.jpg").focus()
    page.keyboard.press("Enter")

    expect(causes(page).first.locator("> .said")).to_contain_text("1 sent back")
    expect(page.get_by_role("button", name="Retry 1.jpg")).to_have_count(0)
    (sent,) = operated.site.queues.bodies(IMAGES)
    assert "1.jpg" in sent
    expect(page.locator("#lanes tbody tr").first).to_contain_text("Live")
    expect(page.locator("#lanes tbody tr").first.locator("td").last).to_have_text("3")


def test_all_of_a_cause_are_sent_back_and_the_others_stay(
    operated: OperatedHost, open_page: OpenPage
) -> None:
    for number in range(3):
        operated.site.bury(f"{number}.jpg")
    operated.site.bury("slow.jpg", code="Throttled")
    page = open_page(operated.status_url)

    page.get_by_role("button", name="Retry all 3").click()

    expect(causes(page).first.locator("> .said")).to_contain_text("3 sent back")
    expect(causes(page).first.locator("li")).to_have_count(0)
    assert len(operated.site.queues.bodies(IMAGES)) == 3
    page.get_by_role("button", name="Read again").click()
    expect(causes(page)).to_have_count(1)
    expect(causes(page)).to_contain_text("Throttled")


def test_a_double_click_asks_once(operated: OperatedHost, open_page: OpenPage) -> None:
    operated.site.bury("a.jpg")
    page = open_page(operated.status_url)

    page.get_by_role("button", name="Retry", exact=True).dblclick()

    expect(causes(page).locator("> .said")).to_contain_text("1 sent back")
    assert operated.paths().count("/retries") == 1


def test_what_somebody_else_sent_back_meanwhile_is_told_so(
    operated: OperatedHost, open_page: OpenPage
) -> None:
    operated.site.bury("a.jpg")
    page = open_page(operated.status_url)
    expect(causes(page)).to_have_count(1)
    operated.site.queues.take_all(DEAD_LETTERS)

    page.get_by_role("button", name="Retry", exact=True).click()

    expect(causes(page).locator("> .said")).to_contain_text("Nothing was there any more")


def test_what_cannot_be_read_has_no_button(operated: OperatedHost, open_page: OpenPage) -> None:
    operated.site.queues.put(DEAD_LETTERS, "no json")
    page = open_page(operated.status_url)

    expect(causes(page)).to_contain_text("Cannot be read")
    expect(causes(page).get_by_role("button")).to_have_count(0)


def test_rejected_photos_have_their_reason_and_a_button_where_it_may_pass(
    operated: OperatedHost, open_page: OpenPage
) -> None:
    operated.add(rejected("broken.jpg", "InvalidImageFormatException", "the file ends early"))
    operated.add(rejected("cold.jpg", Unreadable.ARCHIVED, "it is in GLACIER"))
    page = open_page(operated.status_url)
    rows = page.locator("#rejected li")
    expect(rows).to_have_count(2)
    expect(page.locator("#rejected")).to_contain_text("Invalid image format: the file ends early")
    expect(page.locator("#rejected").get_by_role("button")).to_have_count(1)

    page.get_by_role("button", name="Look again at cold.jpg").click()

    expect(page.locator("#rejected-said")).to_contain_text("1 sent back")
    assert operated.site.logged[0]["key"] == "cold.jpg"


def test_the_page_knows_which_rejections_may_pass() -> None:
    source = (DIRECTORY / "failures.js").read_text()

    assert all(f'"{code}"' in source for code in Unreadable)


def test_dead_letters_are_not_read_by_a_timer(operated: OperatedHost, open_page: OpenPage) -> None:
    operated.site.bury("a.jpg")
    operated.site.queues.put(IMAGES, "x")
    page = open_page(operated.status_url)
    expect(causes(page)).to_have_count(1)
    operated.site.bury("b.jpg")

    expect(page.locator("#failed-said")).to_have_text("There are 2 now, about.")

    assert operated.paths().count("/failures") == 1
    assert operated.paths().count("/pipeline") >= 2


def test_hostile_keys_and_reasons_are_text(operated: OperatedHost, open_page: OpenPage) -> None:
    operated.site.bury(f"{MARKUP}.jpg", code=MARKUP)
    operated.add(rejected(f"{MARKUP}.jpg", MARKUP, MARKUP))
    page = open_page(operated.status_url)

    expect(causes(page)).to_contain_text("onerror")
    expect(page.locator("#rejected")).to_contain_text("onerror")
    assert page.locator("img").count() == 0


def test_a_token_is_asked_for_and_one_that_may_not_retry_is_told_so(
    operated: OperatedHost, open_page: OpenPage
) -> None:
    operated.token = "right"
    operated.site.bury("a.jpg")
    page = open_page(operated.status_url)
    page.get_by_label("Access token").fill("right")
    page.get_by_role("button", name="Continue").click()
    expect(causes(page)).to_have_count(1)
    operated.token = "another"

    page.get_by_role("button", name="Retry", exact=True).click()

    expect(causes(page).locator("> .said")).to_have_text("Your token may not send back.")
    assert operated.site.queues.bodies(IMAGES) == []


def test_an_api_that_is_away_is_told_and_asked_again(operated: OperatedHost, open_page: OpenPage) -> None:
    operated.site.queues.put(IMAGES, "x")
    page = open_page(operated.status_url)
    expect(page.locator("#lanes tbody tr")).to_have_count(2)
    operated.is_down = True
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    operated.is_down = False

    page.get_by_role("button", name="Try now").click()

    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#status")).not_to_have_attribute("aria-busy", "true")


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window(
    operated: OperatedHost, open_page: OpenPage, width: int, scheme: str
) -> None:
    operated.site.bury("a-rather-long-name-without-any-place-to-break" * 6 + ".jpg", code="Long" * 30)
    operated.add(rejected("x" * 300, "InvalidImageFormatException", "y" * 300))
    page = open_page(operated.status_url, width=width, color_scheme=scheme)
    expect(causes(page)).to_have_count(1)
    expect(page.locator("#rejected li")).to_have_count(1)

    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_the_gallery_leads_to_it_where_the_deployment_has_it(
    operated: OperatedHost, host: Host, open_page: OpenPage
) -> None:
    operated.add(photo("dog.jpg", labels={"Dog": 99.0}))
    page = open_page(operated.url)
    page.get_by_role("link", name="Queue empty").click()
    expect(page.locator("#lanes")).to_be_visible()

    other = open_page(host.url)
    expect(other.locator(".stats .figure").first).to_be_visible()
    assert other.locator(".stats a").count() == 0


def test_it_has_no_address_where_the_deployment_has_none(host: Host) -> None:
    assert host.get("/status").status == 404
    assert host.get("/page/x/status.js").status == 404
