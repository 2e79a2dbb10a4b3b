"""What photos say of themselves, as exiftool writes it: when, with what, where, and in whose words."""

import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.photos import MAX_KEYWORDS, MAX_TEXT_CHARACTERS, PhotoFacts
from processors.pictures.directories import directory_of_exif
from processors.pictures.iptc import IptcTags, read_iptc
from processors.pictures.metadata import Tags, facts_of
from processors.pictures.texts import clean_keywords, clean_text, parse_moment, parse_zone, positive
from processors.pictures.xmp import MOST_BYTES, read_properties
from tests.processors.pictures.photos import FORMATS, HEIC, encoded, looked_at, motif

Write = Callable[..., dict[str, Any]]
SMALL = motif(160, 120)
CONTENTS = {
    "jpg": FORMATS["JPEG"](SMALL),
    "png": FORMATS["PNG"](SMALL),
    "tif": FORMATS["TIFF LZW"](SMALL),
    "webp": FORMATS["WEBP"](SMALL),
    "heic": HEIC["plain"],
    "avif": FORMATS["AVIF"](SMALL),
}


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Return what writes tags by exiftool into a photo of a format, and reads back what we know of it."""

    if shutil.which("exiftool") is None:
        # On a developer's machine it may be missing; in CI, .ci/run installs it.
        give_up = pytest.skip if os.environ.get("CI", "") in {"", "false"} else pytest.fail
        give_up("exiftool is not installed: apt-get install libimage-exiftool-perl")

    def write(*tags: str, suffix: str = "jpg", keep_location: bool = True) -> dict[str, Any]:
        path = tmp_path / f"a.{suffix}"
        path.write_bytes(CONTENTS[suffix])
        command = ["exiftool", "-q", "-overwrite_original", "-all=", *(f"-{tag}" for tag in tags), str(path)]
        subprocess.run(command, check=True)
        return facts_of(looked_at(path.read_bytes()).tags, keep_location=keep_location)

    return write


@pytest.mark.parametrize("suffix", CONTENTS)
def test_what_exiftool_writes_is_read_from_each_format(written: Write, suffix: str) -> None:
    found = written(
        "EXIF:DateTimeOriginal=2023:08:09 10:11:12",
        "EXIF:SubSecTimeOriginal=0425",
        "EXIF:OffsetTimeOriginal=-03:30",
        "EXIF:Make=NIKON CORPORATION",
        "EXIF:Model=NIKON D750",
        "EXIF:LensModel=50mm f/1.8G",
        "EXIF:ExposureTime=1/250",
        "EXIF:FNumber=5.6",
        "EXIF:ISO=400",
        "EXIF:FocalLength=50",
        "EXIF:GPSLatitude=52.520008",
        "EXIF:GPSLatitudeRef=N",
        "EXIF:GPSLongitude=13.404954",
        "EXIF:GPSLongitudeRef=W",
        "XMP:Rating=4",
        "XMP:Subject=sea",
        "XMP:Subject=Wörter & <b>",
        suffix=suffix,
    )

    assert found == {
        "taken_at": "2023-08-09T10:11:12.042",
        "taken_zone": "-03:30",
        "taken_from": "DateTimeOriginal",
        "camera": "NIKON D750",
        "lens": "50mm f/1.8G",
        "exposure_seconds": 0.004,
        "f_number": 5.6,
        "iso": 400,
        "focal_length_mm": 50.0,
        "latitude": 52.520008,
        "longitude": -13.404954,
        "rating": 4,
        "keywords": ("sea", "Wörter & <b>"),
    }
    PhotoFacts(format="JPEG", width=1, height=1, is_direct=True, **found)


def test_a_place_is_not_noted_unless_asked_for(written: Write) -> None:
    found = written(
        "GPSLatitude=52.5", "GPSLatitudeRef=N", "GPSLongitude=13.4", "GPSLongitudeRef=E", keep_location=False
    )

    assert not {"latitude", "longitude"} & found.keys()


@pytest.mark.parametrize(
    ("tags", "at", "source"),
    [
        (["ModifyDate=2020:01:01 00:00:00"], "2020-01-01T00:00:00.000", "DateTime"),
        (
            [
                "ModifyDate=2020:01:01 00:00:00",
                "IPTC:DateCreated=2019:03:04",
                "IPTC:TimeCreated=05:06:07+02:00",
            ],
            "2019-03-04T05:06:07.000",
            "IPTC:DateCreated",
        ),
        (
            ["IPTC:DateCreated=2019:03:04", "XMP-xmp:CreateDate=2018:05:06 07:08:09.5+01:00"],
            "2018-05-06T07:08:09.500",
            "xmp:CreateDate",
        ),
        (
            ["XMP-xmp:CreateDate=2018:05:06 07:08:09", "XMP-photoshop:DateCreated=2017:01:02"],
            "2017-01-02T00:00:00.000",
            "photoshop:DateCreated",
        ),
        (
            ["XMP-xmp:CreateDate=2018:05:06 07:08:09", "EXIF:CreateDate=2016:01:02 03:04:05"],
            "2016-01-02T03:04:05.000",
            "DateTimeDigitized",
        ),
        (
            ["EXIF:CreateDate=2016:01:02 03:04:05", "EXIF:DateTimeOriginal=2015:01:02 03:04:05"],
            "2015-01-02T03:04:05.000",
            "DateTimeOriginal",
        ),
    ],
)
def test_of_several_times_that_of_the_picture_is_taken(
    written: Write, tags: list[str], at: str, source: str
) -> None:
    found = written(*tags)

    assert (found["taken_at"], found["taken_from"]) == (at, source)


def test_a_time_that_there_never_was_gives_way_to_the_next_best(written: Write) -> None:
    found = written("EXIF:DateTimeOriginal=0000:00:00 00:00:00", "EXIF:CreateDate=2016:01:02 03:04:05")

    assert found["taken_from"] == "DateTimeDigitized"


def test_a_time_of_iptc_has_its_zone(written: Write) -> None:
    assert written("IPTC:DateCreated=2019:03:04", "IPTC:TimeCreated=05:06:07+02:00")["taken_zone"] == "+02:00"


def test_keywords_of_xmp_and_iptc_are_there_once(written: Write) -> None:
    found = written("XMP:Subject=sea", "XMP:Subject=sun", "IPTC:Keywords=sun", "IPTC:Keywords=Straße")

    assert found["keywords"] == ("sea", "sun", "Straße")


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS R5", "Canon EOS R5"),
        ("NIKON CORPORATION", "NIKON Z 6", "NIKON Z 6"),
        ("Apple", "iPhone 15", "Apple iPhone 15"),
        ("samsung", "SM-G998B", "samsung SM-G998B"),
        ("", "X100V", "X100V"),
        ("LEICA CAMERA AG", "LEICA Q2  ", "LEICA Q2"),
    ],
)
def test_a_camera_is_called_by_its_maker_once(written: Write, make: str, model: str, camera: str) -> None:
    assert written(f"EXIF:Make={make}", f"EXIF:Model={model}")["camera"] == camera


def test_a_photo_without_tags_says_nothing(written: Write) -> None:
    assert written() == {"keywords": ()}


def exif(*entries: tuple[int, int, int, bytes], order: str = "<") -> bytes:
    """Return a block of EXIF: tags of its own directory, each with type, count and value."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    own = struct.pack(order + "HHHIII", 1, 0x8769, 4, 1, 8 + 2 + 12 + 4, 0)
    place = 8 + 2 + 12 + 4 + 2 + 12 * len(entries) + 4
    written, rest = struct.pack(order + "H", len(entries)), b""
    for tag, kind, count, value in entries:
        inline = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(order + "I", place + len(rest))
        rest += b"" if len(value) <= 4 else value
        written += struct.pack(order + "HHI", tag, kind, count) + inline
    return b"Exif\0\0" + head + own + written + bytes(4) + rest


