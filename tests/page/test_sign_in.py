"""Signing in at Cognito's page: what works, and what somebody else's code, state or answer comes to."""

from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from query_api.endpoints.page import SignInPages
from tests.page.cognito import CLIENT, Cognito, serve_cognito
from tests.page.conftest import OpenPage
from tests.page.host import Host, photo


@pytest.fixture
def cognito(host: Host) -> Iterator[Cognito]:
    with ExitStack() as stack:
        made = serve_cognito(host, stack)
        host.sign_in = SignInPages(made.url, CLIENT)
        host.token = "nobody has this one"
        host.add(photo("cat.jpg"))
        yield made


def button(page: Page) -> None:
    page.get_by_role("button", name="Sign in").click()


def signed_in(host: Host, open_page: OpenPage, search: str = "") -> Page:
    page = open_page(host.url + search)
    button(page)
    expect(page.locator(".tile")).to_have_count(1)
    return page


def notice(page: Page) -> str:
    place = page.locator(".notice p")
    expect(place).to_be_visible()
    return place.inner_text()


def test_people_sign_in_and_come_back_to_what_they_asked(
    host: Host, cognito: Cognito, open_page: OpenPage
) -> None:
    page = signed_in(host, open_page, "?label=Cat&order=oldest#cameras/door")

    assert page.url == f"{host.url}?label=Cat&order=oldest#cameras/door", (
        "neither code nor state stays in the address"
    )
    assert host.tokens[-1] == f"Bearer {host.token}"
    (begun,), (asked,) = cognito.begun, cognito.asked
    assert begun["scope"] == "openid"
    assert len(asked["code_verifier"]) == 43
    assert len({begun["state"], begun["nonce"], asked["code_verifier"]}) == 3
    kept = page.evaluate("JSON.stringify(sessionStorage) + JSON.stringify(localStorage) + document.cookie")
    assert asked["code_verifier"] not in kept
    page.reload()
    expect(page.locator(".tile")).to_have_count(1)
    assert len(cognito.begun) == 1, "a reload asks nobody to sign in again"


def test_a_page_that_nobody_has_signed_in_to_shows_nothing(
    host: Host, cognito: Cognito, open_page: OpenPage
) -> None:
    page = open_page(host.url)

    assert notice(page) == "Sign in to see the photos."
    expect(page.locator(".tile")).to_have_count(0)
    expect(page.get_by_label("Access token")).to_have_count(0)
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()


@pytest.mark.parametrize("knows", ["nothing", "their own sign-in"])
def test_a_code_of_somebody_elses_sign_in_is_not_taken(
    host: Host, cognito: Cognito, open_page: OpenPage, knows: str
) -> None:
    page = open_page(host.url)
    if knows != "nothing":
        # One that was begun here, and another answer to it than Cognito's.
        begun = '{"verifier":"v","state":"mine","nonce":"n","search":""}'
        page.evaluate("begun => sessionStorage.setItem('imagepipe-sign-in', begun)", begun)
    attackers = cognito.code({"redirect_uri": host.url, "code_challenge": "x", "nonce": "n"})

    page.goto(f"{host.url}?{urlencode({'code': attackers, 'state': 'theirs'})}")

    assert "not an answer to a sign-in from this tab" in notice(page)
    assert cognito.asked == [], "their code goes nowhere from here"
    assert page.url == host.url
    assert page.evaluate("sessionStorage.length") == 0


def test_a_code_that_was_put_in_its_place_is_refused(
    host: Host, cognito: Cognito, open_page: OpenPage
) -> None:
    # Of a sign-in that the attacker has begun, with a challenge of their own.
    cognito.injected = cognito.code({"redirect_uri": host.url, "code_challenge": "x", "nonce": "n"})
    page = open_page(host.url)
    button(page)

    assert "Signing in was refused: invalid_grant." in notice(page)
    assert [asked["code"] for asked in cognito.asked] == [cognito.injected]
    expect(page.locator(".tile")).to_have_count(0)


