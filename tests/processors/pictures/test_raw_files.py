"""Raw files as cameras lay them out: their pictures are shown, and what they say is read."""

import contextlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from processors.pictures.errors import RefusedError
from processors.pictures.metadata import facts_of
from tests.processors.pictures.photos import HEIGHT, QUARTERS, WIDTH, is_near, looked_at, quarters
from tests.processors.pictures.raw_files import CAMERAS, RAW_FILES, raw_of_the_motif
from tests.processors.pictures.test_formats import assert_shows_the_motif, image_of

needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")


@pytest.mark.parametrize("form", RAW_FILES)
def test_the_preview_is_shown_and_what_the_file_says_is_read(form: str) -> None:
    picture = looked_at(raw_of_the_motif(form))

    assert (picture.form, picture.width, picture.height, picture.is_direct) == (form, WIDTH, HEIGHT, False)
    assert_shows_the_motif(picture)
    told = facts_of(picture.tags, keep_location=False)
    assert told["camera"] == CAMERAS[form]
    assert told["taken_at"] == "2026-05-17T18:30:05.000"
    assert told["exposure_seconds"] == pytest.approx(1 / 250)


@pytest.mark.parametrize("form", RAW_FILES)
def test_it_is_turned_as_the_file_says_and_not_as_its_preview_does(form: str) -> None:
    picture = looked_at(raw_of_the_motif(form, orientation=6))

    assert (picture.width, picture.height, picture.orientation) == (HEIGHT, WIDTH, 6)
    assert is_near(quarters(image_of(picture))[1], QUARTERS[0])


@pytest.mark.parametrize("form", RAW_FILES)
def test_a_raw_file_that_ends_anywhere_is_shown_or_refused(form: str) -> None:
    content = raw_of_the_motif(form)
    for part in range(1, 40):
        with contextlib.suppress(RefusedError):
            assert looked_at(content[: len(content) * part // 40]).renditions


@needs_exiftool
@pytest.mark.parametrize("form", RAW_FILES)
def test_exiftool_finds_the_same_in_it(form: str, tmp_path: Path) -> None:
    file = tmp_path / f"photo.{form.lower()}"
    file.write_bytes(raw_of_the_motif(form))

    (told,) = json.loads(subprocess.check_output(["exiftool", "-j", "-n", file]))

    assert told["FileType"] == form
    assert told["DateTimeOriginal"] == "2026:05:17 18:30:05"
    assert told["Model"] in CAMERAS[form]
