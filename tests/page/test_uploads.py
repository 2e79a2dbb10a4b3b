"""Photos dropped on the page appear when they are recognized."""

from pathlib import Path
from threading import Barrier

import pytest
from playwright.sync_api import FilePayload, Page, expect

from contract.key_filter import KeyFilter
from tests.page.conftest import OpenPage
from tests.page.host import Host, photo, picture
from tests.query_api.photos import rejected

DROP = """([content, name]) => {
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array(content)], name, { type: "image/jpeg" }));
    const drop = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: files });
    document.body.dispatchEvent(drop);
}"""


@pytest.fixture(autouse=True)
def _recognizing(host: Host) -> None:
    """A pipeline that sees a cat in everything but files named broken."""

    def recognize(key: str, content: bytes) -> None:
        seen = {"Cat": 95.0, "Animal": 96.0}
        host.recognize(
            rejected(key, second=90)
            if "broken" in key
            else photo(key, second=60, labels=seen, parents=["Animal"]),
            content,
        )

    host.uploaded = recognize


def jpeg(name: str, colour: str = "tomato") -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": picture(colour)}


def add(page: Page, *files: FilePayload) -> None:
    page.locator("#files").set_input_files(list(files))


def states(page: Page, *wanted: str) -> None:
    expect(page.locator(".upload .upload-state")).to_have_text(list(wanted))


def test_an_uploaded_photo_appears_first_once_it_is_recognized(host: Host, open_page: OpenPage) -> None:
    host.add(photo("old.jpg"))
    page = open_page(host.url)
    expect(page.locator(".tile")).to_have_count(1)

    add(page, jpeg("new cat.jpg"))

    expect(page.locator(".caption-name")).to_have_text(["new cat.jpg", "old.jpg"])
    states(page, "Cat, Animal")
    expect(page.locator("#uploads h2")).to_have_text("1 photo done")
    expect(page.locator(".tile img.loaded")).to_have_count(2)
    assert host.objects["new cat.jpg"] == picture("tomato")


def test_photos_are_added_where_the_deployment_looks(host: Host, open_page: OpenPage) -> None:
    host.accepted = KeyFilter('2026/"&quot;/')
    page = open_page(host.url)

    page.locator("#files").set_input_files({"name": "cat.jpg", "mimeType": "image/jpeg", "buffer": picture()})

    expect(page.locator(".upload")).to_have_attribute("data-state", "recognized")
    assert list(host.objects) == ['2026/"&quot;/cat.jpg']


def test_photos_are_dropped_anywhere_on_the_page(host: Host, open_page: OpenPage) -> None:
    page = open_page(host.url)
    expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()
    files = page.evaluate_handle(
        """content => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(content)], "dropped.jpg", { type: "image/jpeg" }));
            return files;
        }""",
        list(picture()),
    )

    page.dispatch_event("body", "dragenter", {"dataTransfer": files})
    expect(page.get_by_text("Drop photos to add them")).to_be_visible()
    page.dispatch_event("body", "drop", {"dataTransfer": files})

    expect(page.locator(".caption-name")).to_have_text(["dropped.jpg"])
    expect(page.get_by_text("Drop photos to add them")).to_be_hidden()
    expect(page.get_by_role("heading", name="No photos yet")).to_be_hidden()


def test_nothing_is_replaced_by_a_file_of_the_same_name(host: Host, open_page: OpenPage) -> None:
    host.add(photo("cat.jpg"))
    page = open_page(host.url)
    expect(page.locator(".tile")).to_have_count(1)

    add(page, jpeg("cat.jpg", "teal"), jpeg("cat.jpg", "gold"))

    expect(page.locator(".tile")).to_have_count(3)
    assert set(host.objects) == {"cat (2).jpg", "cat (3).jpg"}


def test_two_people_who_add_different_photos_of_one_name_each_see_their_own(
    host: Host, open_page: OpenPage
) -> None:
    seen = {picture("tomato"): "Tomato", picture("teal"): "Duck"}
    host.uploaded = lambda key, content: host.recognize(photo(key, labels={seen[content]: 99.0}), content)
    pages = [open_page(host.url), open_page(host.url)]
    for page in pages:
        expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()
    both = Barrier(2, timeout=30)
    # Both have leave for the same name before either photo is stored.
    host.before_put = lambda key: both.wait() if key == "IMG_0001.JPG" else None

    for page, colour in zip(pages, ("tomato", "teal"), strict=True):
        page.evaluate(DROP, [list(picture(colour)), "IMG_0001.JPG"])
    names = []
    for page, label in zip(pages, ("Tomato", "Duck"), strict=True):
        states(page, label)
        names.append(page.locator(".upload-name").inner_text())

    assert sorted(names) == ["IMG_0001 (2).JPG", "IMG_0001.JPG"]
    assert {host.objects[name] for name in names} == set(seen)
    assert host.objects[names[0]] == picture("tomato")


def test_a_photo_that_waits_to_be_recognized_is_not_replaced(host: Host, open_page: OpenPage) -> None:
    host.objects["cat.jpg"] = picture("gold")
    page = open_page(host.url)

    add(page, jpeg("cat.jpg", "teal"))

    states(page, "Cat, Animal")
    expect(page.locator(".upload-name")).to_have_text("cat (2).jpg")
    assert host.objects == {"cat.jpg": picture("gold"), "cat (2).jpg": picture("teal")}


