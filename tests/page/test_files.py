"""What a photo's file says, in words, and what leads from there to other photos. All of it is hostile."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from contract.photos import PICTURE
from contract.records import Rejection
from tests.page.album import Album, facts, taken
from tests.page.conftest import OpenPage
from tests.page.host import photo
from tests.query_api.photos import rejected

MARKUP = "<img src=x onerror=\"document.title='taken'\">"
PARIS = {"latitude": 48.85837, "longitude": 2.29448}
ALL = facts(
    width=4032,
    height=3024,
    taken_at="2026-05-04T09:08:07.123",
    taken_zone="+02:00",
    taken_from="DateTimeOriginal",
    camera="Apple iPhone 15 Pro",
    lens="back camera 6.8 mm",
    exposure_seconds=0.004,
    f_number=1.78,
    iso=100,
    focal_length_mm=26.0,
    rating=4,
    keywords=("Paris", "holiday"),
    **PARIS,
)


def opened(open_page: OpenPage, album: Album, **settings: object) -> Page:
    page = open_page(album.url, **settings)
    page.locator(".photo").first.click()
    expect(page.locator(".about")).to_be_visible()
    return page


def said(page: Page) -> dict[str, str]:
    names, values = page.locator(".about dt").all_inner_texts(), page.locator(".about dd").all_inner_texts()
    return {
        name: value.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
        for name, value in zip(names, values, strict=True)
    }


def test_the_viewer_says_what_the_file_says(album: Album, open_page: OpenPage) -> None:
    album.add(taken("paris.jpg", ALL))
    page = opened(open_page, album, timezone_id="Asia/Tokyo")

    found = said(page)

    assert found["Taken"] == "May 4, 2026, 9:08 AM (UTC+02:00)", "by the camera's clock, whoever reads it"
    assert found["Uploaded"].startswith("Nov 23, 2026, 9:00 PM")
    assert found["Camera"] == "Apple iPhone 15 Pro"
    assert found["Lens"] == "back camera 6.8 mm"
    assert found["Exposure"] == "1/250 s, f/1.8, ISO 100, 26 mm"
    assert found["Picture"] == "4,032 \N{MULTIPLICATION SIGN} 3,024, JPEG"
    assert found["Rating"] == "★★★★☆ 4 of 5"
    assert found["Keywords"].split() == ["Paris", "holiday"]
    expect(page.locator(".about time")).to_have_attribute(
        "title", "By the camera\N{RIGHT SINGLE QUOTATION MARK}s clock, from DateTimeOriginal"
    )


@pytest.mark.parametrize(
    ("known", "exposure"),
    [
        ({"exposure_seconds": 1 / 8000, "f_number": 16.0}, "1/8000 s, f/16"),
        ({"exposure_seconds": 2.5, "iso": 3200}, "2.5 s, ISO 3200"),
        ({"exposure_seconds": 0.5}, "0.5 s"),
        ({"exposure_seconds": 0.0, "f_number": 0.0, "focal_length_mm": 4.25}, "4.3 mm"),
    ],
)
def test_exposures_are_written_as_photographers_do(
    album: Album, open_page: OpenPage, known: dict[str, float], exposure: str
) -> None:
    album.add(taken("dog.jpg", facts(**known)))

    assert said(opened(open_page, album))["Exposure"] == exposure


def test_a_file_without_a_time_is_told_from_one_that_nobody_looked_at(
    album: Album, open_page: OpenPage
) -> None:
    album.add(taken("looked-at.jpg", facts(), second=2))
    album.add(photo("old.jpg", second=1))
    page = opened(open_page, album)
    assert said(page)["Taken"] == "The file does not say."

    page.keyboard.press("ArrowRight")

    expect(page.locator(".about dd").first).to_have_text("old.jpg")
    assert said(page)["Taken"] == "The file was not looked at yet."


def test_a_file_that_could_not_be_read_is_told_from_both(album: Album, open_page: OpenPage) -> None:
    refusal = Rejection("InvalidImageFormatException", "it ends early", PICTURE)
    album.add(replace(rejected("broken.heic"), rejection=refusal))
    page = open_page(f"{album.url}?status=rejected")

    page.locator(".photo").click()
    expect(page.locator(".about")).to_be_visible()

    assert said(page)["Taken"] == "The file could not be read."


def test_where_files_are_not_looked_at_nothing_is_said_or_offered(album: Album, open_page: OpenPage) -> None:
    album.pictures = False
    album.add(taken("paris.jpg", ALL))
    page = opened(open_page, album)

    assert said(page).keys() == {"Key", "Uploaded", "Decided", "Size", "Detectors"}
    page.keyboard.press("Escape")
    expect(page.get_by_label("Order").locator("option")).to_have_count(3)
    page.get_by_text("More filters").click()
    expect(page.get_by_label("Within")).to_be_hidden()
    expect(page.get_by_label("Uploaded from")).to_be_visible()
    expect(page.get_by_label("Taken from")).to_have_count(0)
    expect(page.get_by_label("Camera")).to_have_count(0)


def test_texts_of_files_are_as_hostile_as_keys(album: Album, open_page: OpenPage) -> None:
    hostile = facts(
        camera=MARKUP,
        lens=MARKUP,
        keywords=(MARKUP, "javascript:alert(1)"),
        taken_at="2026-99-99T99:99:99.999",
        taken_from=MARKUP,
        format=MARKUP,
        **PARIS,
    )
    album.add(taken("hostile.jpg", hostile))
    page = opened(open_page, album)

    found = said(page)
    assert found["Camera"] == found["Lens"] == MARKUP
    assert MARKUP in found["Picture"]
    assert found["Taken"] == "2026-99-99T99:99:99.999", "no time there is, as it was written"
    expect(page.locator(".keywords li")).to_have_text([MARKUP, "javascript:alert(1)"])
    page.get_by_role("dialog").get_by_role("button", name=MARKUP).click()
    expect(page.locator(".chip-text")).to_have_text(f"camera {MARKUP}")
    page.get_by_text("More filters").click()
    expect(page.get_by_label("Camera", exact=True)).to_have_value(MARKUP)

    assert page.locator("img[src='x'], script:not([src])").count() == 0
    assert "taken" not in page.title()


def test_a_place_leads_to_a_map_that_learns_nothing_of_us(album: Album, open_page: OpenPage) -> None:
    album.add(taken("paris.jpg", ALL))
    page = opened(open_page, album)

    link = page.locator(".about a")
    expect(link).to_have_count(1)
    address = "https://www.openstreetmap.org/?mlat=48.85837&mlon=2.29448#map=15/48.85837/2.29448"
    expect(link).to_have_attribute("href", address)
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(link).to_have_attribute("target", "_blank")


def test_without_a_place_there_is_no_map(album: Album, open_page: OpenPage) -> None:
    album.add(taken("somewhere.jpg", facts(latitude=48.8)))
    page = opened(open_page, album)

    assert "Place" not in said(page)
    expect(page.locator(".about a")).to_have_count(0)


def test_the_equator_is_a_place(album: Album, open_page: OpenPage) -> None:
    album.add(taken("buoy.jpg", facts(latitude=0.0, longitude=0.0)))

    assert said(opened(open_page, album))["Place"].startswith("0.00000, 0.00000")


def test_a_camera_leads_to_its_photos(album: Album, open_page: OpenPage) -> None:
    album.add(taken("paris.jpg", ALL, second=2))
    album.add(taken("other.jpg", facts(camera="Canon"), second=1))
    page = opened(open_page, album)

    page.get_by_role("button", name="Apple iPhone 15 Pro").click()

    expect(page.locator(".caption-name")).to_have_text(["paris.jpg"])
    expect(page.locator(".chip-text")).to_have_text(["camera Apple iPhone 15 Pro"])
    assert page.url == f"{album.url}?camera=Apple+iPhone+15+Pro"
    page.reload()
    expect(page.locator(".caption-name")).to_have_text(["paris.jpg"])


def test_a_place_leads_to_photos_from_near_there(album: Album, open_page: OpenPage) -> None:
    album.add(taken("paris.jpg", ALL, second=2))
    album.add(taken("nowhere.jpg", facts(), second=1))
    page = opened(open_page, album)

    page.get_by_role("button", name="Near here").click()

    expect(page.locator(".caption-name")).to_have_text(["paris.jpg"])
    expect(page.locator(".chip-text")).to_have_text(["within 5 km of 48.858, 2.294"])
    assert album.questions[-1]["near"] == "48.85837,2.29448,5"
    page.get_by_text("More filters").click()
    page.locator("#more-panel").get_by_label("Within").select_option("100 km")
    expect(page.locator(".chip-text")).to_have_text(["within 100 km of 48.858, 2.294"])
    assert page.url == f"{album.url}?near=48.85837%2C2.29448%2C100"
    page.get_by_role("button", name="Remove filter").click()
    expect(page.locator(".caption-name")).to_have_text(["paris.jpg", "nowhere.jpg"])


def test_a_photo_leads_to_those_that_look_nearly_the_same(album: Album, open_page: OpenPage) -> None:
    album.near_duplicates = True
    for second, (key, picture_hash) in enumerate(
        {"other.jpg": "0" * 16, "twin 2.jpg": "f" * 15 + "e", "twin <b>1.jpg": "f" * 16}.items()
    ):
        album.add(taken(key, replace(ALL, hash=picture_hash, finds_duplicates=True), second=second))
    page = opened(open_page, album)

    page.get_by_role("button", name="Near duplicates").click()

    expect(page.locator(".chip-text")).to_have_text(["nearly the same as twin <b>1.jpg"])
    expect(page.locator(".caption-name")).to_have_text(["twin 2.jpg"])
    expect(page.locator(".caption-distance")).to_have_text(["differs in 1 of 64 bits"])
    assert album.questions[-1]["near_duplicates_of"] == "twin <b>1.jpg"


def test_near_duplicates_are_not_offered_where_none_are_found(album: Album, open_page: OpenPage) -> None:
    album.add(taken("twin.jpg", ALL))

    assert "Alike" not in said(opened(open_page, album))


def test_photos_are_asked_for_by_the_time_at_which_they_were_taken(album: Album, open_page: OpenPage) -> None:
    for second, day in enumerate(("2026-05-04", "2026-05-02", "2026-05-03")):
        album.add(taken(f"{day}.jpg", facts(taken_at=f"{day}T10:00:00.000"), second=second))
    page = open_page(album.url)
    page.get_by_label("Order").select_option("taken")
    expect(page.locator(".caption-name")).to_have_text(["2026-05-04.jpg", "2026-05-03.jpg", "2026-05-02.jpg"])

    page.get_by_text("More filters").click()
    page.get_by_label("Taken from").fill("2026-05-03")
    expect(page.locator(".caption-name")).to_have_text(["2026-05-04.jpg", "2026-05-03.jpg"])
    page.get_by_label("Taken to").fill("2026-05-03")

    expect(page.locator(".caption-name")).to_have_text(["2026-05-03.jpg"])
    assert page.url == f"{album.url}?taken_from=2026-05-03&taken_to=2026-05-03&order=taken"
    expect(page.locator(".chip-text")).to_have_text(["taken from 2026-05-03", "taken to 2026-05-03"])


def test_what_does_not_go_together_is_not_asked(album: Album, open_page: OpenPage) -> None:
    album.near_duplicates = True
    album.add(taken("twin.jpg", replace(ALL, hash="f" * 16, finds_duplicates=True)))
    page = open_page(f"{album.url}?order=taken&camera=apple+iphone+15+pro")
    expect(page.locator(".tile")).to_have_count(1)

    page.locator(".photo").click()
    page.get_by_role("button", name="Near duplicates").click()
    expect(page.get_by_label("Order")).to_have_value("")
    expect(page.get_by_label("Order").locator("option:disabled")).to_have_count(3)
    page.get_by_role("radio", name="Rejected").check()

    expect(page.get_by_role("heading", name="Nothing was rejected")).to_be_visible()
    assert page.url == f"{album.url}?status=rejected"
    expect(page.locator(".notice")).to_have_count(0)


# https://www.w3.org/TR/WCAG22/#contrast-minimum
CONTRAST = """element => {
    const luminance = colour => {
        const [red, green, blue] = colour.match(/[0-9.]+/g).slice(0, 3).map(part => {
            const value = part / 255;
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    let behind = element;
    while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
    const both = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(luminance);
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_said_can_be_read_by_those_who_see_little(
    album: Album, open_page: OpenPage, scheme: str
) -> None:
    album.near_duplicates = True
    album.add(taken("paris.jpg", ALL))
    page = opened(open_page, album, color_scheme=scheme)

    for element in page.locator(".about dt, .about dd, .about a, .about .tag, .keywords li").all():
        assert element.evaluate(CONTRAST) >= 4.5, element.inner_text()
    page.keyboard.press("Escape")
    for element in page.locator(".date").all():
        assert element.evaluate(CONTRAST) >= 4.5, element.inner_text()


def test_photos_without_a_time_of_capture_are_not_taken_for_none(album: Album, open_page: OpenPage) -> None:
    album.add(taken("dog.jpg", facts()))
    page = open_page(f"{album.url}?order=taken")

    expect(page.get_by_role("heading", name="No photo says when it was taken")).to_be_visible()
    page.get_by_role("button", name="Show newest first").click()

    expect(page.get_by_text("dog.jpg")).to_be_visible()
