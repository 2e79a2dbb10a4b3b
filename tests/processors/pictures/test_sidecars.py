"""What stands beside a photo fills in what it does not say itself."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.photos import PhotoFacts
from processors.pictures.sidecars import MOST_BYTES, filled_in, takeout_facts
from tests.processors.pictures.test_metadata import packet

TAKEOUT = {
    "title": "photo.jpg",
    "photoTakenTime": {"timestamp": "1577934245", "formatted": "02.01.2020, 03:04:05 UTC"},
    "geoData": {"latitude": 52.52, "longitude": 13.405, "altitude": 30.0},
}
XMP = packet(
    "<dc:subject><rdf:Bag><rdf:li>sea</rdf:li></rdf:Bag></dc:subject>"
    "<exif:GPSLatitude xmlns:exif='http://ns.adobe.com/exif/1.0/'>52,31.2S</exif:GPSLatitude>"
    "<exif:GPSLongitude xmlns:exif='http://ns.adobe.com/exif/1.0/'>13,24,18W</exif:GPSLongitude>"
)


def filled(facts: Mapping[str, Any], **beside: bytes) -> dict[str, Any]:
    """Return facts with what stands beside `a/photo.jpg`; in the names of that, `_` is a dot."""
    objects = {"a/" + name.replace("_", "."): content for name, content in beside.items()}

    def read(name: str, most_bytes: int) -> bytes | None:
        assert most_bytes == MOST_BYTES
        return objects.get(name)

    return filled_in(facts, "a/photo.jpg", read, keep_location=True)


@pytest.mark.parametrize("name", ["photo_xmp", "photo_jpg_xmp"])
def test_an_editors_xmp_fills_in(name: str) -> None:
    assert filled({"camera": "X"}, **{name: XMP}) == {
        "camera": "X", "rating": 5, "keywords": ("sea",), "latitude": -52.52, "longitude": -13.405,
    }  # fmt: skip


@pytest.mark.parametrize(
    "degrees", [b"nan,31.2S", b"52,nanS", b"inf,31.2S", b"52,31.2X", b"-52,31.2S", b"90.1S"]
)
def test_what_is_no_place_on_earth_is_none(degrees: bytes) -> None:
    assert not {"latitude", "longitude"} & filled({}, photo_xmp=XMP.replace(b"52,31.2S", degrees)).keys()


def test_what_the_photo_says_itself_goes_first() -> None:
    own = {"rating": 1, "keywords": ("sun",), "latitude": 1.0, "longitude": 2.0}

    assert filled(own, photo_xmp=XMP) == own | {"keywords": ("sun", "sea")}


@pytest.mark.parametrize("name", ["photo_jpg_json", "photo_jpg_supplemental-metadata_json"])
def test_googles_takeout_tells_when_and_where(name: str) -> None:
    assert filled({}, **{name: json.dumps(TAKEOUT).encode()}) == {
        "taken_at": "2020-01-02T03:04:05.000",
        "taken_zone": "+00:00",
        "taken_from": "Takeout:photoTakenTime",
        "latitude": 52.52,
        "longitude": 13.405,
        "keywords": (),
    }


def test_a_time_is_not_mixed_of_two() -> None:
    own = {"taken_at": "2020-01-02T04:04:05.000", "taken_from": "DateTimeOriginal", "keywords": ()}

    assert filled(own, photo_jpg_json=json.dumps({**TAKEOUT, "geoData": {}}).encode()) == own


def test_with_nothing_beside_nothing_is_added() -> None:
    assert filled({"camera": "X"}) == {"camera": "X"}


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[" * 100_000,
        b"[]",
        b"{}",
        b'{"photoTakenTime": 5, "geoData": []}',
        b'{"photoTakenTime": {"timestamp": "nan"}, "geoData": {"latitude": 1e999, "longitude": 5}}',
        b'{"photoTakenTime": {"timestamp": "999999999999999"}, "geoData": {"latitude": 91, "longitude": 5}}',
        b'{"photoTakenTime": {"timestamp": true}, "geoData": {"latitude": 0.0, "longitude": 0.0}}',
        b'{"photoTakenTime": {"timestamp": ' + b"9" * 4000 + b"}}",
    ],
)
def test_of_hostile_json_nothing_is_taken(document: bytes) -> None:
    assert takeout_facts(document, keep_location=True) == {}


@pytest.mark.parametrize(("latitude", "longitude"), [(90, 180), (-90, -180)])
def test_the_ends_of_the_earth_are_places(latitude: float, longitude: float) -> None:
    there = json.dumps({"geoData": {"latitude": latitude, "longitude": longitude}}).encode()

    found = takeout_facts(there, keep_location=True)
    assert (found["latitude"], found["longitude"]) == (latitude, longitude)


def test_a_place_is_not_noted_unless_asked_for() -> None:
    assert "latitude" not in takeout_facts(json.dumps(TAKEOUT).encode(), keep_location=False)


@settings(max_examples=200)
@given(
    seconds=st.one_of(st.integers(), st.floats(), st.text(max_size=20)),
    place=st.dictionaries(st.sampled_from(["latitude", "longitude"]), st.floats(-200, 200)),
)
def test_what_is_taken_can_be_stored(seconds: object, place: object) -> None:
    document = json.dumps({"photoTakenTime": {"timestamp": seconds}, "geoData": place}).encode()

    facts = takeout_facts(document, keep_location=True)

    PhotoFacts(format="JPEG", width=1, height=1, is_direct=True, **facts)
