"""Short films for the fault run, what the pipeline calls their frames, and jobs that look at them whole."""

import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance

from contract.film_jobs import JOBS
from contract.films import IN_FRAMES, Frame
from contract.records import ImageRecord, Status
from contract.results import Result, ResultName
from loadtest import ROOT
from loadtest.faults.calls import part_of
from loadtest.h264 import HEIGHT, WIDTH, film_of, mpeg4
from local.cloud.environment import LocalClients

_RATE, _SHOT_SECONDS, _SHOTS = 5, 2, 2
# contract.films.frame_key
_FRAME = re.compile(r"(.+)/[^/]+/frame-([^/]+)\.jpg")


def films(seed: int) -> Iterator[bytes]:
    """Make films of two shots without end, no two of the same bytes.

    Every other one is H.264, which jobs read; of the rest a job fails, and frames are asked about.
    """
    dice = random.Random(f"{seed} films")
    samples = sorted((ROOT / "images").glob("*.jpg"))
    while True:
        yield film_of([(shot, 2 * _SHOT_SECONDS) for shot in _shots(samples, dice)])
        others = [np.asarray(shot)[:, :, ::-1].copy() for shot in _shots(samples, dice)]
        yield mpeg4([shot for shot in others for _ in range(_RATE * _SHOT_SECONDS)], _RATE)


def _shots(samples: list[Path], dice: random.Random) -> list[Image.Image]:
    found = []
    for sample in dice.sample(samples, _SHOTS):
        with Image.open(sample) as photo:
            shot = photo.convert("RGB").resize((WIDTH, HEIGHT))
        found.append(ImageEnhance.Brightness(shot).enhance(dice.uniform(0.85, 1.15)))
    return found


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


def jobs_by_content(
    by_object: Mapping[str, Mapping[str, int]], content_ids: Mapping[str, str]
) -> dict[tuple[str, str], int]:
    """Return how many jobs were begun, by operation and content of the film.

    `by_object` is what Rekognition counts of each `bucket/key`, `content_ids` are by the keys of films.
    """
    begun = Counter[tuple[str, str]]()
    for operation in {spec.start for spec in JOBS.values()} & by_object.keys():
        for place, count in by_object[operation].items():
            begun[operation, content_ids[place.partition("/")[2]]] += count
    return dict(begun)


def wrong_jobs(
    records: Mapping[str, ImageRecord],
    results: Mapping[ResultName, Result],
    begun: Mapping[tuple[str, str], int],
    is_read_by_jobs: Mapping[str, bool],
) -> dict[str, str]:
    """Return what is wrong with jobs: each was begun once, and gave the answer if it reads that film.

    `is_read_by_jobs` says of which content a job reads it.
    """
    found = {
        f"{operation} of {content_id}": f"was begun {count} times"
        for (operation, content_id), count in begun.items()
        if count > 1
    }
    for key, record in records.items():
        content_id = record.version.content_id
        if not is_film(key) or record.status is not Status.RECOGNIZED:
            continue
        for detector in JOBS.keys() & record.detectors.keys():
            answer = results.get(ResultName(content_id, detector, record.detectors[detector]))
            if (JOBS[detector].start, content_id) not in begun:
                found[key] = f"no job looked for {detector}"
            elif answer is not None and _is_of_a_job(answer.response) != is_read_by_jobs[content_id]:
                found[key] = f"its {detector} are by {'frames' if is_read_by_jobs[content_id] else 'a job'}"
    return found


def _is_of_a_job(response: Mapping[str, Any]) -> bool:
    """Return whether an answer is about steps of a film, which have no frames whose bytes could name them."""
    return not any(Frame.from_json(each[: len(Frame._fields)]).name for each in response[IN_FRAMES])


def is_h264(film: bytes) -> bool:
    return b"avc1" in film
