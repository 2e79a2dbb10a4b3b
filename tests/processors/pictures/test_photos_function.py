"""What the pictures function answers, of a bucket in memory."""

import hashlib
import io
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from PIL import Image

from aws.retries import RetryPolicy
from contract.photos import PhotoFacts
from loadtest.simulation.outages import client_error
from processors.adapters.photos import S3Photos
from processors.adapters.s3_renditions import CACHE_CONTROL, S3Renditions
from processors.pictures.photos_function import PhotosFunction
from tests.fakes.s3 import BUCKET, FakeS3
from tests.fakes.s3_versions import Versioning
from tests.processors.pictures.photos import FORMATS, encoded, motif

KEY = "2024/Ä & b.jpg"
CONTENT, TOKEN = "0123abcd", "owner-7"


@dataclass
class RenditionsBucket:
    """What was put into the bucket of renditions."""

    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    failure: Exception | None = None

    def put_object(self, **put: Any) -> dict[str, Any]:
        assert put["Bucket"] == "renditions"
        if self.failure:
            raise self.failure
        self.found[put["Key"]] = put
        return {}

    def image(self, name: str) -> Image.Image:
        return Image.open(io.BytesIO(self.found[f"{CONTENT}/{TOKEN}/{name}"]["Body"]))


@dataclass
class PicturesPlace:
    photos: FakeS3 = field(default_factory=FakeS3)
    renditions: RenditionsBucket = field(default_factory=RenditionsBucket)

    def ask(self, *, sidecars: bool = False, near_duplicates: bool = False, **other: Any) -> dict[str, Any]:
        retry = RetryPolicy(2, 1, 0.01, sleep=lambda _: None)
        function = PhotosFunction(
            S3Photos(cast("Any", self.photos), BUCKET, retry),
            S3Renditions(cast("Any", self.renditions), "renditions", retry),
            sidecars=sidecars,
            near_duplicates=near_duplicates,
        )
        stored = self.photos.objects[KEY][-1]
        asked = {
            "key": KEY,
            "etag": stored.etag,
            "version_id": stored.version_id,
            "size_bytes": len(stored.body or b""),
            "content_id": CONTENT,
            "token": TOKEN,
        }
        return function.answer(asked | other)

    def facts(self, content: bytes) -> PhotoFacts:
        self.photos.put(KEY, content)
        return PhotoFacts.from_json(self.ask()["photo"])


@pytest.fixture
def place() -> PicturesPlace:
    return PicturesPlace()


def test_a_plain_photo_gets_a_thumbnail_and_no_view(place: PicturesPlace) -> None:
    facts = place.facts(FORMATS["JPEG"](motif(2000, 1500)))

    assert (facts.format, facts.width, facts.height, facts.is_direct) == ("JPEG", 2000, 1500, True)
    assert (facts.renditions, facts.has_view, facts.orientation) == (TOKEN, False, 1)
    assert facts.hash is not None
    assert facts.sharpness is not None
    assert list(place.renditions.found) == [f"{CONTENT}/{TOKEN}/thumbnail.webp"]
    thumbnail = place.renditions.image("thumbnail.webp")
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (512, 384))


def test_what_rekognition_does_not_read_gets_a_view(place: PicturesPlace) -> None:
    facts = place.facts(FORMATS["TIFF LZW"](motif(3000, 1500)))

    assert (facts.format, facts.width, facts.height, facts.is_direct) == ("TIFF", 3000, 1500, False)
    assert facts.has_view
    view = place.renditions.image("view.jpg")
    assert (view.format, view.size) == ("JPEG", (2048, 1024))
    kept = {name: (put["ContentType"], put["CacheControl"]) for name, put in place.renditions.found.items()}
    assert kept == {
        f"{CONTENT}/{TOKEN}/thumbnail.webp": ("image/webp", CACHE_CONTROL),
        f"{CONTENT}/{TOKEN}/view.jpg": ("image/jpeg", CACHE_CONTROL),
    }


def test_of_a_large_photo_each_byte_is_fetched_once(place: PicturesPlace) -> None:
    noise = Image.frombytes("RGB", (1500, 1000), hashlib.shake_256(b"7").digest(4_500_000))
    place.facts(encoded(noise, "BMP"))

    # The beginning and the rest.
    assert place.photos.calls.made["GetObject"] == 2


