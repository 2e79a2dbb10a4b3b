"""What a batch costs the processor itself: its processor time and its AWS requests, beside bare boto3.

The deployed code handles events whose photos nobody has seen, against the local cloud and a Rekognition that
answers without looking. What it asked of AWS is written down once, and made again by bare boto3.
"""

import json
import pickle
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from contract.moments import to_text
from loadtest.bench.figures import Figure
from loadtest.bench.starting import UnpackedFunction
from loadtest.photos import smallest_photo
from loadtest.places import LocalPlace, canned_rekognition
from loadtest.simulation.queue import QueuedMessage, notification
from loadtest.stack import Stack

MOST_OF_BARE = 1.5
MOST_REQUESTS = 2.5
PHOTOS_A_BATCH = 10
# No slot is waited for.
QUOTAS = "DetectLabels=1000,DetectFaces=1000"
# The first is not measured: it makes the clients.
BATCHES = 41


def figures(scratch: Path, say: Callable[[str], None], rounds: int = 3) -> list[Figure]:
    """Measure on a place of its own whose Rekognition does not look. Raises LoadtestError."""
    photos = scratch / "one-photo"
    photos.mkdir()
    shutil.copy(smallest_photo(), photos)
    with canned_rekognition(0.0) as rekognition_url:
        place = LocalPlace(scratch / "handling", {"quotas": QUOTAS, "pictures": "false"}, rekognition_url)
        say("handling: make run, in a place of its own")
        try:
            place.run(photos)
            services = Stack(place.outputs())
            function = UnpackedFunction.at(
                scratch / "handling-code", services.functions()["processors"], place.packages_of_lambda
            )
            return Handling(function, services.outputs, scratch).figures(rounds, say)
        finally:
            place.stop()


@dataclass(frozen=True)
class Handling:
    """A deployed processor that is handed events here."""

    processor: UnpackedFunction
    outputs: Mapping[str, str]
    scratch: Path

    def figures(self, rounds: int, say: Callable[[str], None]) -> list[Figure]:
        """Measure in turn; return processor milliseconds and AWS requests an image. Raises LoadtestError."""
        say("handling: writing down the AWS calls")
        run, recorded = _name(), self.scratch / "calls.pickle"
        self._handle(run, str(recorded))
        ours, bare = [], []
        for number in range(1, rounds + 1):
            say(f"handling: round {number} of {rounds}")
            ours.append(self._handle(_name()))
            bare.append(self._run("replay_calls", str(recorded), run, _name()))
        images = (BATCHES - 1) * PHOTOS_A_BATCH
        return [
            Figure(
                "processor time of one image",
                median(ours) / images * 1000,
                "ms",
                "bare boto3 making the same AWS calls",
                median(bare) / images * 1000,
                at_most=MOST_OF_BARE,
            ),
            *_requests(pickle.loads(recorded.read_bytes())[1:], images),  # noqa: S301 - our own
        ]

    def _handle(self, run: str, recorded: str = "") -> float:
        events = self.scratch / "events.json"
        events.write_text(json.dumps([self._event(run, number) for number in range(BATCHES)]))
        return self._run("handle_events", str(events), recorded)

    def _event(self, run: str, batch: int) -> dict[str, Any]:
        return {"Records": [self._message(run, batch * PHOTOS_A_BATCH + n) for n in range(PHOTOS_A_BATCH)]}

    def _message(self, run: str, number: int) -> dict[str, Any]:
        # An event of long ago would only lead to a look at the bucket.
        variables, key, now = self.processor.function.environment, f"{run}/{number}.jpg", time.time()
        photo = (key, 100_000, f"{run}{number:024d}", f"{run}{number}", f"{number + 1:016X}")
        body = notification(variables["BUCKET_NAME"], photo, to_text(now))
        message = QueuedMessage(str(uuid4()), body, now, key, receives=1, receipt="none")
        return message.record(variables["QUEUE_URL"].rsplit("/", 1)[1])

    def _run(self, program: str, *arguments: str) -> float:
        said = self.processor.run(
            program,
            *arguments,
            AWS_ENDPOINT_URL=self.outputs["endpoint_url"],
            AWS_ENDPOINT_URL_REKOGNITION=self.outputs["rekognition_url"],
        )
        return float(said)


def _requests(calls: Sequence[Sequence[tuple[str, str, Any]]], images: int) -> list[Figure]:
    made = Counter(
        operation for of_event in calls for service, operation, _ in of_event if service != "rekognition"
    )
    by_kind = [
        Figure(f"of that: {operation}", count / images, "an image") for operation, count in made.most_common()
    ]
    total = Figure(
        "AWS requests beside the detector calls",
        made.total() / images,
        "an image",
        "aimed at",
        MOST_REQUESTS,
        at_most=1.0,
    )
    return [total, *by_kind]


def _name() -> str:
    return uuid4().hex[:8]