def test_an_answer_comes_once(host: Host, cognito: Cognito, open_page: OpenPage) -> None:
    page = open_page(host.url)
    answers: list[str] = []
    page.on("request", lambda request: answers.append(request.url) if "code=" in request.url else None)
    button(page)
    expect(page.locator(".tile")).to_have_count(1)
    answer = next(url for url in answers if url.startswith(host.url))

    page.get_by_role("button", name="Sign out").click()
    expect(page.locator(".notice p")).to_contain_text("Sign in to see")
    page.goto(answer)

    assert "not an answer to a sign-in from this tab" in notice(page)
    assert len(cognito.asked) == 1


def test_an_answer_to_another_sign_in_is_not_taken(host: Host, cognito: Cognito, open_page: OpenPage) -> None:
    cognito.nonce = "of another"
    page = open_page(host.url)
    button(page)

    assert "The answer was to another sign-in." in notice(page)
    assert page.evaluate("sessionStorage.length") == 0


def test_who_is_refused_by_cognito_is_told_why_and_may_try_again(
    host: Host, cognito: Cognito, open_page: OpenPage
) -> None:
    cognito.refuses = "<b>User is disabled.</b>"
    page = open_page(host.url)
    button(page)
    assert "<b>User is disabled.</b>" in notice(page)

    cognito.refuses = ""
    button(page)
    expect(page.locator(".tile")).to_have_count(1)


def test_a_token_that_ends_is_renewed_before_it_does_once_for_all_who_ask(
    host: Host, cognito: Cognito, open_page: OpenPage
) -> None:
    cognito.seconds = 30
    page = signed_in(host, open_page)
    expect(page.locator("#stats")).to_be_visible()

    renewals = [asked for asked in cognito.asked if asked["grant_type"] == "refresh_token"]
    assert renewals
    # Each token lives for less than is thought early enough, so every question may renew; none goes without.
    assert not any(token == "Bearer nobody has this one" for token in host.tokens)


def test_a_token_that_is_not_taken_any_more_is_renewed_and_the_question_asked_again(
    host: Host, cognito: Cognito, open_page: OpenPage
) -> None:
    page = signed_in(host, open_page)
    host.token = "another"
    page.get_by_label("Search by label").fill("c")
    page.keyboard.press("Escape")
    page.reload()

    expect(page.locator(".tile")).to_have_count(1)
    assert host.token.startswith("access-")


def test_who_was_signed_out_elsewhere_signs_in_again(
    host: Host, cognito: Cognito, open_page: OpenPage
) -> None:
    page = signed_in(host, open_page)
    cognito.refreshing.clear()
    host.token = "another"
    page.reload()
    assert "Sign in to see the photos." in notice(page)

    button(page)
    expect(page.locator(".tile")).to_have_count(1)


def test_signing_out_forgets_revokes_and_ends_the_session_there(
    host: Host, cognito: Cognito, open_page: OpenPage
) -> None:
    page = signed_in(host, open_page)
    (refresh,) = cognito.refreshing
    page.get_by_role("button", name="Sign out").click()

    expect(page.locator(".notice p")).to_contain_text("Sign in to see the photos.")
    assert cognito.signed_out == [host.url]
    assert cognito.revoked == [refresh]
    assert page.evaluate("sessionStorage.length") == 0
    expect(page.locator(".tile")).to_have_count(0)


def test_when_the_sign_in_page_is_away_nobody_is_signed_out(
    host: Host, cognito: Cognito, open_page: OpenPage
) -> None:
    page = signed_in(host, open_page)
    cognito.is_away, accepted = True, host.token
    host.token = "another"
    page.reload()
    expect(page.locator(".notice p")).to_contain_text("Your sign-in has ended.")

    cognito.is_away, host.token = False, accepted
    page.reload()
    expect(page.locator(".tile")).to_have_count(1)


def test_the_page_may_talk_to_the_place_where_people_sign_in_and_to_no_other(
    host: Host, cognito: Cognito
) -> None:
    policy = host.get("/").headers["content-security-policy"]

    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["connect-src"].split() == [
        "'self'",
        host.bucket_url.removesuffix("/bucket"),
        cognito.url,
    ]
    assert cognito.url not in directives["script-src"] + directives["img-src"]
    host.sign_in = None
    assert cognito.url not in host.get("/").headers["content-security-policy"]
