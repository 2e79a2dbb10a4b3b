"""Whatever is uploaded, in any format, ends as a record, after one attempt, and harms nothing beside it."""

import io
import struct
import urllib.request
import zlib
from pathlib import Path

import pytest
from PIL import Image

from infra.bundles import ROOT
from tests.end_to_end.conftest import Site


def picture(width: int, height: int, form: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").resize((width, height)).convert("RGB").save(out, form)
    return out.getvalue()


def big_jpeg(size_bytes: int) -> bytes:
    """A JPEG is done at its end marker; what follows only makes the file longer."""
    return picture(200, 200).ljust(size_bytes, b"\0")


def bomb(side: int) -> bytes:
    """Return a PNG that says of itself that it is a square of so many pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(100_000))
    chunks = [
        struct.pack(">I", len(it) - 4) + it + struct.pack(">I", zlib.crc32(it)) for it in (header, pixels)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


BAD = {
    "bad/empty.jpg": (b"", "InvalidImageFormatException"),
    "bad/text.jpg": (b"this is not a picture\n" * 20, "InvalidImageFormatException"),
    "bad/truncated.jpg": (picture(400, 400)[:3000], "InvalidImageFormatException"),
    "bad/bomb.png": (bomb(50_000), "ImageTooLargeException"),
    "bad/12000-wide.jpg": (picture(12_000, 85), "InvalidParameterException"),
    "bad/40-wide.jpg": (picture(40, 40), "InvalidParameterException"),
    "bad/truncated.gif": (picture(400, 400, "GIF")[:3000], "InvalidImageFormatException"),
    "bad/video.jpg": (b"\0\0\0\x14ftypisom\0\0\0\0mp42" + bytes(500), "InvalidImageFormatException"),
    "bad/folder/": (b"", "InvalidImageFormatException"),
}

# By what it is: its name is none of that. The last says whether Rekognition is shown a view.
FORMATS = {
    "formats/20-megabytes.jpg": (big_jpeg(20_000_000), "JPEG", True),
    "formats/11000-wide.jpg": (picture(11_000, 100), "JPEG", True),
    "formats/moving.gif": (picture(200, 200, "GIF"), "GIF", True),
    "formats/named.txt": (picture(300, 200, "PNG"), "PNG", False),
    "formats/named.png": (picture(300, 200, "TIFF"), "TIFF", True),
    "formats/named.tif": (picture(300, 200, "AVIF"), "AVIF", True),
    "formats/of a phone.jpg": ((ROOT / "images" / "kingfisher.heic").read_bytes(), "HEIF", True),
}

KEYS = (
    "keys/with space.jpg",
    "keys/a+b.jpg",
    "keys/100%.jpg",
    "keys/100%25.jpg",
    "keys/a#b?c=d&e.jpg",
    'keys/it\'s "quoted".jpg',
    "keys/😀 ünï.jpg",
    "keys/" + "n" * 892 + ".jp",
    "keys/" + "deep/" * 40 + "photo.jpg",
    "keys/<img onerror=alert(1)>.jpg",
)

# Of one photo, so they cost no calls of their own.
MORE_KEYS = tuple(
    f"more/{number:02}{name}"
    for number, name in enumerate(
        (
            # Control characters, whole and as the C1 set; what is no character in XML.
            *(f"a{chr(code)}b.jpg" for code in (1, 7, 8, 9, 10, 11, 12, 13, 27, 31, 127, 0x85, 0x9B, 0xFFFE)),
            "\r\nX-Header: x.jpg", "\x1b[2J\x1b]0;title\x07.jpg", "trailing\n",
            # What turns the direction of writing, is not seen, or is written in two ways.
            "\u202egpj.exe", "\u2066a\u2069.jpg", "\u200b.jpg", "\ufeff.jpg", "\xad.jpg", "\u2028.jpg",
            "e\u0301.jpg", "\xe9.jpg", "\U0001f468\u200d\U0001f469\u200d\U0001f467.jpg", "\U000e0041.jpg",
            "\U0010ffff.jpg",
            # What means something in paths, URLs, globs, shells, templates and this project's own keys.
            "/../../etc/passwd.jpg", "/./a.jpg", "//double.jpg", "/", "/..", "\\..\\a.jpg", "?versionId=null",
            "?key=a&key=b", "#fragment", "%", "%2F..%2F", "%00", "%zz", "+", "*?[a-z]{b,c}",
            "$(id)`id`;|&.jpg",
            "{{7*7}}${7*7}", "%(name)s%s", "' OR '1'='1", "\"},{\"a\":\"b", "<!--<script>--> ]]>&amp;",
            "#record#label#",
            "..", " ", "~", "CON.jpg", "-rf.jpg", "arn:aws:s3:::b/k",
        )
    )
)  # fmt: skip


@pytest.fixture(scope="module")
def uploaded(site: Site, photos: Path) -> Site:
    """Bad files and hostile keys, side by side with good photos."""
    cat = (photos / "chelsea_cat.jpg").read_bytes()
    for key, (body, _) in BAD.items():
        site.put(key, body)
    for key, (body, _, _) in FORMATS.items():
        site.put(key, body)
    for number, key in enumerate(KEYS):
        site.put(key, cat + bytes([number]))
    for key in MORE_KEYS:
        site.put(key, cat)
    site.completions([*BAD, *FORMATS, *KEYS, *MORE_KEYS])
    return site


@pytest.mark.parametrize("key", BAD)
def test_a_bad_file_is_rejected_with_its_reason_after_one_attempt(uploaded: Site, key: str) -> None:
    record = uploaded.record(key)

    assert record["status"] == "rejected"
    assert record["rejection"]["code"] == BAD[key][1]
    assert record["rejection"]["message"]
    assert uploaded.calls(key) <= 2


@pytest.mark.parametrize("key", FORMATS)
def test_a_photo_of_any_format_is_recognized_and_can_be_shown(uploaded: Site, key: str) -> None:
    _, form, has_view = FORMATS[key]
    record = uploaded.record(key)

    assert record["status"] == "recognized", record["rejection"]
    assert record["photo"]["format"] == form
    assert (record["view_url"] is not None) == has_view
    with urllib.request.urlopen(record["view_url"] or record["thumbnail_url"]) as shown:
        image = Image.open(io.BytesIO(shown.read()))
    assert abs(image.width / image.height - record["photo"]["width"] / record["photo"]["height"]) < 1


@pytest.mark.parametrize("key", KEYS)
def test_a_photo_is_recognized_whatever_its_key(uploaded: Site, key: str) -> None:
    record = uploaded.record(key)

    assert (record["key"], record["status"]) == (key, "recognized")
    assert "Cat" in {label["name"] for label in record["labels"]}
    assert uploaded.calls(key) == 2


@pytest.mark.parametrize("key", MORE_KEYS, ids=ascii)
def test_a_key_is_the_same_in_the_bucket_and_in_every_answer(uploaded: Site, key: str) -> None:
    record = uploaded.record(key)

    assert (record["key"], record["status"]) == (key, "recognized")


def test_the_list_has_every_key(uploaded: Site) -> None:
    _, page = uploaded.get("/images", prefix="more/", limit=25)
    listed = [item["key"] for item in page["images"]]
    while cursor := page.get("cursor"):
        _, page = uploaded.get("/images", prefix="more/", limit=25, cursor=cursor)
        listed += [item["key"] for item in page["images"]]

    assert sorted(listed) == sorted(MORE_KEYS)


def test_nothing_of_it_is_a_dead_letter(uploaded: Site) -> None:
    assert uploaded.dead_letters() == []