def facts(block: bytes) -> dict[str, Any]:
    return facts_of(Tags(directory_of_exif(block)), keep_location=True)


@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_that_no_camera_has_are_left_out(order: str) -> None:
    def numbers(iso: int, *fractions: tuple[int, int]) -> dict[str, Any]:
        tags = [(0x829A, fractions[0]), (0x829D, fractions[1]), (0x920A, fractions[2])]
        entries = [(tag, 5, 1, struct.pack(order + "II", *value)) for tag, value in tags]
        return facts(exif(*entries, (0x8827, 3, 1, struct.pack(order + "H", iso)), order=order))

    assert numbers(100, (1, 50), (28, 10), (35, 1)) == {
        "exposure_seconds": 0.02, "f_number": 2.8, "focal_length_mm": 35.0, "iso": 100, "keywords": (),
    }  # fmt: skip
    assert numbers(0, (1, 0), (0, 0), (0, 5)) == {"keywords": ()}


def test_floats_that_are_no_numbers_are_left_out() -> None:
    nan = struct.pack("<d", float("nan"))

    assert facts(exif((0x829A, 12, 1, nan), (0x829D, 12, 1, struct.pack("<d", float("inf"))))) == {
        "keywords": ()
    }


@settings(max_examples=300)
@given(
    entries=st.lists(
        st.tuples(
            st.sampled_from([0x9003, 0x9004, 0x9291, 0x9011, 0x829A, 0x829D, 0x8827, 0x920A, 0xA434, 0x8825]),
            st.integers(0, 14),
            st.one_of(st.integers(0, 40), st.just(0xFFFFFFFF)),
            st.binary(max_size=60),
        ),
        max_size=6,
    ),
    cut=st.integers(0, 400),
)
def test_any_exif_gives_facts_that_can_be_stored(
    entries: list[tuple[int, int, int, bytes]], cut: int
) -> None:
    for block in (exif(*entries), exif(*entries)[:cut]):
        PhotoFacts(format="JPEG", width=1, height=1, is_direct=True, **facts(block))


