"""Small pictures in the gallery, the large one when a photo is opened; each in its own form and place."""

from typing import Any

import pytest
from playwright.sync_api import FloatRect, Locator, Page, Route, expect

from contract.photos import PhotoFacts
from contract.records import ImageRecord
from tests.page.album import Album, facts, taken, with_small
from tests.page.conftest import OpenPage
from tests.page.host import box, picture

LABELS: dict[str, Any] = {
    "labels": {
        "Labels": [
            {
                "Name": "Dog",
                "Confidence": 97.0,
                "Parents": [],
                "Instances": [{"BoundingBox": box(0.25, 0.5, 0.5, 0.25), "Confidence": 96.0}],
            }
        ]
    }
}


def add(album: Album, key: str, file: PhotoFacts, *, second: int = 0) -> ImageRecord:
    """Have a photo recognized whose pictures, if it has any, are of other colours than its own."""
    record = taken(key, file, second=second, labels={"Dog": 97.0})
    for made, colour, longest in (
        (file.thumbnail_key(record.content_id), "gold", 512),
        (file.view_key(record.content_id), "teal", 2048),
    ):
        if made is not None:
            shrunk = min(1, longest / max(file.width, file.height))
            album.objects[made] = picture(colour, round(file.width * shrunk), round(file.height * shrunk))
    album.objects[key] = picture("tomato", file.width, file.height)
    album.add(record, LABELS)
    return record


def place(element: Locator) -> FloatRect:
    found = element.bounding_box()
    assert found is not None
    return found


def expect_box_on(page: Page, frame: Locator) -> None:
    """Expect the dog's box where it was found in the picture that fills `frame`."""
    found, around = place(page.locator(".viewer .box.label")), place(frame)
    assert found["x"] - around["x"] == pytest.approx(around["width"] * 0.25, abs=1.5)
    assert found["y"] - around["y"] == pytest.approx(around["height"] * 0.5, abs=1.5)
    assert found["width"] == pytest.approx(around["width"] * 0.5, abs=1.5)
    assert found["height"] == pytest.approx(around["height"] * 0.25, abs=1.5)


def test_the_gallery_loads_small_pictures_and_the_viewer_the_photo(album: Album, open_page: OpenPage) -> None:
    dog = add(album, "dog.jpg", with_small(facts(width=1600, height=1200)))
    page = open_page(album.url)
    expect(page.locator(".tile img.loaded")).to_have_count(1)
    assert album.fetched == [f"{dog.content_id}/made-by-somebody/thumbnail.webp"]

    page.locator(".photo").click()

    expect(page.locator(".viewer img.loaded")).to_have_js_property("naturalWidth", 1600)
    assert album.fetched[-1] == "dog.jpg"


def test_what_browsers_do_not_show_is_shown_by_its_view(album: Album, open_page: OpenPage) -> None:
    heic = facts(format="HEIF", width=4000, height=3000, is_direct=False)
    record = add(album, "dog.heic", with_small(heic, has_view=True))
    page = open_page(album.url)

    page.locator(".photo").click()

    expect(page.locator(".viewer img.loaded")).to_have_js_property("naturalWidth", 2048)
    expect_box_on(page, page.locator(".frame"))
    assert album.fetched[-1] == f"{record.content_id}/made-by-somebody/view.jpg"
    assert "dog.heic" not in album.fetched


@pytest.mark.parametrize(
    ("width", "height", "shown"),
    [(4000, 3000, 4 / 3), (3000, 4000, 3 / 4), (3000, 3000, 1), (1000, 8000, 0.6), (8000, 1000, 2.6)],
)
def test_a_photo_has_its_place_in_its_own_form_before_its_picture_is_there(
    album: Album, open_page: OpenPage, width: int, height: int, shown: float
) -> None:
    for second in range(5):
        add(album, f"{second}.jpg", with_small(facts(width=width, height=height)), second=second)
    page = open_page("about:blank")
    page.route("**/thumbnail.webp*", lambda route: None)
    page.goto(album.url)
    expect(page.locator(".tile")).to_have_count(5)

    for frame in page.locator(".photo").all():
        found = place(frame)
        assert found["width"] / found["height"] == pytest.approx(shown, rel=0.02)


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_photos_of_all_forms_stand_in_full_rows_of_one_height(
    album: Album, open_page: OpenPage, width: int
) -> None:
    forms = [(400, 300), (300, 400), (450, 300), (300, 300), (900, 300), (288, 512)] * 3
    for second, (across, down) in enumerate(forms):
        add(album, f"{second}.jpg", with_small(facts(width=across, height=down)), second=second)
    page = open_page(album.url, width=width)
    expect(page.locator(".tile")).to_have_count(len(forms))

    rows: dict[int, list[FloatRect]] = {}
    for frame in page.locator(".photo").all():
        rows.setdefault(round(place(frame)["y"]), []).append(place(frame))
    *full, _ = rows.values()

    assert len(full) > 2
    right = {round(row[-1]["x"] + row[-1]["width"]) for row in full}
    assert max(right) - min(right) <= 2
    for row in rows.values():
        assert max(each["height"] for each in row) - min(each["height"] for each in row) < 1


def test_nothing_moves_while_small_pictures_arrive(album: Album, open_page: OpenPage) -> None:
    for second in range(40):
        form = {"width": 400, "height": 300} if second % 3 else {"width": 300, "height": 400}
        add(album, f"{second}.jpg", with_small(facts(**form)), second=second)
    page = open_page(album.url)
    expect(page.locator(".tile img.loaded").nth(12)).to_be_visible()

    moved = page.evaluate(
        """() => new Promise(resolve => {
            new PerformanceObserver(list => resolve(list.getEntries()
                .filter(entry => entry.sources.some(source => source.node?.closest?.("#grid")))
                .reduce((sum, entry) => sum + entry.value, 0)))
                .observe({ type: "layout-shift", buffered: true });
            requestAnimationFrame(() => requestAnimationFrame(() => resolve(0)));
        })"""
    )
    assert moved < 0.01


