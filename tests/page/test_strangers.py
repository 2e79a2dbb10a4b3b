"""Keys, labels and texts are hostile; some photos are not for everybody."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.page.conftest import OpenPage
from tests.page.host import Host, box, photo, picture
from tests.query_api.photos import rejected

MARKUP = "<img src=x onerror=\"document.title='taken'\">"
ANSWERS: dict[str, Any] = {
    "labels": {
        "Labels": [
            {
                "Name": MARKUP,
                "Confidence": 99.0,
                "Parents": [],
                "Instances": [{"BoundingBox": box(0, 0, 1, 1), "Confidence": 99.0}],
            }
        ]
    },
    "text": {
        "TextDetections": [
            {
                "DetectedText": MARKUP,
                "Type": "LINE",
                "Confidence": 99.0,
                "Geometry": {"BoundingBox": box(0, 0, 1, 0.2)},
            }
        ]
    },
}
KEYS = (
    f"{MARKUP}.jpg",
    "javascript:alert(1).jpg",
    "a/../../b?c=d#e%2F&amp;.jpg",
    "'\"><script>document.title='taken'</script>.jpg",
    "line\nbreak \N{RIGHT-TO-LEFT OVERRIDE}gpj.jpg",
)


@pytest.mark.parametrize("key", KEYS)
def test_a_hostile_key_is_text_wherever_it_is_shown(host: Host, open_page: OpenPage, key: str) -> None:
    host.add(photo(key, labels={MARKUP: 99.0}, moderation={}, words=[MARKUP]), ANSWERS)
    host.counts.by_label = {MARKUP: 1}
    page = open_page(host.url)
    expect(page.locator(".tile img.loaded")).to_have_count(1)

    page.locator(".photo").click()
    expect(page.locator(".viewer .box.label")).to_contain_text(MARKUP)
    expect(page.locator(".about dd").first).to_have_text(key, use_inner_text=False)
    page.get_by_text("own answer").click()
    expect(page.locator(".raw pre")).to_contain_text("onerror")
    page.get_by_role("dialog").get_by_role("button", name=MARKUP).click()
    expect(page.locator(".chip-text")).to_have_text(MARKUP)
    page.get_by_label("Search by label").fill("<")
    expect(page.get_by_role("option").first).to_contain_text(MARKUP)

    assert page.locator("img[src='x'], script:not([src])").count() == 0
    assert page.title() == f"{MARKUP} · imagepipe"


@pytest.mark.parametrize(
    "key",
    [
        "line\nbreak.jpg",
        "100%25 %2e%2E.jpg",
        "what?key=other.jpg",
        "a#b&c=d.jpg",
        "1+1 =2.jpg",
        "a//b.jpg",
        "/a/",
    ],
)
def test_whatever_its_key_a_photo_is_asked_for_and_shown(host: Host, open_page: OpenPage, key: str) -> None:
    host.add(photo(key, labels={"Owl": 99.0}), ANSWERS)
    host.objects[key] = picture("teal", 123, 77)
    page = open_page(host.url)
    shown = "image => image.naturalWidth"
    expect(page.locator(".tile img.loaded")).to_have_count(1)
    assert page.locator(".tile img.loaded").evaluate(shown) == 123

    page.locator(".photo").click()
    expect(page.locator(".viewer img.loaded")).to_have_count(1)
    assert page.locator(".viewer img.loaded").evaluate(shown) == 123
    expect(page.locator(".about dd").first).to_have_text(key, use_inner_text=False)
    page.get_by_text("own answer").click()
    expect(page.locator(".raw pre")).to_contain_text("onerror")
    # A path cannot carry every key, so none is put into one.
    assert not [path for path in host.paths() if path.startswith("/images/")]


def test_an_upload_has_a_name_like_that_too(host: Host, open_page: OpenPage) -> None:
    key = "50%25 #1+1?.jpg"
    host.uploaded = lambda key, content: host.recognize(photo(key, labels={"Owl": 99.0}), content)
    page = open_page(host.url)
    expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()

    page.locator("#files").set_input_files(
        {"name": key, "mimeType": "image/jpeg", "buffer": picture("teal", 123, 77)}
    )

    expect(page.locator(".upload .upload-state")).to_have_text("Owl")
    expect(page.locator(".tile img.loaded")).to_have_count(1)
    assert host.objects.keys() == {key}


def test_a_hostile_address_is_text_too(host: Host, open_page: OpenPage) -> None:
    page = open_page(f"{host.url}?label={MARKUP}&prefix={MARKUP}&order=<b>&status=<b>&min_faces=<b>")

    expect(page.get_by_role("main")).to_contain_text("must be")
    assert page.locator("img[src='x']").count() == 0


def test_the_browser_itself_would_refuse_markup_out_of_text(host: Host, open_page: OpenPage) -> None:
    page = open_page(host.url, tolerated="TrustedHTML")
    expect(page.locator("#empty h2")).to_be_visible()

    refused = "() => { try { document.body.innerHTML = '<b>'; } catch (error) { return error.name; } }"
    assert page.evaluate(refused) == "TypeError"
    assert page.evaluate("() => document.querySelector('b')") is None


def test_what_was_flagged_is_blurred_until_somebody_asks(host: Host, open_page: OpenPage) -> None:
    host.add(photo("fight.jpg", labels={"Person": 99.0}, moderation={"Violence": 88.0}), ANSWERS)
    page = open_page(host.url)
    tile, shown = page.locator(".tile"), page.locator(".tile img.loaded")
    expect(shown).to_have_css("filter", "blur(28px) saturate(0.7)")
    expect(tile).to_contain_text("Flagged: Violence")
    page.locator(".photo").hover(position={"x": 8, "y": 8})
    page.locator(".photo").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".viewer img.loaded")).to_have_css("filter", "blur(28px) saturate(0.7)")
    expect(page.locator(".box")).to_have_count(0)

    page.get_by_role("dialog").get_by_role("button", name="Show", exact=True).click()

    expect(page.locator(".viewer img.loaded")).to_have_css("filter", "none")
    expect(page.locator(".viewer .box.label")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(shown).to_have_css("filter", "none")


def test_flagged_photos_are_asked_for_by_category(host: Host, open_page: OpenPage) -> None:
    host.add(photo("fight.jpg", moderation={"Violence": 88.0}))
    host.add(photo("meadow.jpg"))
    page = open_page(host.url)
    expect(page.locator(".tile")).to_have_count(2)

    page.get_by_text("More filters").click()
    page.get_by_label("Flagged as").select_option("Violence")

    expect(page.locator(".caption-name")).to_have_text(["fight.jpg"])
    expect(page.locator(".chip-text")).to_have_text(["flagged Violence"])


def test_a_rejection_says_why_in_the_large_view(host: Host, open_page: OpenPage) -> None:
    host.add(rejected(f"{MARKUP}.jpg"))
    page = open_page(f"{host.url}?status=rejected")

    page.locator(".photo").click()

    expect(page.get_by_role("dialog")).to_contain_text("broken.jpg is no image")
    expect(page.get_by_role("dialog")).to_contain_text("by the detector of labels")
