"""Searching in one's own words: labels first, then by meaning, told apart; and what is like a photo."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from playwright.sync_api import Page, Route, expect

from contract.meaning import MEANING, VECTOR
from contract.results import Result, ResultName
from tests.page.album import Album
from tests.page.conftest import OpenPage
from tests.page.host import photo, serve
from tests.query_api.photos import commit, write_result
from tests.query_api.vectors import MADE, commit_meaning

MARKUP = "<img src=x onerror=\"document.title='taken'\">"
LABELLED, SIMILAR = "Labelled Dog", "Similar in meaning"


def add(album: Album, key: str, means: str, *, second: int = 0, **labels: float) -> None:
    commit_meaning(album.table, photo(key, second=second, labels=labels), means)


@pytest.fixture
def album() -> Iterator[Album]:
    with ExitStack() as stack:
        album = serve(Album(meaning=True), stack)
        add(album, "dog.jpg", "dog", Dog=97.0, second=1)
        add(album, "old dog.jpg", "dog", Dog=81.0)
        add(album, "wolf.jpg", "dog forest", Wolf=90.0, second=2)
        add(album, "sea.jpg", "sea beach", Sea=99.0, second=3)
        add(album, "holiday/beach.jpg", "beach dog sun", Beach=88.0, second=4)
        yield album


def search(page: Page, words: str) -> None:
    field = page.get_by_label("Search by label or in any words")
    field.fill(words)
    field.press("Enter")


def expect_shown(page: Page, *wanted: str) -> None:
    """Expect headings and photos as they stand, one after another."""
    expect(page.locator(".grid-line h2, .caption-name")).to_have_text(list(wanted))


def test_photos_with_the_label_come_first_then_those_that_mean_the_same(
    album: Album, open_page: OpenPage
) -> None:
    page = open_page(album.url)
    search(page, "dog")

    expect_shown(page, LABELLED, "dog.jpg", "old dog.jpg", SIMILAR, "wolf.jpg", "beach.jpg")
    assert page.url == f"{album.url}?like=dog"
    assert page.title() == "dog · imagepipe"
    expect(page.locator(".chip-text")).to_have_text(["like “dog”"])
    expect(page.locator("#found")).to_have_text("4 photos found")
    expect(page.get_by_label("Order")).to_be_hidden()
    expect(page.locator("#timeline")).to_be_hidden()
    page.go_back()
    expect(page.locator(".tile")).to_have_count(5)
    expect(page.locator(".grid-line")).to_have_count(0)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("DOGS", [LABELLED, "dog.jpg", "old dog.jpg"]),
        ("sea beach", [SIMILAR, "sea.jpg", "beach.jpg"]),
        ("forest", [SIMILAR, "wolf.jpg"]),
        ("a sea", ["Labelled Sea", "sea.jpg"]),
    ],
)
def test_words_are_labels_where_they_can_be(
    album: Album, open_page: OpenPage, words: str, wanted: list[str]
) -> None:
    page = open_page(album.url)
    search(page, words)

    expect_shown(page, *wanted)


def test_what_words_may_be_as_labels_is_asked_at_once(album: Album, open_page: OpenPage) -> None:
    page = open_page(album.url)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/images?*label=dogs+beach*", hold)
    with page.expect_request(lambda request: "label=dog&label=beach" in request.url):
        search(page, "dogs beach")

    (first,) = held
    first.continue_()
    expect(page.locator(".grid-line h2")).to_have_text(SIMILAR)


def test_every_other_condition_holds_for_both(album: Album, open_page: OpenPage) -> None:
    add(album, "holiday/dog.jpg", "dog", Dog=60.0)
    page = open_page(f"{album.url}?like=dog&prefix=holiday/")
    expect_shown(page, LABELLED, "dog.jpg", SIMILAR, "beach.jpg")

    search(page, "-beach")
    expect_shown(page, LABELLED, "dog.jpg")
    page.get_by_role("button", name="Remove filter: not beach").click()
    page.get_by_role("slider", name="Confidence").press("End")

    expect_shown(page, SIMILAR, "dog.jpg", "beach.jpg")
    assert page.url == f"{album.url}?min_confidence=95&prefix=holiday%2F&like=dog"


def test_how_well_photos_fit_is_said_on_demand_to_everybody(album: Album, open_page: OpenPage) -> None:
    page = open_page(f"{album.url}?like=dog")
    expect(page.locator(".tile")).to_have_count(4)
    expect(page.locator(".caption-distance")).to_have_count(0)
    toggle = page.get_by_role("button", name="Scores")
    expect(toggle).to_have_attribute("aria-pressed", "false")

    toggle.press("Enter")

    expect(toggle).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".caption-distance").nth(1)).to_have_text("Dog 81 %")
    expect(page.locator(".caption-distance").nth(2)).to_contain_text("similarity 0.7")
    expect(page.get_by_role("button", name="wolf.jpg: Wolf 90 %, similarity 0.7")).to_be_visible()
    toggle.press("Enter")
    expect(page.locator(".caption-distance")).to_have_count(0)


def test_a_photo_leads_to_more_like_it(album: Album, open_page: OpenPage) -> None:
    bare = replace(photo("nothing.jpg", second=9), detectors={MEANING: MADE})
    commit(album.table, bare)
    write_result(album.table, Result(ResultName(bare.content_id, MEANING, MADE), {VECTOR: None}, ""))
    page = open_page(f"{album.url}?like=forest")
    page.get_by_role("button", name="wolf.jpg").press("Enter")

    page.get_by_role("dialog").get_by_role("button", name="More like this").press("Enter")

    expect_shown(page, "More like wolf.jpg", "old dog.jpg", "dog.jpg", "beach.jpg")
    assert page.url == f"{album.url}?similar_to=wolf.jpg"
    page.goto(album.url)
    page.get_by_role("button", name="nothing.jpg").press("Enter")
    expect(page.locator(".about")).to_be_visible()
    expect(page.get_by_role("button", name="More like this")).to_have_count(0)


def test_what_is_less_similar_is_shown_to_who_asks(album: Album, open_page: OpenPage) -> None:
    page = open_page(album.url)
    search(page, "volcano")
    expect(page.get_by_role("heading", name="No photo is like this")).to_be_visible()

    page.get_by_role("button", name="Show the most similar all the same").click()

    expect(page.locator(".tile")).to_have_count(5)
    expect(page.locator(".chip-text")).to_have_text(["like “volcano”", "however similar"])
    search(page, "forest")
    expect_shown(page, SIMILAR, "wolf.jpg")
    page.get_by_role("button", name="Show less similar photos").click()
    expect(page.locator(".tile")).to_have_count(5)
    expect(page.get_by_role("button", name="Show less similar photos")).to_have_count(0)


def test_an_end_that_is_none_says_so(album: Album, open_page: OpenPage) -> None:
    page = open_page("about:blank")
    page.route("**/images?*like=*", answer_early)
    page.goto(f"{album.url}?like=forest")

    expect(page.locator(".grid-line p")).to_have_text(
        "Only the most similar photos can be searched, of which the last 1,234 were looked at just now. "
        "A prefix, a date, or other words lead to others."
    )
    expect(page.locator("#found")).to_have_text("1 photo found")
    expect(page.get_by_role("button", name="Show less similar photos")).to_have_count(0)


def test_a_word_is_chosen_with_the_arrows_as_label_or_in_any_words(album: Album, open_page: OpenPage) -> None:
    album.counts.by_label = {"Dog": 2}
    page = open_page(album.url)
    field = page.get_by_label("Search by label or in any words")
    field.press_sequentially("do")
    options = page.locator(".suggestion")
    expect(options).to_have_text(["Dog2", "in any wordsdo", "text in the photodo", "key begins withdo"])

    field.press("ArrowDown")
    field.press("Enter")
    expect(page).to_have_url(f"{album.url}?label=Dog")
    field.press_sequentially("do")
    expect(options.nth(1)).to_have_text("in any wordsdo")
    field.press("ArrowDown")
    field.press("ArrowDown")
    field.press("Enter")
    expect(page).to_have_url(f"{album.url}?label=Dog&like=do")
    field.press("Backspace")
    expect(page).to_have_url(f"{album.url}?label=Dog")


def test_all_that_carry_the_label_are_one_press_away(album: Album, open_page: OpenPage) -> None:
    for second in range(30):
        add(album, f"{second}.jpg", "dog", second=second + 10, Dog=90.0)
    page = open_page(f"{album.url}?like=dog")
    expect(page.locator(".grid-line h2")).to_have_text([LABELLED, SIMILAR])
    expect(page.locator(".tile")).to_have_count(34)

    page.get_by_role("button", name="Show all").click()

    expect(page.locator(".tile")).to_have_count(32)
    assert page.url == f"{album.url}?label=dog"


def test_who_may_see_some_photos_finds_no_others(album: Album, open_page: OpenPage) -> None:
    album.prefix_claim, album.claims = "cognito:groups", {"cognito:groups": ["holiday/"]}
    page = open_page(album.url)
    search(page, "dog")

    expect_shown(page, SIMILAR, "beach.jpg")
    page.goto(f"{album.url}?similar_to=wolf.jpg")
    expect(page.locator("#empty p")).to_have_text("similar_to: nothing is known of this key")
    page.get_by_role("button", name="Take it away").click()
    expect(page.locator(".tile")).to_have_count(1)


def test_a_search_that_is_down_is_tried_again_where_it_was(album: Album, open_page: OpenPage) -> None:
    page = open_page("about:blank")
    page.route("**/images?*like=*", lambda route: route.abort())
    page.goto(f"{album.url}?like=dog")
    expect(page.locator(".notice p")).to_contain_text("The API does not answer.")
    expect_shown(page, LABELLED, "dog.jpg", "old dog.jpg")

    page.unroute("**/images?*like=*")
    page.get_by_role("button", name="Try now").click()

    expect_shown(page, LABELLED, "dog.jpg", "old dog.jpg", SIMILAR, "wolf.jpg", "beach.jpg")


def test_what_it_needs_is_loaded_by_who_uses_it_alone(album: Album, open_page: OpenPage) -> None:
    page = open_page(album.url)
    expect(page.locator(".tile")).to_have_count(5)
    assert not any(path.endswith("/meaning.js") for path in album.paths())

    search(page, "dog")
    search(page, "sea")

    expect_shown(page, "Labelled Sea", "sea.jpg")
    assert sum(path.endswith("/meaning.js") for path in album.paths()) == 1


def test_where_nothing_is_known_of_meanings_words_are_labels(album: Album, open_page: OpenPage) -> None:
    album.meaning = False
    page = open_page(album.url)
    page.get_by_label("Search by label", exact=True).fill("dog")
    expect(page.get_by_role("option").first).to_have_text("text in the photodog")
    page.get_by_label("Search by label", exact=True).press("Enter")

    expect(page).to_have_url(f"{album.url}?label=dog")
    page.get_by_role("button", name="old dog.jpg").click()
    expect(page.locator(".about")).to_be_visible()
    expect(page.get_by_role("button", name="More like this")).to_have_count(0)


def test_labels_and_keys_are_as_hostile_here(album: Album, open_page: OpenPage) -> None:
    add(album, MARKUP, "trap", second=8, **{"<b>dog": 90.0})
    page = open_page(album.url)
    search(page, "<B>dog")
    expect_shown(page, "Labelled <b>dog", MARKUP)
    page.goto(f"{album.url}?similar_to={MARKUP}&min_similarity=0")

    expect(page.locator(".grid-line h2")).to_contain_text("More like <img")
    assert page.locator("img[src='x']").count() == 0
    assert not page.title().startswith("taken")


@pytest.mark.parametrize("width", [320, 390])
def test_there_is_room_for_it_on_a_phone(album: Album, open_page: OpenPage, width: int) -> None:
    add(album, "long.jpg", "dog", second=7, **{"Dog" * 40: 99.0})
    page = open_page(f"{album.url}?like={'dog' * 40}", width=width, height=700)
    expect(page.locator(".grid-line h2").first).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".photo").first.click()
    more = page.get_by_role("button", name="More like this")
    more.scroll_into_view_if_needed()
    box = more.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def answer_early(route: Route) -> None:
    """Answer as the API does where it has looked at all that the index gives."""
    given = route.fetch()
    route.fulfill(response=given, json={**given.json(), "looked_at": 1234})
