"""Rekognition with a quota: a token bucket for each operation, who was paid for what, and what it answers."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from loadtest.simulation.outages import client_error
from local.rekognition.quotas import TokenBucket

# Eight labels a photo, of 300 that are the rarer the further down they stand: the first is on about half of
# the photos, as Person is.
LABELS_A_PHOTO = 8
_WORDS = [f"Label {number}" for number in range(300)]
_WEIGHTS = [1 / (rank + 1) for rank in range(300)]
_VARIANTS = 500


def _box(numbers: random.Random) -> dict[str, float]:
    return {side: numbers.random() for side in ("Width", "Height", "Left", "Top")}


def _labels(numbers: random.Random) -> dict[str, Any]:
    names: dict[str, None] = {}
    while len(names) < LABELS_A_PHOTO:
        names[numbers.choices(_WORDS, _WEIGHTS)[0]] = None
    return {
        "Labels": [
            {
                "Name": name,
                "Confidence": numbers.uniform(40, 100),
                "Instances": [{"BoundingBox": _box(numbers), "Confidence": numbers.uniform(40, 100)}]
                if place % 3 == 0
                else [],
                "Parents": [],
                "Aliases": [],
                "Categories": [{"Name": "Animals and Pets"}],
            }
            for place, name in enumerate(names)
        ],
        "LabelModelVersion": "3.0",
    }


def _make() -> dict[str, list[Mapping[str, Any]]]:
    numbers = random.Random(1)
    words = [{"Type": "WORD", "DetectedText": f"word{n}", "Confidence": 99.0} for n in range(4)]
    return {
        "DetectLabels": [_labels(numbers) for _ in range(_VARIANTS)],
        "DetectFaces": [{"FaceDetails": [{"BoundingBox": _box(numbers), "Confidence": 99.0}]}],
        "DetectModerationLabels": [{"ModerationLabels": [], "ModerationModelVersion": "7.0"}],
        "DetectText": [{"TextDetections": words, "TextModelVersion": "3.0"}],
    }


_ANSWERS = _make()


def answer(operation: str, place: int) -> Mapping[str, Any]:
    variants = _ANSWERS[operation]
    return variants[place % len(variants)]


class VirtualRekognition:
    """Accepts calls as far as the quota goes. Times are whole seconds since the start."""

    def __init__(self, now: Callable[[], float], quotas: Mapping[str, float], start: float) -> None:
        self.quotas = {operation: TokenBucket(quota, now) for operation, quota in quotas.items()}
        self.paid: Counter[tuple[str, str]] = Counter()
        self.accepted: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.throttled: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._now, self._start = now, start

    def accept(self, operation: str, key: str) -> Mapping[str, Any]:
        """Take a call, which is then paid for, or refuse it as Rekognition does."""
        second = int(self._now() - self._start)
        if not self.quotas[operation].take():
            self.throttled[operation][second] += 1
            raise client_error(
                "ProvisionedThroughputExceededException", operation, "Provisioned rate exceeded"
            )
        self.accepted[operation][second] += 1
        self.paid[operation, key] += 1
        return answer(operation, int(key.rpartition("/")[2].removesuffix(".jpg")))

    def set_share(self, share: float, full: Mapping[str, float]) -> None:
        for operation, bucket in self.quotas.items():
            bucket.set_rate(full[operation] * share)

    def count(self, of: Mapping[str, Counter[int]], begin: int = 0, end: int = 1 << 30) -> int:
        return sum(n for counted in of.values() for second, n in counted.items() if begin <= second < end)
