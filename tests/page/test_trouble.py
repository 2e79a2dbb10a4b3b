"""The API away, closed, or slow to forget; addresses that expire; nothing there."""

import pytest
from playwright.sync_api import expect

from aws.queue_depths import QueueDepth
from query_api.ports import Backlog
from tests.page.conftest import OpenPage
from tests.page.host import Host, photo


def test_without_photos_the_page_asks_for_some(host: Host, open_page: OpenPage) -> None:
    page = open_page(host.url)

    expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()
    with page.expect_file_chooser() as chosen:
        page.locator("#empty").get_by_role("button", name="Add photos").click()
    assert chosen.value.is_multiple()


def test_nothing_rejected_is_good_news(host: Host, open_page: OpenPage) -> None:
    page = open_page(f"{host.url}?status=rejected")

    expect(page.get_by_role("heading", name="Nothing was rejected")).to_be_visible()


def test_a_page_that_finds_nothing_offers_to_forget_the_filters(host: Host, open_page: OpenPage) -> None:
    host.add(photo("cat.jpg"))
    page = open_page(f"{host.url}?label=Unicorn")
    expect(page.get_by_role("heading", name="No photo is like this")).to_be_visible()

    page.get_by_role("button", name="Clear all").click()

    expect(page.locator(".tile")).to_have_count(1)
    assert page.url == host.url


def test_when_the_api_is_away_the_page_says_so_and_comes_back_by_itself(
    host: Host, open_page: OpenPage
) -> None:
    host.add(photo("cat.jpg"))
    page = open_page(host.url)
    expect(page.locator(".tile")).to_have_count(1)
    host.is_down = True
    page.get_by_label("Search by label").fill("Dog")
    page.get_by_label("Search by label").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The API does not answer.")
    expect(page.locator(".tile"), "what is there stays").to_have_count(1)

    host.is_down = False

    expect(page.get_by_role("heading", name="No photo is like this")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_failure_of_the_table_is_told_in_the_apis_own_words(host: Host, open_page: OpenPage) -> None:
    host.table.failure = RuntimeError("a defect")
    page = open_page(host.url)

    expect(page.get_by_role("alert")).to_contain_text("The question met a defect")


def test_a_closed_api_is_opened_by_a_token_that_no_address_holds(host: Host, open_page: OpenPage) -> None:
    host.token = "a-secret"
    host.add(photo("cat.jpg"))
    page = open_page(host.url)
    field = page.get_by_label("Access token")
    expect(field).to_have_attribute("type", "password")
    field.fill("wrong")
    field.press("Enter")
    expect(page.locator(".notice")).to_contain_text("not accepted")

    field.fill("a-secret")
    field.press("Enter")

    expect(page.locator(".tile img.loaded")).to_have_count(1)
    expect(field).to_have_count(0)
    assert "Bearer a-secret" in host.tokens
    assert all("a-secret" not in address for _, address in host.asked)
    assert page.evaluate("() => [localStorage.length, document.cookie]") == [0, ""]
    page.reload()
    expect(page.locator(".tile img.loaded")).to_have_count(1)


def test_an_expired_address_of_a_photo_is_asked_for_anew_once(host: Host, open_page: OpenPage) -> None:
    host.add(photo("cat.jpg"))
    host.expired_before = 2
    page = open_page(host.url)

    expect(page.locator(".tile img.loaded")).to_have_count(1)
    assert host.signed == 2


def test_a_photo_that_is_gone_says_so_after_one_more_try(host: Host, open_page: OpenPage) -> None:
    host.add(photo("cat.jpg"))
    host.expired_before = 1000
    page = open_page(host.url)

    expect(page.locator(".tile.broken")).to_have_count(1)
    assert host.signed == 2


def test_queue_dead_letters_and_saved_calls_are_told(host: Host, open_page: OpenPage) -> None:
    host.counts.waiting = Backlog(QueueDepth(12, 3), QueueDepth(5, 0), 1)
    host.counts.by_day = {"2026-11-23": {"CallsMade": 10, "CallsAvoided": 40}}
    page = open_page(host.url)

    expect(page.locator("#stats")).to_contain_text("20 in the queue")
    expect(page.locator("#stats")).to_contain_text("1 dead letter")
    expect(page.locator("#stats")).to_contain_text("40 calls saved")


def test_photos_that_come_from_elsewhere_are_offered(host: Host, open_page: OpenPage) -> None:
    host.add(photo("cat.jpg", second=1))
    host.counts.by_status = {"recognized": 1}
    host.counts.waiting = Backlog(QueueDepth(1, 0), QueueDepth(0, 0), 0)
    page = open_page(host.url)
    expect(page.locator("#stats")).to_contain_text("1 in the queue")

    with host.lock:
        host.add(photo("dog.jpg", second=2))
        host.counts.by_status = {"recognized": 2}
    page.get_by_role("button", name="Show them").click()

    expect(page.locator(".caption-name")).to_have_text(["dog.jpg", "cat.jpg"])


def test_an_order_that_is_not_kept_is_not_offered_again(host: Host, open_page: OpenPage) -> None:
    host.confidence_order = False
    host.add(photo("cat.jpg", labels={"Cat": 90.0}))
    page = open_page(f"{host.url}?label=Cat")
    expect(page.locator(".tile")).to_have_count(1)

    page.get_by_label("Order").select_option("confidence")

    expect(page.get_by_label("Order")).to_have_value("")
    expect(page.get_by_label("Order").locator("option[value=confidence]")).to_have_count(0)
    expect(page.locator(".tile")).to_have_count(1)


@pytest.mark.parametrize("order", ["taken", "taken_oldest"])
def test_an_order_by_capture_where_no_file_is_read_is_that_by_upload(
    host: Host, open_page: OpenPage, order: str
) -> None:
    host.pictures = False
    host.add(photo("cat.jpg"))

    page = open_page(f"{host.url}?order={order}")

    expect(page.locator(".tile")).to_have_count(1)
    expect(page.locator("#notices")).to_be_empty()
    assert "order" not in page.url


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("?near=48.8,2.3,5", "near: this deployment tells no places (its setting keep_location)"),
        ("?near_duplicates_of=cat.jpg", "this deployment finds no near duplicates"),
    ],
)
def test_what_cannot_be_asked_here_says_why_and_can_be_taken_away(
    host: Host, open_page: OpenPage, address: str, said: str
) -> None:
    host.keep_location = False
    host.add(photo("cat.jpg"))
    page = open_page(f"{host.url}{address}&label=Cat")

    expect(page.locator("#empty")).to_contain_text("This cannot be asked here")
    expect(page.locator("#empty")).to_contain_text(said)
    page.get_by_role("button", name="Take it away").click()

    expect(page.locator(".chip-text")).to_have_count(1)
    expect(page.locator("#empty")).not_to_contain_text("cannot be asked")
