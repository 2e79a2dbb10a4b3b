"""Sizes of pictures by their first bytes, held against Pillow's."""

import io
from typing import Any

import pytest
from PIL import Image

from contract.records import ImageVersion
from processors.adapters.calls import retry_policy
from processors.adapters.s3 import S3Objects
from processors.pipeline.objects import PictureSize, picture_size
from tests.fakes.calls import Calls
from tests.fakes.s3 import BUCKET, FakeS3
from tests.fakes.s3_versions import Versioning


def encoded(kind: str, size: tuple[int, int], **how: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, kind, **how)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"comment": b"x" * 60_000, "icc_profile": b"y" * 100_000}),
    ],
)
def test_the_size_is_what_pillow_says(kind: str, how: dict[str, object]) -> None:
    assert picture_size(encoded(kind, (123, 79), **how)) == PictureSize(123, 79)


def test_rekognition_takes_pictures_from_eighty_pixels_on() -> None:
    assert PictureSize(80, 80).is_large_enough
    assert not PictureSize(800, 79).is_large_enough


@pytest.mark.parametrize("length", range(40))
def test_a_beginning_that_is_too_short_tells_nothing(length: int) -> None:
    for whole in (encoded("PNG", (123, 79)), encoded("JPEG", (123, 79), comment=b"x" * 100)):
        assert picture_size(whole[:length]) in (None, PictureSize(123, 79))


@pytest.mark.parametrize(
    "odd", [b"", b"GIF89a", b"\xff\xd8", b"\xff\xd8\xff\xe0\x00\x00", b"\xff\xd8" + b"\xff" * 99]
)
def test_what_is_no_picture_tells_nothing(odd: bytes) -> None:
    assert picture_size(odd) is None


@pytest.mark.parametrize("versioning", [Versioning.ENABLED, Versioning.NEVER])
def test_the_size_is_that_of_the_version_that_is_asked_about(versioning: Versioning) -> None:
    bucket = FakeS3(Calls(), versioning)
    client: Any = bucket
    objects = S3Objects(client, BUCKET, retry_policy(lambda _seconds: None))
    versions = []
    for size in ((100, 90), (200, 180)):
        bucket.put("a.png", encoded("PNG", size))
        stored = bucket.current("a.png")
        assert stored is not None
        versions.append(ImageVersion("a.png", stored.etag, 1, stored.version_id, ""))

    assert objects.size_of(versions[1]) == PictureSize(200, 180)
    if versioning is Versioning.ENABLED:
        assert objects.size_of(versions[0]) == PictureSize(100, 90)
