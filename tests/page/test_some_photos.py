"""The page of somebody who may see the photos below some prefixes."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from query_api.endpoints.page import SignInPages
from tests.page.cognito import CLIENT, serve_cognito
from tests.page.conftest import OpenPage
from tests.page.host import Host, photo, picture, serve

CLAIM = "cognito:groups"


@pytest.fixture
def restricted() -> Iterator[Host]:
    """Ada may see `family/` and `trips/`, and there are other photos."""
    with ExitStack() as stack:
        host = Host(prefix_claim=CLAIM, claims={CLAIM: ["trips/", "family/"]})
        for key, label in (("family/cat.jpg", "Cat"), ("trips/sea.jpg", "Sea"), ("secret/safe.jpg", "Safe")):
            host.add(photo(key, labels={label: 99.0}))
        host.uploaded = lambda key, content: host.recognize(photo(key, labels={"Dog": 98.0}), content)
        yield serve(host, stack)


def test_ones_own_photos_are_shown_and_how_all_stand_is_asked_once(
    restricted: Host, open_page: OpenPage
) -> None:
    page = open_page(restricted.url)

    expect(page.locator(".tile")).to_have_count(2)
    page.get_by_label("Search by label").fill("s")
    expect(page.get_by_role("option").first).to_contain_text("Sea")
    assert page.get_by_role("option", name="Safe").count() == 0
    expect(page.locator("#stats")).to_be_hidden()
    assert page.locator(".notice").count() == 0
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_label("Search by label").fill("ca")
    expect(page.get_by_role("option").first).to_contain_text("Cat")
    assert restricted.paths().count("/stats") == 1


@pytest.mark.parametrize(
    ("search", "key"),
    [
        ("", "family/dog.jpg"),
        ("?prefix=trips/", "trips/dog.jpg"),
        ("?prefix=trips/2026/", "trips/2026/dog.jpg"),
        ("?prefix=secret/", "family/dog.jpg"),
    ],
)
def test_photos_are_added_where_one_may(restricted: Host, open_page: OpenPage, search: str, key: str) -> None:
    page = open_page(restricted.url + search)
    page.locator("#files").set_input_files({"name": "dog.jpg", "mimeType": "image/jpeg", "buffer": picture()})

    expect(page.locator(".upload")).to_have_attribute("data-state", "recognized")
    assert list(restricted.objects) == [key]


def test_who_may_see_nothing_is_told_so_and_may_sign_in_as_somebody_else(
    restricted: Host, open_page: OpenPage
) -> None:
    with ExitStack() as stack:
        cognito = serve_cognito(restricted, stack)
        restricted.sign_in, restricted.token = SignInPages(cognito.url, CLIENT), "nobody has this one"
        restricted.claims = {CLAIM: ["editors"]}
        page = open_page(restricted.url)
        page.get_by_role("button", name="Sign in").click()

        expect(page.locator(".notice p")).to_contain_text("Your token has no prefix in its claim")
        expect(page.locator(".tile")).to_have_count(0)
        page.get_by_role("button", name="Sign out").click()
        expect(page.locator(".notice p")).to_contain_text("Sign in to see the photos.")