@settings(max_examples=300)
@given(text=st.text(max_size=400))
def test_text_is_harmless_whatever_was_written(text: str) -> None:
    cleaned = clean_text(text)

    if cleaned is not None:
        assert 0 < len(cleaned) <= MAX_TEXT_CHARACTERS
        assert cleaned.isprintable() or "\u200d" in cleaned or not cleaned.isascii()
        cleaned.encode()
        assert clean_text(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\0b\x1b[31mc\r\n d", "ab[31mc d"),
        ("\ud800 x", "x"),
        ("\u202egpj.exe", "gpj.exe"),
        ("two\u2028\u2029lines", "two lines"),
        ("  ", None),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * 5000, "x" * MAX_TEXT_CHARACTERS),
        ("👨\u200d👩 Ä", "👨\u200d👩 Ä"),
    ],
)
def test_what_has_no_business_in_a_text_is_left_out(text: str, cleaned: str | None) -> None:
    assert clean_text(text) == cleaned


def test_there_are_so_many_keywords_and_no_more() -> None:
    assert len(clean_keywords(str(number) for number in range(10**6))) == MAX_KEYWORDS


@pytest.mark.parametrize(
    "text",
    [
        "0000:00:00 00:00:00", "2020:13:01 00:00:00", "2020:02:30 00:00:00", "2020:01:01 24:00:00",
        "    :  :     :  :  ", "", "now", "2020", "2020:01:01 00:00:61", "1066:10:14 09:00:00",
        "9999:01:01 00:00:00",
        "٢٠٢٠:01:01 00:00:00", "2020:01:01 00:00:00" * 100,
    ],
)  # fmt: skip
def test_impossible_times_are_none(text: str) -> None:
    assert parse_moment(text) is None


@pytest.mark.parametrize("year", [1800, 2200])
def test_the_first_and_the_last_year_are_years(year: int) -> None:
    assert parse_moment(f"{year}:01:01 00:00:00") == (f"{year}-01-01T00:00:00.000", None)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Z", "+00:00"),
        ("+0530", "+05:30"),
        ("-03:00", "-03:00"),
        ("+19:00", None),
        ("+01:60", None),
        ("x", None),
    ],
)
def test_zones(text: str, zone: str | None) -> None:
    assert parse_zone(text) == zone