def test_what_is_no_photo_is_refused_with_its_key_and_the_reason(place: PicturesPlace) -> None:
    place.photos.put(KEY, b"%PDF-1.7 and more")

    refused = place.ask()["refused"]
    assert refused["code"] == "InvalidImageFormatException"
    assert refused["message"].startswith(f"{KEY}: it is a PDF document; upload it as JPEG, PNG, HEIC")
    assert place.renditions.found == {}


@pytest.mark.parametrize(("size", "code"), [(0, "InvalidImageFormat"), (400 << 20, "ImageTooLarge")])
def test_an_empty_or_huge_file_is_refused_without_a_call(place: PicturesPlace, size: int, code: str) -> None:
    place.photos.put(KEY, b"")

    assert place.ask(size_bytes=size)["refused"]["code"] == f"{code}Exception"
    assert place.photos.calls.made["GetObject"] == 0


@pytest.mark.parametrize("versioning", Versioning)
def test_a_photo_that_was_overwritten_is_superseded(place: PicturesPlace, versioning: Versioning) -> None:
    place.photos.versioning = versioning
    place.photos.put(KEY, FORMATS["PNG"](motif()))
    old = place.photos.objects[KEY][-1]
    place.photos.put(KEY, FORMATS["GIF"](motif()))
    if old.version_id:
        place.photos.delete_version(KEY, old.version_id)

    assert place.ask(etag=old.etag, version_id=old.version_id) == {"superseded": True}


def test_an_old_version_that_is_still_there_is_read(place: PicturesPlace) -> None:
    place.photos.put(KEY, FORMATS["PNG"](motif()))
    old = place.photos.objects[KEY][-1]
    place.photos.put(KEY, FORMATS["GIF"](motif()))

    assert place.ask(etag=old.etag, version_id=old.version_id)["photo"]["format"] == "PNG"


def test_a_photo_that_was_never_there_is_superseded(place: PicturesPlace) -> None:
    place.photos.put(KEY, FORMATS["PNG"](motif()))

    assert place.ask(key="another.jpg", version_id=None) == {"superseded": True}


@pytest.mark.parametrize("how", [{"archived_in": "GLACIER"}, {"sse": "SSE-C"}, {"sse": "a key"}])
def test_what_the_bucket_keeps_to_itself_is_unreadable(place: PicturesPlace, how: dict[str, str]) -> None:
    place.photos.put(KEY, FORMATS["PNG"](motif()), **how)

    assert KEY in place.ask()["unreadable"]["message"]


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "NoSuchBucket"])
def test_a_service_that_fails_is_nobodys_fault(place: PicturesPlace, code: str) -> None:
    place.photos.put(KEY, FORMATS["PNG"](motif()))
    place.renditions.failure = client_error(code, "PutObject", "no")

    assert place.ask()["not_ready"]["code"] == code


def test_what_stands_beside_is_read_where_that_is_on(place: PicturesPlace) -> None:
    place.photos.put("2024/Ä & b.jpg.json", b'{"photoTakenTime": {"timestamp": "1577934245"}}')
    place.photos.put(KEY, FORMATS["JPEG"](motif()))

    assert "taken_at" not in place.ask()["photo"]
    place.photos.calls.made.clear()
    assert place.ask(sidecars=True)["photo"]["taken_at"] == "2020-01-02T03:04:05.000"
    # The photo, two names of XMP and two of Takeout.
    assert place.photos.calls.made["GetObject"] == 5


def test_facts_say_whether_near_duplicates_are_found_by_them(place: PicturesPlace) -> None:
    place.photos.put(KEY, FORMATS["JPEG"](motif()))

    assert "finds_duplicates" not in place.ask()["photo"]
    assert place.ask(near_duplicates=True)["photo"]["finds_duplicates"] is True


def test_what_was_not_decoded_finds_no_duplicates(place: PicturesPlace) -> None:
    place.photos.put(KEY, FORMATS["JPEG"](motif())[:3000])

    assert "finds_duplicates" not in place.ask(near_duplicates=True)["photo"]
