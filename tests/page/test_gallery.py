"""Looking for photos, and looking at them."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.conftest import OpenPage
from tests.page.host import Host, box, photo
from tests.query_api.photos import rejected

FACES = {"FaceDetails": [{"BoundingBox": box(0.4, 0.1, 0.3, 0.4), "Confidence": 99.0}]}
DOG: dict[str, Any] = {
    "labels": {
        "Labels": [
            {
                "Name": "Dog",
                "Confidence": 97.0,
                "Parents": [{"Name": "Animal"}],
                "Instances": [{"BoundingBox": box(0.25, 0.5, 0.5, 0.25), "Confidence": 96.0}],
            },
            {"Name": "Animal", "Confidence": 97.0, "Parents": [], "Instances": []},
        ]
    },
    "faces": FACES,
}


@pytest.fixture(autouse=True)
def _zoo(host: Host) -> None:
    host.add(photo("zoo/cat.jpg", second=1, labels={"Cat": 90.0, "Animal": 91.0}, parents=["Animal"]))
    host.add(photo("zoo/dog.jpg", second=2, labels={"Dog": 97.0, "Animal": 97.0}, parents=["Animal"]), DOG)
    host.add(photo("street/car.jpg", second=3, labels={"Car": 75.0}, faces=2, words=["stop"]))
    host.add(rejected("zoo/broken.jpg", second=4))
    host.counts.by_label = {"Animal": 2, "Dog": 1, "Cat": 1, "Car": 1}
    host.counts.by_status = {"recognized": 3, "rejected": 1}


def names(page: Page) -> list[str]:
    return page.locator(".tile .caption-name").all_inner_texts()


def expect_names(page: Page, *wanted: str) -> None:
    expect(page.locator(".tile .caption-name")).to_have_text(list(wanted))


def test_photos_are_shown_newest_first_without_those_that_were_rejected(
    host: Host, open_page: OpenPage
) -> None:
    page = open_page(host.url)

    expect_names(page, "car.jpg", "dog.jpg", "cat.jpg")
    expect(page.locator(".tile img.loaded")).to_have_count(3)
    expect(page.get_by_role("radio", name="Recognized")).to_be_checked()
    expect(page.locator(".segment .count")).to_have_text(["3", "1"])


def test_pages_that_end_early_are_followed_until_the_screen_is_full_or_the_end_is_there(
    host: Host, open_page: OpenPage
) -> None:
    for second in range(10, 1300):
        host.add(photo(f"{second}.jpg", second=second, labels={"Bird": 90.0}))

    page = open_page(f"{host.url}?not_label=Bird")

    expect_names(page, "car.jpg", "dog.jpg", "cat.jpg")
    expect(page.locator("#found")).to_have_text("3 photos found")
    expect(page.locator("#empty")).to_be_hidden()
    lists = [path for _, path in host.asked if "/images?" in path and "limit=10&" not in f"{path}&"]
    assert len(lists) == 3, "of at most 500 photos each"


def test_a_search_that_finds_nothing_yet_says_how_far_it_has_come(host: Host, open_page: OpenPage) -> None:
    for second in range(10, 600):
        host.add(photo(f"{second}.jpg", second=second, labels={"Bird": 90.0}))
    page = open_page("about:blank")
    page.route("**/images?*cursor=*", lambda route: None)

    page.goto(f"{host.url}?not_label=Bird")

    expect(page.locator("#found")).to_have_text("0 photos found so far; 500 more looked at, and looking on")
    expect(page.locator("#empty")).to_be_hidden()


def test_a_label_is_suggested_with_its_count_and_leads_to_its_photos(host: Host, open_page: OpenPage) -> None:
    page = open_page(host.url)
    search = page.get_by_label("Search by label")
    search.press_sequentially("a")
    option = page.get_by_role("option", name="Animal")
    expect(option).to_contain_text("2")

    search.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(search).to_have_attribute("aria-activedescendant", option.get_attribute("id") or "")
    search.press("Enter")

    expect_names(page, "dog.jpg", "cat.jpg")
    assert page.url == f"{host.url}?label=Animal"
    assert page.title() == "Animal · imagepipe"


def test_suggestions_that_come_late_leave_the_one_that_was_chosen(host: Host, open_page: OpenPage) -> None:
    page = open_page(host.url)
    search = page.get_by_label("Search by label")
    option = page.get_by_role("option", name="Animal")
    search.focus()
    expect(option).to_be_visible()
    held: list[Route] = []
    page.route("**/labels?prefix=a&*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    with page.expect_request("**/labels?prefix=a&*"):
        search.press_sequentially("a")
    search.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")

    held[0].continue_()

    expect(page.get_by_role("option", name="key begins with")).to_be_visible()
    expect(option).to_have_attribute("aria-selected", "true")
    expect(search).to_have_attribute("aria-activedescendant", option.get_attribute("id") or "")


def test_filters_add_up_are_taken_away_and_are_gone_back_to(host: Host, open_page: OpenPage) -> None:
    page = open_page(f"{host.url}?label=animal")
    expect_names(page, "dog.jpg", "cat.jpg")

    page.get_by_label("Search by label").fill("-dog")
    page.get_by_label("Search by label").press("Enter")
    expect_names(page, "cat.jpg")
    assert page.url == f"{host.url}?label=animal&not_label=dog"

    page.go_back()
    expect_names(page, "dog.jpg", "cat.jpg")
    page.go_forward()
    expect_names(page, "cat.jpg")
    page.get_by_role("button", name="Remove filter: animal").click()
    expect_names(page, "car.jpg", "cat.jpg")
    page.get_by_role("button", name="not dog", exact=True).click()
    expect_names(page, "dog.jpg")
    assert page.url == f"{host.url}?label=dog"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?label=Animal&min_confidence=95", ["dog.jpg"]),
        ("?min_faces=1", ["car.jpg"]),
        ("?text=Stop", ["car.jpg"]),
        ("?prefix=street/", ["car.jpg"]),
        ("?order=oldest", ["cat.jpg", "dog.jpg", "car.jpg"]),
        ("?label=animal&order=confidence", ["dog.jpg", "cat.jpg"]),
        ("?label=Animal&include_parents=false", []),
        ("?any_label=cat&any_label=car", ["car.jpg", "cat.jpg"]),
    ],
)
def test_an_address_holds_all_that_was_asked(
    host: Host, open_page: OpenPage, query: str, found: list[str]
) -> None:
    page = open_page(host.url + query)

    expect_names(page, *found)
    if not found:
        expect(page.get_by_role("heading", name="No photo is like this")).to_be_visible()


def test_the_slider_leaves_out_what_is_less_sure(host: Host, open_page: OpenPage) -> None:
    page = open_page(f"{host.url}?label=Animal")
    expect_names(page, "dog.jpg", "cat.jpg")

    slider = page.get_by_role("slider", name="Confidence")
    slider.press("End")

    expect_names(page, "dog.jpg")
    expect(page.get_by_text("at least 95 % sure")).to_be_visible()
    assert "min_confidence=95" in page.url


def test_rejected_photos_come_with_their_reason(host: Host, open_page: OpenPage) -> None:
    page = open_page(f"{host.url}?label=Dog")
    expect_names(page, "dog.jpg")

    page.get_by_role("radio", name="Rejected").check()

    expect_names(page, "broken.jpg")
    expect(page.locator(".rejection")).to_contain_text("Invalid image format")
    expect(page.locator(".rejection")).to_contain_text("broken.jpg is no image")
    assert page.url == f"{host.url}?status=rejected"


def test_boxes_lie_where_they_were_found_on_a_photo_that_is_cut_off(host: Host, open_page: OpenPage) -> None:
    page = open_page(f"{host.url}?label=Dog")
    expect(page.locator(".tile img.loaded")).to_have_count(1)

    page.locator(".photo").hover()

    label = page.locator(".box.label")
    expect(label).to_have_count(1)
    frame, place = page.locator(".photo").bounding_box(), label.bounding_box()
    assert frame is not None
    assert place is not None
    # 400 by 300 in a square: a sixth of its height is cut off on the left, and on the right.
    assert place["y"] - frame["y"] == pytest.approx(frame["height"] * 0.5, abs=1.5)
    assert place["x"] - frame["x"] == pytest.approx(frame["width"] * (0.25 * 4 / 3 - 1 / 6), abs=1.5)
    assert place["width"] == pytest.approx(frame["width"] * 0.5 * 4 / 3, abs=1.5)
    expect(label).to_have_text("Dog 96 %")
    expect(page.locator(".box.face")).to_have_count(1)
    colours = [
        each.evaluate("box => getComputedStyle(box).borderTopColor")
        for each in (label, page.locator(".box.face"))
    ]
    assert colours[0] != colours[1]

    page.get_by_label("Search by label").hover()
    expect(page.locator(".box")).to_have_count(0)


def test_touch_shows_boxes(host: Host, open_page: OpenPage) -> None:
    page = open_page(f"{host.url}?label=Dog", width=390, height=844, has_touch=True, is_mobile=True)
    expect(page.locator(".tile img.loaded")).to_have_count(1)

    page.locator(".photo").tap()

    expect(page.locator(".viewer .box.label")).to_have_text("Dog 96 %")
    expect(page.locator(".viewer .box.face")).to_be_visible()


def test_everything_is_reached_by_keyboard(host: Host, open_page: OpenPage) -> None:
    page = open_page(host.url)
    photos = page.locator(".photo")
    expect(photos).to_have_count(3)

    photos.first.focus()
    page.keyboard.press("ArrowRight")
    expect(photos.nth(1)).to_be_focused()
    expect(page.locator(".tile .box.label")).to_have_count(1)
    page.keyboard.press("End")
    expect(photos.nth(2)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="zoo/dog.jpg")
    expect(dialog).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="zoo/cat.jpg")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(photos.nth(2)).to_be_focused()
    assert page.locator(".photo[tabindex='0']").count() == 1


def test_back_closes_the_large_view_and_leaves_the_gallery_as_it_was(host: Host, open_page: OpenPage) -> None:
    page = open_page(f"{host.url}?label=Animal")
    page.get_by_role("button", name="zoo/dog.jpg").click()
    expect(page.get_by_role("dialog")).to_be_visible()

    page.go_back()

    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url == f"{host.url}?label=Animal"
    page.get_by_role("button", name="zoo/dog.jpg").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_function("() => history.state === null")
    expect_names(page, "dog.jpg", "cat.jpg")


def test_a_label_of_a_photo_leads_to_others_like_it(host: Host, open_page: OpenPage) -> None:
    page = open_page(host.url)
    page.get_by_role("button", name="zoo/dog.jpg").click()

    page.get_by_role("dialog").get_by_role("button", name="Animal").click()

    expect_names(page, "dog.jpg", "cat.jpg")
    assert page.url == f"{host.url}?label=Animal"