def test_fractions_of_a_second_are_milliseconds() -> None:
    assert parse_moment("2020:01:01 00:00:00", "5 ") == ("2020-01-01T00:00:00.500", None)
    assert parse_moment("2020:01:01 00:00:00", "1239") == ("2020-01-01T00:00:00.123", None)
    assert parse_moment("2020:01:01 00:00:00", "-1") == ("2020-01-01T00:00:00.000", None)


def test_numbers_are_kept_to_six_digits() -> None:
    assert positive(1 / 3) == 0.333333
    assert [positive(number) for number in (None, -1.0, 0.0, float("nan"), float("inf"), 1e9)] == [None] * 6


def packet(properties: str) -> bytes:
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmp:Rating="5">{properties}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>""".encode()


def test_xmp_is_read_in_each_of_its_forms() -> None:
    found = read_properties(
        packet("<xmp:CreateDate>2020-01-02</xmp:CreateDate><dc:subject><rdf:Bag><rdf:li>a</rdf:li>"
               "<rdf:li>b &amp; c</rdf:li></rdf:Bag></dc:subject>"
               "<xmp:Other xmlns:o='o:'><o:x>1</o:x></xmp:Other>")
    )  # fmt: skip

    assert found == {"xmp:Rating": ["5"], "xmp:CreateDate": ["2020-01-02"], "dc:subject": ["a", "b & c"]}


FILE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "document",
    [
        LAUGHS + packet("<xmp:CreateDate>&b;</xmp:CreateDate>"),
        FILE + packet("<xmp:CreateDate>&a;</xmp:CreateDate>"),
        packet("<xmp:CreateDate>"),
        b"<a>" * 100_000,
        packet("<dc:subject><rdf:Bag>" + "<rdf:li>a</rdf:li>" * 100_000 + "</rdf:Bag></dc:subject>"),
        b"x" * (MOST_BYTES + 1),
        b"",
        b"\xff\xfe\0\0",
        "<a/>".encode("utf-16"),
        b"<?xml version='1.0' encoding='no-such'?><a/>",
    ],
)  # fmt: skip
def test_hostile_xmp_gives_nothing_that_was_not_written(document: bytes) -> None:
    found = read_properties(document)

    assert set(found) <= {"xmp:Rating", "dc:subject"}
    assert len(found.get("dc:subject", [])) <= 256


@settings(max_examples=200)
@given(block=st.binary(max_size=300))
def test_any_iptc_and_xmp_is_read_to_where_it_breaks(block: bytes) -> None:
    assert isinstance(read_iptc(b"\x1c\x02" + block), IptcTags)
    assert isinstance(read_properties(b"<x>" + block), dict)


@pytest.mark.parametrize("side", ["N", "S"])
def test_a_place_is_signed_by_its_side(written: Write, side: str) -> None:
    found = written("GPSLatitude=33.5", f"GPSLatitudeRef={side}", "GPSLongitude=70.25", "GPSLongitudeRef=E")

    assert (found["latitude"], found["longitude"]) == (33.5 if side == "N" else -33.5, 70.25)


def test_where_a_camera_did_not_know_it_was_there_is_no_place(written: Write) -> None:
    found = written("GPSLatitude=0", "GPSLatitudeRef=N", "GPSLongitude=0", "GPSLongitudeRef=E")

    assert not {"latitude", "longitude"} & found.keys()


def test_words_that_pretend_to_be_a_page_stay_words(written: Write) -> None:
    words = "<img src=x onerror=alert(1)>\"'&"

    assert written(f"EXIF:Make={words}")["camera"] == words


def test_exif_in_a_picture_is_not_in_its_facts_when_it_is_cut() -> None:
    block = exif((0x9003, 2, 20, b"2020:01:02 03:04:05\0"))

    assert facts_of(looked_at(encoded(SMALL, "JPEG", exif=block)).tags, keep_location=True)["taken_at"]
    for cut in range(6, len(block)):
        found = facts_of(looked_at(encoded(SMALL, "JPEG", exif=block[:cut])).tags, keep_location=True)
        assert "taken_at" not in found
