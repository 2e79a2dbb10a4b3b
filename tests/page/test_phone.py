"""The first fifty photos of 12 megapixels on a phone's network: bytes and seconds, `-s` prints them.

Once with the photos themselves, as where no small pictures were made, and once with small pictures.
"""

import io
import time
from dataclasses import dataclass, replace
from typing import Any

import pytest
from PIL import Image

from infra.bundles import ROOT
from tests.page.album import Album, facts, taken
from tests.page.conftest import OpenPage

PHOTOS = 50
WIDTH, HEIGHT = 4032, 3024
SAMPLES = ("dog.jpg", "astronaut.jpg", "coffee.jpg", "owl.jpg", "colosseum.jpg")
# A phone that has 10 Mbit/s and 40 ms to wherever the bucket is.
BYTES_A_SECOND, LATENCY_MS = 10_000_000 // 8, 40
PATIENCE_S = 400

# Goes on as soon as what is on the screen is there, as somebody does who wants to see it all.
LOOK_AT_ALL = """async count => {
    const isThere = tile => tile.querySelector("img.loaded");
    const wait = () => new Promise(resolve => setTimeout(resolve, 20));
    const tiles = () => [...document.querySelectorAll(".tile")];
    while (tiles().length < count) await wait();
    const onScreen = tiles().filter(tile => tile.getBoundingClientRect().top < innerHeight);
    while (!onScreen.every(isThere)) await wait();
    const screen = performance.now();
    for (const tile of tiles()) {
        tile.scrollIntoView({ block: "center" });
        while (!isThere(tile)) await wait();
    }
    return { screen: screen / 1000, all: performance.now() / 1000, onScreen: onScreen.length };
}"""


@dataclass(frozen=True)
class Look:
    """What came until the photos of the first screen, and all of them, were there."""

    on_screen: int
    screen_seconds: float
    all_seconds: float
    picture_bytes: int


@dataclass(frozen=True)
class Made:
    """A photo as a phone writes it, and what is made of it."""

    photo: bytes
    thumbnail: bytes


def made(sample: str) -> Made:
    """Make a photo of about 4 MB: a sample blown up, with the noise that sensors have."""
    with Image.open(ROOT / "images" / sample) as opened:
        image = opened.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    noise = Image.effect_noise((WIDTH, HEIGHT), 24).convert("RGB")
    photo, thumbnail = io.BytesIO(), io.BytesIO()
    noisy = Image.blend(image, noise, 0.2)
    noisy.save(photo, "JPEG", quality=93)
    noisy.thumbnail((512, 512))
    noisy.save(thumbnail, "WEBP", quality=75)
    return Made(photo.getvalue(), thumbnail.getvalue())


@pytest.fixture(scope="module")
def photos() -> list[Made]:
    return [made(sample) for sample in SAMPLES]


def looked(album: Album, photos: list[Made], open_page: OpenPage, *, with_thumbnails: bool) -> Look:
    for number in range(PHOTOS):
        file = facts(width=WIDTH, height=HEIGHT, renditions="somebody" if with_thumbnails else None)
        content = photos[number % len(photos)]
        record = taken(f"IMG_{number:04}.jpg", file, second=number)
        record = replace(record, version=replace(record.version, size_bytes=len(content.photo)))
        album.objects[record.key] = content.photo
        if (key := file.thumbnail_key(record.content_id)) is not None:
            album.objects[key] = content.thumbnail
        album.add(record)
    page = open_page("about:blank", width=390, height=844, has_touch=True, is_mobile=True)
    page.set_default_timeout(PATIENCE_S * 1000)
    wire = page.context.new_cdp_session(page)
    kinds: dict[str, str] = {}
    received: dict[str, int] = {}

    def answered(event: dict[str, Any]) -> None:
        received[event["requestId"]] = int(event["encodedDataLength"])

    wire.on("Network.requestWillBeSent", lambda event: kinds.update({event["requestId"]: event["type"]}))
    wire.on("Network.loadingFinished", answered)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    wire.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": BYTES_A_SECOND,
            "uploadThroughput": BYTES_A_SECOND,
        },
    )
    page.goto(album.url)
    found = page.evaluate(LOOK_AT_ALL, PHOTOS)
    pictures = sum(count for name, count in received.items() if kinds.get(name) == "Image")
    return Look(found["onScreen"], found["screen"], found["all"], pictures)


@pytest.mark.nightly
def test_the_first_fifty_photos_on_a_phone(photos: list[Made], open_page: OpenPage, album: Album) -> None:
    began = time.monotonic()
    small = looked(album, photos, open_page, with_thumbnails=True)
    for key in [key for key in album.objects if key.endswith(".webp")]:
        del album.objects[key]
    large = looked(album, photos, open_page, with_thumbnails=False)

    sizes = [len(each.photo) / 1e6 for each in photos]
    print(f"\nphotos of {min(sizes):.1f} to {max(sizes):.1f} MB, {time.monotonic() - began:.0f} s in all")
    for name, look in (("the photos themselves", large), ("small pictures", small)):
        print(
            f"{name}: {look.picture_bytes / 1e6:.1f} MB; {look.on_screen} on the first screen after "
            f"{look.screen_seconds:.1f} s, all {PHOTOS} after {look.all_seconds:.1f} s"
        )
    assert small.picture_bytes > PHOTOS * min(len(each.thumbnail) for each in photos)
    assert small.picture_bytes < large.picture_bytes / 40
    assert small.all_seconds < 10 < large.all_seconds / 5
