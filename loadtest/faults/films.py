"""Short films for the fault run, and what the pipeline calls the frames of films."""

import hashlib
import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2

from loadtest import ROOT
from loadtest.faults.calls import part_of
from local.cloud.environment import LocalClients

_SIZE, _RATE, _SHOT_SECONDS, _SHOTS = (320, 240), 5, 2, 2
# contract.films.frame_key
_FRAME = re.compile(r"(.+)/[^/]+/frame-([^/]+)\.jpg")


def films(seed: int) -> Iterator[bytes]:
    """Make films of two shots without end, no two of the same bytes."""
    dice = random.Random(f"{seed} films")
    samples = sorted((ROOT / "images").glob("*.jpg"))
    while True:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "film.mp4"
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), _RATE, _SIZE)
            for sample in dice.sample(samples, _SHOTS):
                picture = cv2.imread(str(sample))
                assert picture is not None, sample
                shown = cv2.convertScaleAbs(cv2.resize(picture, _SIZE), alpha=dice.uniform(0.85, 1.15))
                for _ in range(_RATE * _SHOT_SECONDS):
                    writer.write(shown)
            writer.release()
            yield path.read_bytes()


def is_film(key: str) -> bool:
    return key.endswith(".mp4")


def frame_at(key: str) -> str | None:
    """Return what the frame is called whose picture stands at a key; None for any other rendition."""
    found = _FRAME.fullmatch(key)
    return part_of(found[1], found[2]) if found else None


def frames_by_digest(clients: LocalClients, renditions_bucket: str) -> dict[str, str]:
    """Return what each frame that was made is called, by the SHA-256 of its picture."""
    named: dict[str, str] = {}
    for key in clients.objects(renditions_bucket):
        if (name := frame_at(key)) is not None:
            picture = clients.s3.get_object(Bucket=renditions_bucket, Key=key)["Body"].read()
            named[hashlib.sha256(picture).hexdigest()] = name
    return named
