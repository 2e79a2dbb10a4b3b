"""The page on the whole pipeline: real photos, really recognized."""

import json
import re
import shutil
import urllib.request
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from contract.errors import FAILURE_ATTRIBUTE, Failure
from contract.notifications import look_again
from contract.table import record_key
from infra.bundles import ROOT
from tests.conftest import RunningCloud
from tests.page.conftest import OpenPage

# Two cores recognize what other tests have queued too.
RECOGNIZED_WITHIN_MS = 120_000
PHOTOS = ROOT / "images"
# What other tests have put on the same cloud is not in sight of these.
COUNTED = "async () => (await (await fetch('labels?prefix=dog')).json()).labels[0]?.name === 'Dog'"
SMALL, LARGE = re.compile(r"/thumbnail\.webp\?"), re.compile(r"/view\.jpg\?")
GIVEN_UP, LONG_AGO = "page-given-up.jpg", "2026-01-01T00:00:00.000Z"
DOG, ASTRONAUT = "page-dog.jpg", "page-astronaut <img src=x onerror=alert(1)>.jpg"


@pytest.fixture(scope="module")
def url(browser: Browser, running: RunningCloud) -> str:
    return f"{running.outputs.api_url}/"


def test_nothing_is_found_where_nothing_is(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}?label=No+such+label")

    expect(page.get_by_role("heading", name="No photo is like this")).to_be_visible()


def test_uploaded_photos_appear_and_are_found_by_what_is_in_them(
    url: str, open_page: OpenPage, tmp_path: Path
) -> None:
    files = [
        shutil.copy(PHOTOS / sample, tmp_path / name)
        for sample, name in (("dog.jpg", DOG), ("astronaut.jpg", ASTRONAUT))
    ]
    page = open_page(f"{url}?prefix=page-")
    expect(page.get_by_role("heading", name="No photo is like this")).to_be_visible()

    page.locator("#files").set_input_files(files)

    expect(page.locator(".upload[data-state=recognized]")).to_have_count(2, timeout=RECOGNIZED_WITHIN_MS)
    expect(page.locator(".tile img.loaded")).to_have_count(2)
    for picture in page.locator(".tile img.loaded").all():
        expect(picture).to_have_attribute("src", SMALL)
    expect(page.locator(".caption-name")).to_contain_text([".jpg", ".jpg"])

    # Counts follow the records after a few seconds.
    page.wait_for_function(COUNTED)
    page.get_by_label("Search by label").press_sequentially("dog")
    page.get_by_role("option", name="Dog", exact=False).first.click()

    expect(page.locator(".caption-name")).to_have_text([DOG])
    page.locator(".photo").hover()
    expect(page.locator(".tile .box.label, .tile .legend-name").first).to_be_visible()
    page.get_by_role("button", name="Remove filter: Dog").click()
    page.get_by_role("button", name="page-astronaut").click()
    expect(page.locator(".viewer .box.face")).to_have_count(1)
    expect(page.locator(".viewer")).to_contain_text(ASTRONAUT)
    assert page.locator("img[src='x']").count() == 0


def test_what_browsers_do_not_show_is_shown_by_what_was_made_of_it(
    url: str, open_page: OpenPage, tmp_path: Path
) -> None:
    with Image.open(PHOTOS / "dog.jpg") as dog:
        dog.save(tmp_path / "page-scan.tif", compression="tiff_lzw")
    page = open_page(f"{url}?prefix=page-scan")

    page.locator("#files").set_input_files(tmp_path / "page-scan.tif")

    expect(page.locator(".upload[data-state=recognized]")).to_have_count(1, timeout=RECOGNIZED_WITHIN_MS)
    expect(page.locator(".tile img.loaded")).to_have_attribute("src", SMALL)
    page.locator(".photo").click()
    expect(page.locator(".viewer img.loaded")).to_have_attribute("src", LARGE)
    expect(page.locator(".about")).to_contain_text("TIFF")
    expect(page.locator(".viewer .box.label").first).to_be_visible()


def test_the_photo_is_where_the_api_says_and_may_be_seen_by_anybody(url: str, open_page: OpenPage) -> None:
    with urllib.request.urlopen(f"{url}images?key={DOG}") as answer:
        photo = json.load(answer)

    with urllib.request.urlopen(photo["url"]) as shown:
        assert shown.headers["content-type"] == "image/jpeg"
        assert shown.read() == (PHOTOS / "dog.jpg").read_bytes()


def test_how_things_stand_is_told(url: str, open_page: OpenPage) -> None:
    page = open_page(url)

    expect(page.locator("#stats")).to_contain_text("ueue")
    expect(page.locator(".segment .count").first).not_to_be_empty()


def test_a_photo_that_was_given_up_is_sent_back_from_the_page_and_recognized(
    url: str, open_page: OpenPage, running: RunningCloud
) -> None:
    clients, outputs, at = running.clients, running.outputs, record_key(GIVEN_UP)
    clients.s3.put_object(Bucket=outputs.bucket, Key=GIVEN_UP, Body=(PHOTOS / "cat.jpg").read_bytes())
    gallery = open_page(f"{url}?prefix={GIVEN_UP}")
    expect(gallery.locator(".tile")).to_have_count(1, timeout=RECOGNIZED_WITHIN_MS)
    clients.tables.Table(outputs.table).delete_item(Key=dict(at._asdict()))
    failure = Failure("transient", "GivenUp", "as arranged", "labels", (GIVEN_UP,), 8, LONG_AGO, LONG_AGO)
    clients.sqs.send_message(
        QueueUrl=outputs.dead_letter_queue_url,
        MessageBody=look_again(outputs.bucket, [GIVEN_UP], LONG_AGO),
        MessageAttributes={FAILURE_ATTRIBUTE: {"DataType": "String", "StringValue": failure.to_json()}},
    )

    page = open_page(f"{url}status")
    cause = page.get_by_role("region", name="transient/GivenUp/labels")
    cause.get_by_role("button", name="Retry").first.click()

    expect(cause).to_contain_text("1 sent back")
    gallery.reload()
    expect(gallery.locator(".tile")).to_have_count(1, timeout=RECOGNIZED_WITHIN_MS)
