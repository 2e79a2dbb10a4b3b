"""Files that end early, lie, or were made to do harm: each gets an answer, at once and within bounds."""

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from contract.photos import MOST_PIXELS, PhotoFacts
from processors.adapters.photos import Piece
from processors.pictures.decoding import MOST_SCANS
from processors.pictures.formats import BEGINNING_BYTES
from processors.pictures.photos_function import PhotosFunction
from tests.processors.pictures.photos import FORMATS, HEIC, encoded, motif, with_orientation
from tests.processors.pictures.test_formats import raw_file, tiff

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

REFUSALS = {"InvalidImageFormatException", "ImageTooLargeException", "InvalidParameterException"}
SMALL = motif(96, 88)
FILES = {
    **{name: make(SMALL) for name, make in FORMATS.items()},
    "HEIF": HEIC["plain"],
    "HEIF tiled": HEIC["tiled"],
    "raw": raw_file(t50706=(1, 4, 1)),
    "JPEG with EXIF": with_orientation("JPEG", 6),
    "PNG with EXIF": with_orientation("PNG", 6),
}


@dataclass
class OneFile:
    """A bucket with one file in it, for what reads and what is put."""

    content: bytes

    def piece(self, _photo: object, first: int, end: int) -> Piece:
        return Piece(self.content[first:end], len(self.content))

    def put(self, _key: str, content: bytes, _content_type: str) -> None:
        Image.open(io.BytesIO(content)).load()