def test_a_record_of_other_bytes_is_not_taken_for_that_of_ones_own(host: Host, open_page: OpenPage) -> None:
    host.uploaded = lambda key, content: host.recognize(photo(key, labels={"Dog": 99.0}), b"others")
    page = open_page(host.url)
    with page.expect_response(lambda answer: "images?key=cat.jpg" in answer.url and answer.ok):
        add(page, jpeg("cat.jpg", "teal"))

    states(page, "Recognizing …")
    with host.lock:
        host.recognize(photo("cat.jpg", labels={"Cat": 99.0}), picture("teal"))
    states(page, "Cat")


def test_where_nothing_can_be_added_nothing_is_offered(host: Host, open_page: OpenPage) -> None:
    host.uploads = False
    page = open_page(host.url)

    expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()
    expect(page.get_by_text("Add photos")).to_have_count(1)
    expect(page.get_by_text("Add photos")).to_be_hidden()
    expect(page.get_by_text("Drop some here")).to_have_count(0)
    page.evaluate(DROP, [list(picture()), "dropped.jpg"])
    page.evaluate("fetch('health').then(answer => answer.text())")
    expect(page.locator("#uploads")).to_be_hidden()
    assert "/uploads" not in host.paths()


def test_each_file_says_what_became_of_it(host: Host, open_page: OpenPage) -> None:
    page = open_page(host.url)

    add(
        page,
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"},
        {"name": "empty.png", "mimeType": "image/png", "buffer": b""},
        jpeg("broken.jpg"),
        jpeg(f"{'too long' * 130}.jpg"),
    )

    expect(page.locator("#uploads h2")).to_have_text("4 photos done")
    states(
        page,
        "key: must have 1 to 1,024 bytes",
        "Rejected: broken.jpg is no image",
        "The file is empty.",
        "Only photos can be recognized: JPEG, PNG, HEIC, WebP, …",
    )
    expect(page.locator(".tile"), "rejected photos are not among the recognized").to_have_count(0)


@pytest.mark.parametrize(
    "most",
    [(True, 300, "More than 300 MB."), (False, 15, "More than 15 MB, which Rekognition does not take.")],
)
def test_a_file_that_is_too_large_is_not_sent(
    host: Host, open_page: OpenPage, tmp_path: Path, most: tuple[bool, int, str]
) -> None:
    host.pictures, most_mb, said = most
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(most_mb * 1024 * 1024 + 1)
    page = open_page(host.url)

    page.locator("#files").set_input_files(large)

    states(page, said)
    assert "/uploads" not in host.paths()


@pytest.mark.parametrize(
    ("name", "type_", "sent_as"),
    [
        ("IMG_1.HEIC", "", "image/heic"),
        ("IMG_1.heic", "image/heic", "image/heic"),
        ("scan.tif", "application/octet-stream", "image/tiff"),
        ("picture", "image/webp", "image/webp"),
    ],
)
def test_what_phones_write_is_added_too_whether_or_not_the_browser_knows_it(
    host: Host, open_page: OpenPage, name: str, type_: str, sent_as: str
) -> None:
    page = open_page(host.url)
    assert "image/heic,.heic" in (page.locator("#files").get_attribute("accept") or "")

    with page.expect_request("**/uploads") as asked:
        add(page, {"name": name, "mimeType": type_, "buffer": picture()})

    states(page, "Cat, Animal")
    assert f'"content_type":"{sent_as}"' in (asked.value.post_data or "")


def test_where_files_are_not_looked_at_only_what_rekognition_reads_is_added(
    host: Host, open_page: OpenPage
) -> None:
    host.pictures = False
    page = open_page(host.url)
    expect(page.locator("#files")).to_have_attribute("accept", "image/jpeg,image/png")

    add(page, {"name": "IMG_1.heic", "mimeType": "image/heic", "buffer": picture()})

    states(page, "Only JPEG and PNG can be recognized.")
    assert "/uploads" not in host.paths()


def test_an_upload_that_failed_is_sent_again_on_request(host: Host, open_page: OpenPage) -> None:
    page = open_page(host.url)
    expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()
    host.is_down = True
    add(page, jpeg("cat.jpg"))
    states(page, "The API does not answer.")

    host.is_down = False
    page.get_by_role("button", name="Again").click()

    states(page, "Cat, Animal")
    assert set(host.objects) == {"cat.jpg"}


def test_a_token_without_the_scope_for_uploads_is_told_so(host: Host, open_page: OpenPage) -> None:
    host.forbids_uploads = True
    page = open_page(host.url)

    add(page, jpeg("cat.jpg"))

    states(page, "You may not add photos here.")
    assert host.objects == {}


def test_an_upload_that_the_filters_leave_out_is_not_shown_among_them(
    host: Host, open_page: OpenPage
) -> None:
    host.add(photo("dog.jpg", labels={"Dog": 90.0}))
    page = open_page(f"{host.url}?label=Dog")
    expect(page.locator(".tile")).to_have_count(1)

    add(page, jpeg("cat.jpg"))

    states(page, "Cat, Animal")
    expect(page.locator(".caption-name")).to_have_text(["dog.jpg"])