def test_where_a_small_picture_is_gone_the_photo_itself_is_shown(album: Album, open_page: OpenPage) -> None:
    add(album, "dog.jpg", with_small(facts(width=800, height=600)))
    page = open_page("about:blank")
    page.route("**/thumbnail.webp*", lambda route: route.fulfill(status=404))

    page.goto(album.url)

    expect(page.locator(".tile img.loaded")).to_have_js_property("naturalWidth", 800)
    assert [asked for asked in album.questions if "key" in asked] == [{"key": "dog.jpg"}], "anew, once"


def test_an_expired_small_picture_is_asked_for_anew(album: Album, open_page: OpenPage) -> None:
    add(album, "dog.jpg", with_small(facts(width=800, height=600)))
    album.expired_before = 3
    page = open_page(album.url)

    expect(page.locator(".tile img.loaded")).to_have_js_property("naturalWidth", 512)


def test_the_small_picture_stands_in_for_the_large_one_with_its_boxes(
    album: Album, open_page: OpenPage
) -> None:
    add(album, "dog.jpg", with_small(facts(width=1600, height=1200)))
    page = open_page(album.url)
    expect(page.locator(".tile img.loaded")).to_have_count(1)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/dog.jpg*", hold)

    page.locator(".photo").click()

    expect(page.locator(".viewer .stand-in")).to_have_js_property("naturalWidth", 512)
    expect(page.locator(".viewer .box.label")).to_be_visible()
    expect(page.locator(".viewer img.loaded")).to_have_count(0)
    frame = place(page.locator(".frame"))
    assert place(page.locator(".viewer .stand-in")) == frame
    expect_box_on(page, page.locator(".frame"))

    held[0].continue_()

    expect(page.locator(".viewer img.loaded")).to_have_js_property("naturalWidth", 1600)
    expect(page.locator(".viewer .stand-in")).to_have_count(0)
    assert place(page.locator(".frame")) == frame, "nothing moves"
    expect_box_on(page, page.locator(".viewer img.loaded"))


@pytest.mark.parametrize("width", [390, 820, 1440])
@pytest.mark.parametrize(("across", "down"), [(4000, 3000), (3000, 4000), (120, 90)])
def test_the_large_picture_fits_into_its_place_and_is_never_blown_up(
    album: Album, open_page: OpenPage, width: int, across: int, down: int
) -> None:
    add(album, "dog.jpg", with_small(facts(width=across, height=down)))
    page = open_page(album.url, width=width)

    page.locator(".photo").click()
    expect(page.locator(".viewer img.loaded")).to_be_visible()

    frame, stage = place(page.locator(".frame")), place(page.locator(".stage"))
    assert frame["width"] / frame["height"] == pytest.approx(across / down, rel=0.02)
    assert frame["width"] <= min(stage["width"], across) + 1
    assert frame["height"] <= stage["height"] + 1
    expect_box_on(page, page.locator(".viewer img.loaded"))


def test_a_photo_that_does_not_come_large_stays_small(album: Album, open_page: OpenPage) -> None:
    add(album, "dog.jpg", with_small(facts(width=1600, height=1200)))
    page = open_page(album.url)
    page.route("**/dog.jpg*", lambda route: route.fulfill(status=404))

    page.locator(".photo").click()

    expect(page.locator(".viewer img.loaded")).to_have_js_property("naturalWidth", 512)
    expect_box_on(page, page.locator(".frame"))
    expect(page.get_by_text("This photo cannot be shown.")).to_be_hidden()


def test_a_small_picture_of_what_was_flagged_is_blurred_too(album: Album, open_page: OpenPage) -> None:
    record = taken("fight.jpg", with_small(facts()), moderation={"Violence": 88.0})
    album.add(record)
    page = open_page(album.url)
    expect(page.locator(".tile img.loaded")).to_have_css("filter", "blur(28px) saturate(0.7)")
    page.route("**/fight.jpg*", lambda route: None)

    page.locator(".photo").focus()
    page.keyboard.press("Enter")

    expect(page.locator(".viewer .stand-in")).to_have_css("filter", "blur(28px) saturate(0.7)")


def test_arrows_lead_up_and_down_between_rows_of_different_photos(album: Album, open_page: OpenPage) -> None:
    for second in range(30):
        form = {"width": 400, "height": 300} if second % 3 else {"width": 300, "height": 400}
        add(album, f"{second:02}.jpg", with_small(facts(**form)), second=second)
    page = open_page(album.url)
    expect(page.locator(".tile")).to_have_count(30)
    page.locator(".photo").first.focus()

    def at() -> FloatRect:
        return place(page.locator(".photo:focus"))

    page.keyboard.press("ArrowRight")
    first = at()
    page.keyboard.press("ArrowDown")
    below = at()
    assert below["y"] > first["y"] + first["height"]
    assert below["x"] < first["x"] + first["width"]
    assert below["x"] + below["width"] > first["x"]
    page.keyboard.press("ArrowUp")
    assert at()["y"] == pytest.approx(first["y"], abs=1)
    page.keyboard.press("ArrowUp")
    assert at()["y"] == pytest.approx(first["y"], abs=1), "there is no row above"
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    page.keyboard.press("End")
    expect(page.locator(".photo").last).to_be_focused()
