from itertools import islice

import pytest
from PIL import Image, ImageChops

from loadtest import LoadtestError
from loadtest.photos import distinct_photos, photos_in
from loadtest.places import MakeRun, stages_of
from tests.processors.pictures.photos import looked_at

SAID = """✓ synth       template 9d2e1a68 made  14.2 s
✓ deploy      stack created  1.6 s
✓ sync        30 photos of images are in s3://bucket, 1 other files left out  5.0 s
✓ recognize   30 of 30 photos have ended  4.9 s

30 recognized, 0 rejected
Everything took 36.9 s.
"""


def test_stages_are_read_off_what_make_run_prints() -> None:
    assert stages_of(SAID) == {"synth": 14.2, "deploy": 1.6, "sync": 5.0, "recognize": 4.9}


def test_a_run_is_told_without_the_photos_own_time() -> None:
    assert MakeRun(36.9, stages_of(SAID)).without_photos_seconds == 32.0


def test_photos_are_distinct_and_show_the_same() -> None:
    import io

    count = photos_in()
    photos = list(islice(distinct_photos(), count + 1))
    assert len(set(photos)) == count + 1
    first, again = (Image.open(io.BytesIO(photo)).convert("RGB") for photo in (photos[0], photos[-1]))
    assert ImageChops.difference(first, again).getbbox() is None


def test_photos_of_several_formats_follow_each_other_and_are_distinct_too() -> None:
    endings = ("jpg", "heic", "tif", "webp")
    photos = list(islice(distinct_photos(endings=endings), 8))

    assert len(set(photos)) == 8
    found = [looked_at(photo) for photo in photos]
    assert [picture.form for picture in found] == ["JPEG", "HEIF", "TIFF", "WEBP"] * 2
    for first, again in zip(found[1:4], found[5:8], strict=True):
        assert first.renditions == again.renditions, "there is one of each"
    with pytest.raises(LoadtestError, match=r"no photos ending in \.cr2"):
        distinct_photos(endings=["jpg", "cr2"])
