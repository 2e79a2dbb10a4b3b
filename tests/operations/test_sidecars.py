"""Sidecars are read by other programs as they were meant, and stay below their folder, whatever a key is."""

import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from contract.photos import PhotoFacts
from operations.exporting.photos import Box
from operations.exporting.sidecars import (
    RENAMED,
    SidecarFolder,
    sidecar,
    sidecar_path,
    stored_area,
)
from operations.exporting.writers import WITHOUT_SIZE
from operations.terminal import OperatorError
from processors.pictures.metadata import Tags, facts_of
from processors.pictures.xmp import read_properties
from tests.operations.exports import BOX, FACTS, exported

needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None, reason="exiftool is not installed (Debian: libimage-exiftool-perl)"
)


def read_back(file: Path) -> dict[str, Any]:
    """Read a sidecar as exiftool does: numbers as numbers, structures whole, UTF-8."""
    asked = ["exiftool", "-j", "-G1", "-struct", "-n", str(file)]
    (told,) = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
    return dict(told)


def written(folder: Path, **how: Any) -> Path:
    photo = exported(**how)
    SidecarFolder(folder, "photos").write([photo])
    return folder / sidecar_path(photo.key)


@needs_exiftool
def test_exiftool_reads_back_keywords_rating_date_and_faces(tmp_path: Path) -> None:
    told = read_back(written(tmp_path, faces=[BOX], labels={"Dog": 97.5, "Holiday": 60, "<b>&\"'": 50}))

    assert told["XMP-dc:Subject"] == ["holiday", "Rügen & sea", "Dog", "<b>&\"'"]
    assert told["XMP-xmp:Rating"] == 4
    assert told["XMP-exif:DateTimeOriginal"] == "2026:05:17 18:30:05.250+02:00"
    assert told["XMP-photoshop:DateCreated"] == "2026:05:17 18:30:05.250+02:00"
    assert told["XMP-dc:Source"] == "s3://photos/trip/a.jpg"
    assert told["XMP-mwg-rs:RegionInfo"] == {
        "AppliedToDimensions": {"W": 4000, "H": 3000, "Unit": "pixel"},
        "RegionList": [
            {"Type": "Face", "Area": {"X": 0.25, "Y": 0.4, "W": 0.3, "H": 0.4, "Unit": "normalized"}}
        ],
    }
    assert not [name for name in told if "Warning" in name]


@needs_exiftool
def test_exiftool_puts_a_sidecar_into_a_photo_where_its_regions_are_valid(tmp_path: Path) -> None:
    facts = replace(FACTS, width=30, height=40, orientation=6)
    file = written(tmp_path, faces=[BOX], facts=facts)
    photo = tmp_path / "photo.jpg"
    Image.new("RGB", (40, 30)).save(photo)

    subprocess.run(["exiftool", "-q", "-tagsfromfile", str(file), "-all:all", str(photo)], check=True)

    told = read_back(photo)
    assert told["XMP-mwg-rs:RegionInfo"]["AppliedToDimensions"] == {"W": 40, "H": 30, "Unit": "pixel"}
    assert told["XMP-dc:Subject"][0] == "holiday"


def test_a_sidecar_that_is_uploaded_beside_its_photo_is_read_as_it_was_written() -> None:
    document = sidecar(exported(labels={"Dog": 90}), "photos").encode()

    facts = facts_of(Tags(xmp=read_properties(document)), keep_location=False)

    assert facts["rating"] == FACTS.rating
    assert (facts["taken_at"], facts["taken_zone"]) == (FACTS.taken_at, FACTS.taken_zone)
    assert list(facts["keywords"]) == [*FACTS.keywords, "Dog"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_region_is_where_the_stored_picture_has_what_is_in_the_box(orientation: int) -> None:
    stored = Image.new("L", (40, 30))
    stored.paste(255, (4, 6, 16, 9))
    exif = stored.getexif()
    exif[0x0112] = orientation
    stored.info["exif"] = exif.tobytes()
    displayed = ImageOps.exif_transpose(stored)
    bounds = displayed.getbbox()
    assert bounds is not None
    left, top, right, bottom = bounds
    box = Box(
        left / displayed.width,
        top / displayed.height,
        (right - left) / displayed.width,
        (bottom - top) / displayed.height,
    )

    assert stored_area(box, orientation) == pytest.approx((10 / 40, 7.5 / 30, 12 / 40, 3 / 30))


def test_without_facts_there_are_keywords_and_no_faces(tmp_path: Path) -> None:
    left_out = SidecarFolder(tmp_path, "photos").write([exported(facts=None, faces=[BOX])])

    text = (tmp_path / "trip/a.jpg.xmp").read_text()
    assert "<rdf:li>Dog</rdf:li>" in text
    assert "mwg-rs:Area" not in text
    assert left_out == {f"{WITHOUT_SIZE}: no faces": 1}


hostile = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)


