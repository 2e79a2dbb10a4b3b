"""A pictures function that reads what is in the picture from its bytes, as FakeRekognition does.

`heic cat 97` is a cat in a format that Rekognition does not read: it is shown the view. `bomb 1` can never be
recognized. Anything else is a JPEG, as far as its beginning tells; one that begins with `burst2-5` is of the
second burst of its camera, and of sharpness 5. `view 1 person@3,4 97` is of a camera that stands still, with
somebody in its fourth column and fifth row.

`face:p1 99 face:p2 80` shows two faces, beside each other, each of which can be cut out.

`film cat 97|dog 88` is a film whose two frames last ten seconds each; a slice has two.
"""

import hashlib
import io
import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from contract.cameras import CELLS, GRID_HEIGHT, GRID_WIDTH, cells_of
from contract.films import Frame, Slice, frame_key
from contract.photos import PhotoFacts
from contract.sightings import PictureBox
from tests.fakes.calls import Calls
from tests.fakes.s3 import FakeS3

FUNCTION = "pictures"
FILMS = "films"
FRAME_MS, SLICE_SECONDS = 10_000, 20.0
RENDITIONS = "renditions"
# How far two faces on a photo are from each other, in parts of its width.
FACE_STEP = 0.08
CAMERA = "Pixel 9"
GEOHASHES = ("u09", "u09t", "u09tu", "u09tun")


def hash_of(body: bytes) -> str:
    """Return what stands for the perceptual hash of a picture: the same for all of a burst."""
    return "0" * 16 if body.startswith(b"burst") else hashlib.blake2b(body, digest_size=8).hexdigest()


def camera_of(body: bytes) -> str:
    """Return the camera, one for each burst."""
    return f"Camera {body[5:6].decode()}" if body.startswith(b"burst") else CAMERA


def _sharpness_of(body: bytes) -> float:
    return float(body[7:8]) if body.startswith(b"burst") else 1.0


@dataclass
class FakePictures:
    """Answers about objects of a fake bucket, and keeps what it makes of them.

    `crashes_on` are contents that end the function.
    """

    s3: FakeS3
    calls: Calls = field(default_factory=Calls)
    renditions: dict[str, bytes] = field(default_factory=dict)
    crashes_on: set[bytes] = field(default_factory=set)
    read: list[str] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        with self.calls.of("Invoke"):
            asked = json.loads(Payload)
            try:
                answer, failed = self._answer(asked, FunctionName), {}
            except MemoryError:
                answer, failed = {"errorType": "Runtime.ExitError"}, {"FunctionError": "Unhandled"}
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode()), **failed}

    def _answer(self, asked: dict[str, Any], function: str) -> dict[str, Any]:
        key = asked["key"]
        self.read.append(key)
        stored = self.s3.version(key, asked["version_id"])
        if stored is None or stored.body is None or stored.etag != asked["etag"]:
            return {"superseded": True}
        if not stored.is_readable:
            return {"unreadable": {"message": f"S3 does not give {key}"}}
        return self._look(asked, function, stored.body)

    def _look(self, asked: dict[str, Any], function: str, body: bytes) -> dict[str, Any]:
        key = asked["key"]
        if body in self.crashes_on:
            raise MemoryError
        if body.startswith(b"bomb"):
            return {"refused": {"code": "InvalidParameterException", "message": f"{key} is too small"}}
        if "boxes" in asked:
            shown = body if asked["view"] is None else self.renditions[asked["view"]]
            return _crops(shown, asked["boxes"])
        content_id = asked["content_id"]
        if function == FILMS:
            return self._film(asked, body.removeprefix(b"film ").split(b"|"))
        if body.startswith(b"film "):
            return {"film": "MP4"}
        is_direct = not body.startswith(b"heic ")
        photo = PhotoFacts(
            format="JPEG" if is_direct else "HEIF",
            width=400,
            height=300,
            is_direct=is_direct,
            taken_at="2026-01-01T12:00:00.000",
            latitude=48.8584,
            longitude=2.2945,
            finds_duplicates=True,
            camera=camera_of(body),
            hash=hash_of(body),
            sharpness=_sharpness_of(body),
            renditions=asked["token"],
            has_view=not is_direct,
        )
        for made in (photo.thumbnail_key(content_id), photo.view_key(content_id)):
            if made is not None:
                self.renditions[made] = body
        return {"photo": photo.to_json(), **_signature(body)}

    def _film(self, asked: dict[str, Any], frames: list[bytes]) -> dict[str, Any]:
        content_id, token = asked["content_id"], asked["token"]
        if asked.get("span") is not None:
            first, end, _ = asked["span"]
            chosen = [
                (Frame(place, place + FRAME_MS, place, hash_of(frame)), frame)
                for place, frame in zip(range(0, 10**9, FRAME_MS), frames, strict=False)
                if first <= place < end
            ]
            for at, frame in chosen:
                self.renditions[frame_key(content_id, token, at.name)] = frame
            return {"slice": Slice(tuple(at for at, _ in chosen), token).to_json()}
        photo = PhotoFacts(
            format=asked["form"],
            width=400,
            height=300,
            is_direct=False,
            renditions=token,
            has_view=True,
            duration_seconds=len(frames) * FRAME_MS / 1000,
            slice_seconds=SLICE_SECONDS,
        )
        for made in (photo.thumbnail_key(content_id), photo.view_key(content_id)):
            if made is not None:
                self.renditions[made] = frames[0]
        return {"photo": photo.to_json()}


def _signature(body: bytes) -> dict[str, str]:
    """Return by what a camera's picture is compared: of `view 1 person@3,4 97`, four cells are bright."""
    words = body.decode(errors="replace").split()
    if words[:1] != ["view"]:
        return {}
    cells = bytearray(60 + 2 * (place % GRID_WIDTH) for place in range(CELLS))
    for word in words:
        if "@" in word:
            for place in cells_of(box_at(word)):
                cells[place] = 250
    return {"signature": b64encode(cells).decode()}


def face_at(number: int) -> dict[str, Any]:
    """Return what DetectFaces says of where a face is that can be cut out, and how well it is seen."""
    return {
        "BoundingBox": {"Left": number * FACE_STEP, "Top": 0.5, "Width": 0.05, "Height": 0.1},
        "Pose": {"Roll": 0.0, "Yaw": 0.0, "Pitch": 0.0},
        "Quality": {"Brightness": 80.0, "Sharpness": 80.0},
    }


def _crops(body: bytes, boxes: list[list[float]]) -> dict[str, Any]:
    words = body.decode().split()
    faces = [
        f"{word} {value}"
        for word, value in zip(words[::2], words[1::2], strict=True)
        if word.startswith("face:")
    ]
    shown = [faces[int((left + width / 2) / FACE_STEP)] for left, _, width, _ in boxes]
    return {"crops": [b64encode(face.encode()).decode() for face in shown]}


def box_at(word: str) -> PictureBox:
    """Return where something is: two cells by two, at the column and the row that its word says."""
    column, row = map(int, word.partition("@")[2].split(","))
    return PictureBox(column / GRID_WIDTH, row / GRID_HEIGHT, 2 / GRID_WIDTH, 2 / GRID_HEIGHT)
