"""Every odd file has its verdict, and none breaks the server."""

import base64
import itertools
import json
import subprocess
import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session
import pytest
from PIL import Image

from local.rekognition.pictures import Picture, decode
from local.rekognition.recognition import RealRecognition
from local.rekognition.request import RekognitionError
from local.rekognition.service import RekognitionService, application
from tests.local.rekognition.asgi import PORT, Http
from tests.local.rekognition.files_made import (
    LONG,
    PNG,
    SHORT,
    chunk,
    exif,
    header,
    jpeg_with,
    saved,
    segment,
)
from tests.local.rekognition.odd_files import BLUE, ODD, RED

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")


def seen_at(picture: Picture, across: float) -> tuple[int, int, int]:
    found: Any = picture.getpixel((int(picture.width * across), picture.height // 2))
    return found[0], found[1], found[2]


@pytest.mark.parametrize("name", [name for name, odd in ODD.items() if odd.refused is None])
def test_what_has_its_pixels_is_seen_as_it_is(name: str) -> None:
    odd = ODD[name]

    picture = decode(odd.make())

    assert picture.mode == "RGB"
    assert seen_at(picture, 0.25) == pytest.approx(odd.seen[0], abs=3)
    assert seen_at(picture, 0.75) == pytest.approx(odd.seen[1], abs=3)


@pytest.mark.parametrize("name", [name for name, odd in ODD.items() if odd.refused])
def test_what_has_not_is_refused_with_the_services_own_code(name: str) -> None:
    with pytest.raises(RekognitionError) as refused:
        decode(ODD[name].make())

    assert refused.value.code == ODD[name].refused


@dataclass(frozen=True)
class Sees:
    """An operation that tells the size of what it sees."""

    name: str = "DetectLabels"

    def answer(self, picture: Picture, _request: Mapping[str, Any]) -> dict[str, Any]:
        return {"Labels": [{"Name": f"{picture.size}"}]}


class NoObjects:
    def read(self, place: object) -> bytes:
        raise AssertionError(place)


def test_over_the_wire_each_is_answered_or_refused_and_none_breaks_the_server() -> None:
    model = botocore.session.get_session().get_service_model("rekognition")
    service = RekognitionService(
        RealRecognition({"DetectLabels": Sees()}, NoObjects().read, workers=1), model
    )
    http = Http(application(service, PORT))
    headers = {"x-amz-target": "RekognitionService.DetectLabels"}
    verdicts = {}
    for name, odd in ODD.items():
        body = json.dumps({"Image": {"Bytes": base64.b64encode(odd.make()).decode()}}).encode()
        answer = http.send("POST", "/", body, headers)
        verdicts[name] = answer.status, answer.json().get("Code")

    empty = "empty under the name of a JPEG"
    assert verdicts.pop(empty) == (400, "ValidationException")
    assert verdicts == {
        name: (400, odd.refused) if odd.refused else (200, None) for name, odd in ODD.items() if name != empty
    }


ORIENTED = {
    1: ((40, 30), (0, 0)),
    2: ((40, 30), (1, 0)),
    3: ((40, 30), (1, 1)),
    4: ((40, 30), (0, 1)),
    5: ((30, 40), (0, 0)),
    6: ((30, 40), (1, 0)),
    7: ((30, 40), (1, 1)),
    8: ((30, 40), (0, 1)),
}
"""The shape of the upright picture, and the corner where the file's first pixel comes to lie: right, down."""


@pytest.mark.parametrize("kind", [SHORT, LONG])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", ORIENTED)
def test_each_orientation_is_set_upright(orientation: int, order: str, kind: int) -> None:
    shape, corner = ORIENTED[orientation]
    image = Image.new("RGB", (400, 300), "blue")
    image.paste("red", (0, 0, 100, 100))
    data = jpeg_with(segment(0xE1, exif(orientation, kind, order)), data=saved(image, "JPEG"))

    picture = decode(data)

    assert picture.size == (shape[0] * 10, shape[1] * 10)
    for right, down in itertools.product((0, 1), repeat=2):
        place = (10 if not right else picture.width - 10, 10 if not down else picture.height - 10)
        assert picture.getpixel(place) == pytest.approx(RED if (right, down) == corner else BLUE, abs=10)


SIDE = 10_000
# On Linux, what getrusage tells begins with the peak of the process that started this one.
MEASURED = """
import re, resource, sys
from pathlib import Path
from local.rekognition.pictures import decode

def peak():
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

data = sys.stdin.buffer.read()
before = peak()
picture = decode(data)
print(*picture.size, *picture.getpixel((9, 9)), peak() - before)
"""


def large_png(bits: int, colours: int, pixel: bytes) -> bytes:
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(b"\0" + pixel * SIDE) for _ in range(SIDE)) + packer.flush()
    head = chunk(b"IHDR", header(bits, colours, size=(SIDE, SIDE)))
    return PNG + head + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("make", "size", "seen", "megabytes"),
    [
        pytest.param(
            lambda: large_png(16, 0, b"\x80\xff"),
            2048,
            (128, 128, 128),
            200,
            id="grey, 16 bits",
            marks=pytest.mark.nightly,
        ),
        pytest.param(
            lambda: large_png(16, 4, b"\x80\xff\xff\xff"),
            2048,
            (128, 128, 128),
            400,
            id="grey, alpha",
            marks=pytest.mark.nightly,
        ),
        pytest.param(lambda: large_png(8, 6, b"\xff\0\0\xff"), 2048, (255, 0, 0), 400, id="RGBA"),
        # libjpeg keeps 2 bytes for each coefficient of a progressive JPEG, however small it is to be shown.
        pytest.param(
            lambda: saved(Image.new("L", (SIDE, SIDE), 128), "JPEG", progressive=True),
            1250,
            (128, 128, 128),
            200,
            id="progressive JPEG",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_a_picture_of_100_megapixels_is_answered_in_little_more_memory_than_its_pixels_take(
    make: Callable[[], bytes], size: int, seen: tuple[int, int, int], megabytes: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MEASURED], input=make(), capture_output=True, check=True
    )

    *said, used = map(int, done.stdout.split())
    assert said == [size, size, *seen]
    # A second picture of this size would be another 200 or 400; allocators differ by some dozen.
    assert megabytes * 1_000_000 / 2 < used < (megabytes + 150) * 1_000_000
