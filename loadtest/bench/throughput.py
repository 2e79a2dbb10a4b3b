"""Images a second, end to end, beside what the local recognizer does when it is asked directly."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from loadtest.bench.completions import await_all
from loadtest.bench.processes import ProcessWatcher
from loadtest.bench.rates import Round, photos_a_round, steady_rate
from loadtest.bench.services import Services
from loadtest.completions import Completions
from loadtest.errors import LoadtestError
from loadtest.photos import distinct_photos, photos_in

# As many as keep the recognizer at work without a pause; with 2 or 8 it does the same.
CALLERS = 4
UPLOADERS = 4
CALLS_A_PHOTO = 2
_DIRECT_BUCKET = "bench-asked-directly"


@dataclass
class Throughput:
    """Puts photos nobody has seen through the recognizer alone, and through the whole pipeline."""

    services: Services
    completions: Completions
    watch: ProcessWatcher

    def __post_init__(self) -> None:
        self._photos = distinct_photos()
        self.services.s3.create_bucket(Bucket=_DIRECT_BUCKET)

    def ask_directly(self, photos: int) -> Round:
        """Call DetectLabels, then DetectFaces, on objects that are there already."""
        keys = self._upload(_DIRECT_BUCKET, photos)
        before = self.watch.cpu_seconds()
        begun = time.monotonic()
        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(self._detect, keys))
        seconds = time.monotonic() - begun
        return Round(photos, seconds, _since(before, self.watch.cpu_seconds()))

    def put_through(self, photos: int) -> Round:
        """Upload photos and wait for their completions; the time is from the first upload to the last told.

        Raises LoadtestError if a photo was not recognized, or if not every photo was worked for once.
        """
        calls_before, before = self._calls(), self.watch.cpu_seconds()
        begun = time.monotonic()
        keys = self._new_keys(photos)
        with ThreadPoolExecutor(1) as beside:
            uploading = beside.submit(self._upload, self.services.outputs["bucket"], photos, keys)
            told = await_all(self.completions, set(keys))
            uploading.result()
        cpu_seconds = _since(before, self.watch.cpu_seconds())
        calls = self._calls() - calls_before
        if calls != CALLS_A_PHOTO * photos:
            raise LoadtestError(f"{photos} photos took {calls} detector calls, not {CALLS_A_PHOTO} each")
        return Round(photos, told[-1] - begun, cpu_seconds, steady_rate(told))

    def _detect(self, key: str) -> None:
        image: Any = {"S3Object": {"Bucket": _DIRECT_BUCKET, "Name": key}}
        self.services.rekognition.detect_labels(Image=image, MaxLabels=50, MinConfidence=40)
        self.services.rekognition.detect_faces(Image=image, Attributes=["ALL"])

    def _new_keys(self, photos: int) -> list[str]:
        folder = uuid4().hex
        return [f"{folder}/{place}.jpg" for place in range(photos)]

    def _upload(self, bucket: str, photos: int, keys: list[str] | None = None) -> list[str]:
        keys = keys or self._new_keys(photos)
        with ThreadPoolExecutor(UPLOADERS) as uploaders:
            bodies = (next(self._photos) for _ in keys)
            list(
                uploaders.map(
                    lambda key, body: self.services.s3.put_object(Bucket=bucket, Key=key, Body=body),
                    keys,
                    bodies,
                )
            )
        return keys

    def _calls(self) -> int:
        return sum(int(counts["accepted"]) for counts in self.services.detector_calls().values())


def rounds_of_both(
    throughput: Throughput, rounds: int, round_seconds: float, say: Callable[[str], None]
) -> tuple[list[Round], list[Round]]:
    """Warm everything, then measure in turn: direct, pipeline, direct, pipeline …"""
    say("throughput: warming up")
    throughput.put_through(photos_in())
    photos = photos_a_round(throughput.ask_directly(photos_in()).rate, round_seconds, photos_in())
    direct, pipeline = [], []
    for number in range(1, rounds + 1):
        say(f"throughput: round {number} of {rounds}, the recognizer asked directly about {photos} photos")
        direct.append(throughput.ask_directly(photos))
        say(f"throughput: round {number} of {rounds}, {photos} photos through the pipeline")
        pipeline.append(throughput.put_through(photos))
    return direct, pipeline


def _since(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    return {group: seconds - before.get(group, 0.0) for group, seconds in now.items()}