@given(hostile, st.lists(hostile, max_size=3, unique=True))
@example("a\x00\ufffe]]>&<\x1b", ["\x0b", "<!--", "\u2028"])
def test_whatever_texts_hold_a_sidecar_is_xml(key: str, keywords: list[str]) -> None:
    facts = replace(FACTS, keywords=tuple(keywords))

    root = ET.fromstring(sidecar(exported(key, labels={key: 90}, facts=facts, faces=[BOX]), "photos"))

    assert root.tag == "{adobe:ns:meta/}xmpmeta"


segments = st.one_of(
    st.sampled_from(
        ["", ".", "..", "con", "NUL.txt", "a", "A", "com1.", " ", "a:b", "C:", "a\\..\\b", "\x00", "ü" * 300]
    ),
    st.text(st.characters(codec="utf-8"), max_size=20),
)


@given(st.lists(segments, min_size=1, max_size=6).map("/".join))
@example("../../etc/passwd")
@example("/etc/passwd")
@example("a/./b//c")
def test_whatever_a_key_is_its_sidecar_stays_below_the_folder(key: str) -> None:
    path = sidecar_path(key)

    assert not path.is_absolute()
    assert path.suffix == ".xmp"
    for name in path.parts:
        assert name not in ("", ".", "..")
        assert len(name.encode()) <= 255 - len(".partial")
        assert not set(name) & set('<>:"\\|?*\x00\n')
        assert not name.endswith((" ", "."))
        assert name.split(".")[0].lower() not in ("con", "nul", "com1", "aux", "prn")


@given(st.lists(hostile, min_size=2, max_size=2, unique=True))
def test_two_keys_have_two_sidecars(keys: list[str]) -> None:
    assert sidecar_path(keys[0]) != sidecar_path(keys[1])


def test_a_usual_key_keeps_its_name() -> None:
    assert sidecar_path("2026/Rügen 🌊/IMG_1.HEIC") == Path("2026/Rügen 🌊/IMG_1.HEIC.xmp")


def test_what_is_there_of_others_is_left_alone_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "trip").mkdir()
    (tmp_path / "trip/a.jpg.xmp").write_text("somebody's own")
    (tmp_path / "b.xmp").mkdir()
    (tmp_path / "file").write_text("in the way")
    folder = SidecarFolder(tmp_path, "photos")
    photos = [exported("trip/a.jpg"), exported("b"), exported("file/c.jpg"), exported("d.jpg")]

    assert folder.write(photos) == {RENAMED: 3}
    assert folder.write(photos) == {RENAMED: 3}

    assert (tmp_path / "trip/a.jpg.xmp").read_text() == "somebody's own"
    assert len(list(tmp_path.rglob("*.xmp"))) == 6
    assert not list(tmp_path.rglob("*.partial"))
    assert "The sidecar of trip/a.jpg is trip/a.jpg-" in capsys.readouterr().err


def test_a_sidecar_that_is_there_is_written_anew(tmp_path: Path) -> None:
    written(tmp_path, labels={"Cat": 90})

    assert "Cat" not in written(tmp_path, labels={"Dog": 90}).read_text()


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(OperatorError, match="name a folder"):
        SidecarFolder(tmp_path / "x", "photos")


def test_a_photo_that_says_nothing_of_itself_has_a_sidecar(tmp_path: Path) -> None:
    bare = PhotoFacts(format="PNG", width=1, height=1, is_direct=True)

    text = written(tmp_path, labels={}, facts=bare).read_text()

    assert "dc:subject>" not in text
    assert "Rating" not in text