def answer(content: bytes) -> dict[str, Any]:
    """Return the pictures function's answer for a file, which has to be one of two kinds."""
    bucket: Any = OneFile(content)
    asked = {"key": "a.jpg", "etag": "e", "version_id": None, "size_bytes": len(content)}
    function = PhotosFunction(bucket, bucket, keep_location=True)
    answered = function.answer(asked | {"content_id": "c", "token": "t"})
    if "refused" in answered:
        assert answered["refused"]["code"] in REFUSALS
        assert answered["refused"]["message"].startswith("a.jpg: it")
        assert len(answered["refused"]["message"]) < 500
    else:
        facts = PhotoFacts.from_json(answered["photo"])
        assert facts.is_direct or facts.has_view
    return answered


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_ends_early_is_answered_for(name: str) -> None:
    content = FILES[name]
    places = {*range(0, min(len(content), 64), 3), *range(64, len(content), max(1, len(content) // 60))}

    for place in sorted(places):
        answered = answer(content[:place])
        if not name.startswith(("JPEG", "PNG", "raw")) and place < len(content) // 3:
            assert "refused" in answered, place


@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_of_a_photo_that_nobody_could_decode_here_rekognition_decides(name: str) -> None:
    content = FORMATS[name](motif())

    facts = PhotoFacts.from_json(answer(content[: len(content) // 2])["photo"])

    assert (facts.format, facts.width, facts.height, facts.is_direct) == (name, 640, 480, True)
    assert (facts.renditions, facts.has_view, facts.hash) == (None, False, None)


def test_what_rekognition_could_not_decode_either_is_refused() -> None:
    content = FORMATS["JPEG CMYK"](motif())

    refused = answer(content[: len(content) // 2])["refused"]

    assert refused["code"] == "InvalidImageFormatException"
    assert "a JPEG that cannot be decoded, it may be damaged" in refused["message"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_bytes_that_were_changed_are_answered_for(data: st.DataObject) -> None:
    content = bytearray(FILES[data.draw(st.sampled_from(sorted(FILES)))])
    for _ in range(data.draw(st.integers(1, 8))):
        # More often in the header, where the lies are.
        most = len(content) - 1 if data.draw(st.booleans()) else min(len(content) - 1, BEGINNING_BYTES)
        place = data.draw(st.integers(0, most))
        changed = data.draw(st.binary(min_size=1, max_size=4))
        content[place : place + len(changed)] = changed
    answer(bytes(content))


@settings(max_examples=150)
@given(
    start=st.sampled_from(sorted({content[:12] for content in FILES.values()})), rest=st.binary(max_size=400)
)
@example(b"\xff\xd8\xff", b"")
@example(b"", b"")
def test_rubbish_is_refused(start: bytes, rest: bytes) -> None:
    answer(start + rest)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, *chunks: bytes, colour: int = 2) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks)


ONE_LINE = chunk(b"IDAT", zlib.compress(bytes(1000)))


@pytest.mark.parametrize(
    "content",
    [
        png(50_000, 50_000, ONE_LINE),
        png(0xFFFFFFFF, 0xFFFFFFFF, ONE_LINE),
        b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(3),
        b"BM" + struct.pack("<IIIIIIHHIIIIII", 99, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0),
        tiff({256: (4, 1, 70_000), 257: (4, 1, 70_000), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1),
              273: (4, 1, 8), 277: (3, 1, 1), 278: (4, 1, 70_000), 279: (4, 1, 4_000_000)}),
        b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<II", 10, 0) + b"\xff" * 6,
        FORMATS["JPEG"](SMALL).replace(struct.pack(">HH", 88, 96), b"\xff\xff\xff\xff"),
        FORMATS["AVIF"](SMALL).replace(struct.pack(">II", 96, 88), struct.pack(">II", 60_000, 60_000)),
        HEIC["plain"].replace(struct.pack(">II", 640, 480), struct.pack(">II", 60_000, 60_000)),
        HEIC["tiled"].replace(struct.pack(">HH", 640, 480), struct.pack(">HH", 65_000, 65_000)),
    ],
)  # fmt: skip
def test_a_picture_that_says_it_is_huge_is_refused_before_memory_is_taken(content: bytes) -> None:
    assert answer(content)["refused"]["code"] in {"ImageTooLargeException", "InvalidImageFormatException"}


def test_what_is_too_large_says_how_large_it_may_be() -> None:
    refused = answer(png(20_000, 20_000, ONE_LINE))["refused"]

    assert refused == {
        "code": "ImageTooLargeException",
        "message": "a.jpg: it has 20,000 x 20,000 pixels; PNG is read up to 178 million: upload it smaller",
    }
    assert MOST_PIXELS < 179_000_000


def test_decoders_that_need_more_memory_get_smaller_pictures() -> None:
    head = struct.pack("<II", 10, 0) + (12_000 - 1).to_bytes(3, "little") + (8_000 - 1).to_bytes(3, "little")
    content = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + head

    assert answer(content)["refused"]["code"] in REFUSALS


def test_a_jpeg_of_countless_scans_does_not_keep_the_function_busy() -> None:
    content = FORMATS["JPEG progressive"](motif())
    start = content.index(b"\xff\xda")
    end = content.index(b"\xff", start + 2)
    # A scan that refines nothing, over and over.
    scans = content[start:end] * (MOST_SCANS + 10)

    facts = answer(content[:start] + scans + content[start:])["photo"]

    # Whether it is a photo after all, Rekognition decides.
    assert (facts["is_direct"], "renditions" in facts) == (True, False)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff" + bytes(20_000_000),
        b"\xff\xd8" + b"\xff" * 20_000_000,
        b"\xff\xd8" + b"\xff\xe1\0\2" * 5_000_000,
        png(640, 480, *[chunk(b"tEXt", b"")] * 500_000, ONE_LINE),
        b"GIF89a" + struct.pack("<HHBBB", 640, 480, 0, 0, 0) + b"!\xfe\1a\0" * 1_000_000,
    ],
)
def test_headers_without_end_are_not_walked_to_the_end(content: bytes) -> None:
    assert "refused" in answer(content)


def test_a_profile_that_unpacks_to_more_than_a_megabyte_spoils_no_photo() -> None:
    profile = chunk(b"iCCP", b"large\0\0" + zlib.compress(bytes(3_000_000)))
    content = encoded(motif(), "PNG")
    place = content.index(b"IDAT") - 4

    assert answer(content[:place] + profile + content[place:])["photo"]["renditions"] == "t"


def test_a_bomb_in_a_comment_is_not_unpacked() -> None:
    bomb = chunk(b"zTXt", b"bomb\0\0" + zlib.compress(bytes(200_000_000)))
    content = encoded(motif(), "PNG")
    place = content.index(b"IDAT") - 4

    facts = answer(content[:place] + bomb + content[place:])["photo"]

    assert facts["is_direct"]
    assert "renditions" not in facts


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("name", ["plain", "tiled", "alpha"])
def test_an_item_whose_type_is_no_text_does_not_end_the_process(name: str, at: int) -> None:
    content = HEIC[name]
    for place in (
        place for place in range(len(content)) if content.startswith((b"Exif\0", b"hvc1\0"), place)
    ):
        damaged = content[: place + at] + b"\xff" + content[place + at + 1 :]
        if content[place - 12 : place - 8] == b"infe":
            assert "list of items is damaged" in answer(damaged)["refused"]["message"]


def test_what_takes_too_much_memory_after_all_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_self: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.BmpImagePlugin.BmpImageFile.load", load)

    refused = answer(FORMATS["BMP"](motif()))["refused"]

    assert refused["code"] == "ImageTooLargeException"
    assert "more memory than there is" in refused["message"]


def test_directories_that_point_at_themselves_come_to_an_end() -> None:
    looping = tiff({254: (4, 1, 1), 330: (4, 1, 16), 256: (4, 1, 96), 50706: (1, 4, 1)})

    assert "without a picture" in answer(looping)["refused"]["message"]
    answer(looping[:-4] + struct.pack("<I", 16))
