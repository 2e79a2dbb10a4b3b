"""DetectLabels: the classifier, the detector and the faces, fused to labels.

https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectLabels.html. `Aliases` are always
empty, for no model here gives them; image properties are measured (`image_properties`).

A label has as confidence the sum of the probabilities of the classifier over everything of its kind, so
that "Dog" is sure where the breed is not, joined with the evidence of the detector as independent chances.
What things are called and what kinds they are is in `taxonomy.json`, made by `taxonomy_make`.
"""

import functools
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from contract.detectors import IMAGE_PROPERTIES
from local.rekognition.detect_faces import detect_faces
from local.rekognition.detector import (
    Box,
    Detection,
    bounding_box,
    box_view,
    centre_view,
    classify,
    detect,
    whole_view,
)
from local.rekognition.image_properties import image_properties
from local.rekognition.models.sessions import Floats, LoadNetwork, Network
from local.rekognition.pictures import Picture
from local.rekognition.request import invalid_parameter

MODEL_VERSION = "3.0"
DEFAULT_MIN_CONFIDENCE = 55.0
GENERAL_LABELS = "GENERAL_LABELS"


@dataclass(frozen=True)
class LabelFilter:
    """`Settings.GeneralLabels`: which labels the caller wants; an empty set asks nothing."""

    names: frozenset[str]
    not_names: frozenset[str]
    categories: frozenset[str]
    not_categories: frozenset[str]

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Self:
        """Read the filters of a request; the two of a kind exclude each other."""
        settings = request.get("Settings", {}).get("GeneralLabels", {})
        kinds = ("LabelInclusion", "LabelExclusion", "LabelCategoryInclusion", "LabelCategoryExclusion")
        filters = cls(*(frozenset(settings.get(f"{kind}Filters", ())) for kind in kinds))
        if (filters.names and filters.not_names) or (filters.categories and filters.not_categories):
            raise invalid_parameter()
        return filters

    def lets_through(self, name: str, category: str) -> bool:
        wanted = not (self.names or self.categories) or name in self.names or category in self.categories
        return wanted and name not in self.not_names and category not in self.not_categories


@dataclass(frozen=True)
class DetectLabels:
    """The operation."""

    labeller: "Labeller"
    taxonomy: "Taxonomy"
    name: str = "DetectLabels"

    @classmethod
    def load(cls, load: LoadNetwork) -> Self:
        taxonomy = load_taxonomy()
        networks = load("efficientnet-lite0"), load("centernet"), load("yunet")
        return cls(Labeller(*networks, taxonomy), taxonomy)

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return labels, surest first, at least `MinConfidence` and at most `MaxLabels` of them."""
        wanted_features = request.get("Features") or [GENERAL_LABELS]
        properties = (
            {"ImageProperties": image_properties(picture, request)}
            if IMAGE_PROPERTIES in wanted_features
            else {}
        )
        if GENERAL_LABELS not in wanted_features:
            return {"Labels": [], **properties, "LabelModelVersion": MODEL_VERSION}
        least = request.get("MinConfidence", DEFAULT_MIN_CONFIDENCE)
        wanted = LabelFilter.of(request)
        labels = [
            label
            for label in self.labeller.find(picture)
            if label.confidence * 100 >= least
            and wanted.lets_through(label.name, self.taxonomy.categories[label.name])
        ]
        return {
            "Labels": [self._write(label) for label in labels[: request.get("MaxLabels")]],
            **properties,
            "LabelModelVersion": MODEL_VERSION,
        }

    def _write(self, label: "Label") -> dict[str, Any]:
        return {
            "Name": label.name,
            "Confidence": round(min(label.confidence * 100, 100.0), 4),
            "Instances": [
                {"BoundingBox": bounding_box(item.box), "Confidence": round(item.confidence * 100, 4)}
                for item in label.instances
            ],
            "Parents": [{"Name": name} for name in self.taxonomy.parents[label.name]],
            "Aliases": [],
            "Categories": [{"Name": self.taxonomy.categories[label.name]}],
        }


@dataclass(frozen=True)
class Taxonomy:
    """Labels, and how the classes of the two models map to them.

    `imagenet` and `coco` are the labels of the models' classes, in the models' order. `parents` are all
    ancestors of a label, `categories` its category.
    """

    labels: tuple[str, ...]
    imagenet: tuple[str, ...]
    coco: tuple[str, ...]
    parents: dict[str, tuple[str, ...]]
    categories: dict[str, str]
    kinds: tuple[NDArray[np.intp], NDArray[np.intp]]
    """Pairs of a label and an ImageNet class that is this label or of its kind, as two rows of places."""

    def sums(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """For each label the probability (0..1) of all ImageNet classes of its kind."""
        # Not a product of matrices: for one of this size numpy would wake, and keep awake, every core.
        labels, classes = self.kinds
        sums = np.bincount(labels, weights=probabilities[classes], minlength=len(self.labels))
        return np.minimum(sums, 1.0).astype(np.float32)


@functools.cache
def load_taxonomy() -> Taxonomy:
    """Read the table that is committed beside this file."""
    table = json.loads((Path(__file__).parent / "taxonomy.json").read_text())
    labels = tuple(table["labels"])
    places = {name: index for index, name in enumerate(labels)}
    parents = {name: tuple(row[1:]) for name, row in table["labels"].items()}
    pairs = [
        (places[label], index)
        for index, name in enumerate(table["imagenet"])
        for label in (name, *parents[name])
    ]
    of_labels, of_classes = np.array(pairs, dtype=np.intp).T
    return Taxonomy(
        labels,
        tuple(table["imagenet"]),
        tuple(table["coco"]),
        parents,
        {name: table["categories"][row[0]] for name, row in table["labels"].items()},
        (of_labels, of_classes),
    )


_EVEN_SCORE, _STEEPNESS = 0.42, 18.0
"""A detection of this score is as likely right as wrong; at 0.54 nine in ten are right."""
_MIN_SHOWN = 0.4
_MOST_WITNESSES = 6


@dataclass(frozen=True)
class Instance:
    """One thing and where it is; confidence 0..1."""

    confidence: float
    box: Box


@dataclass(frozen=True)
class Label:
    """A name, how sure it is (0..1), and where its instances are."""

    name: str
    confidence: float
    instances: tuple[Instance, ...] = field(default=())


def likelihood(score: float) -> float:
    """Return how likely a detection of this score is right, 0..1."""
    return 1.0 / (1.0 + math.exp(-_STEEPNESS * (score - _EVEN_SCORE)))


def either(chances: Iterable[float]) -> float:
    """Return the chance that at least one holds, if they are independent."""
    return 1.0 - math.prod(1.0 - chance for chance in chances)


def witnessed(instances: list[Instance]) -> float:
    """Return the chance that a thing is there at all, from its six surest instances."""
    chances = sorted((instance.confidence for instance in instances), reverse=True)
    return either(chances[:_MOST_WITNESSES])


def shown(instances: list[Instance]) -> tuple[Instance, ...]:
    """Return the instances that are sure enough to be told, surest first."""
    sure = [instance for instance in instances if instance.confidence >= _MIN_SHOWN]
    return tuple(sorted(sure, key=lambda instance: -instance.confidence))


_CLOSE_LOOKS = 2
_MIN_AREA, _LARGE_AREA, _MAX_AREA = 0.01, 0.1, 0.8
_FACE_SIDE_PIXELS = 320
_SURE, _UNSURE = 0.6, 0.2
_MIN_CHANCE = 0.01


@dataclass(frozen=True)
class Labeller:
    """Finds labels in pictures; safe to share between threads."""

    classifier: Network
    detector: Network
    faces: Network
    taxonomy: Taxonomy

    def find(self, picture: Picture) -> list[Label]:
        """Return every label with a chance of at least one in a hundred, surest first."""
        detections = detect(self.detector, picture)
        views = classify(self.classifier, [centre_view(picture), whole_view(picture)])
        whole = self.taxonomy.sums(views.mean(axis=0))
        looks = self._close_looks(picture, detections, whole)
        most = np.maximum.reduce([whole, *looks.values()])
        chances: dict[str, float] = dict(zip(self.taxonomy.labels, most.tolist(), strict=True))
        instances = self._instances(detections, looks, whole)
        for face in detect_faces(self.faces, picture, _FACE_SIDE_PIXELS):
            instances.setdefault("Face", []).append(Instance(face.score, face.box))
        for name, found in instances.items():
            chances[name] = either([chances.get(name, 0.0), witnessed(found)])
        return self._with_parents(chances, instances)

    def _close_looks(
        self, picture: Picture, detections: list[Detection], whole: Floats
    ) -> dict[Detection, Floats]:
        """What the classifier sees where the detector saw something that the whole does not confirm."""
        doubtful = [
            detection
            for detection in detections
            if _MIN_AREA <= detection.area <= _MAX_AREA
            and self.taxonomy.parents[self._name(detection)]
            and whole[self.taxonomy.labels.index(self._name(detection))] < _SURE
        ][:_CLOSE_LOOKS]
        if not doubtful:
            return {}
        views = [box_view(picture, detection.box) for detection in doubtful]
        rows = classify(self.classifier, views)
        return {detection: self.taxonomy.sums(row) for detection, row in zip(doubtful, rows, strict=True)}

    def _name(self, detection: Detection) -> str:
        return self.taxonomy.coco[detection.index]

    def _instances(
        self, detections: list[Detection], looks: dict[Detection, Floats], whole: Floats
    ) -> dict[str, list[Instance]]:
        """Return detections by name, each held against what the classifier sees in its place."""
        instances: dict[str, list[Instance]] = {}
        for detection in detections:
            sums = looks.get(detection, whole)
            is_judged = detection in looks or detection.area > _MAX_AREA
            name = self._second_opinion(detection, sums) if is_judged else self._name(detection)
            seen = float(sums[self.taxonomy.labels.index(name)])
            agrees = seen >= _SURE and (detection in looks or detection.area >= _LARGE_AREA)
            confidence = either([likelihood(detection.score), seen if agrees else 0.0])
            instances.setdefault(name, []).append(Instance(confidence, detection.box))
        return instances

    def _second_opinion(self, detection: Detection, sums: Floats) -> str:
        """Return the detector's name, or another of its own names if the classifier is sure of that one."""
        name = self._name(detection)
        places = self.taxonomy.labels.index
        if not self.taxonomy.parents[name] or sums[places(name)] > _UNSURE:
            return name
        category = self.taxonomy.categories[name]
        rivals = [other for other in self.taxonomy.coco if self.taxonomy.categories[other] == category]
        best = max(rivals, key=lambda other: sums[places(other)])
        return best if sums[places(best)] >= _SURE else name

    def _with_parents(self, chances: dict[str, float], instances: dict[str, list[Instance]]) -> list[Label]:
        """Return labels whose parents are at least as sure as they are."""
        raised = dict(chances)
        for name, chance in chances.items():
            for parent in self.taxonomy.parents[name]:
                raised[parent] = max(raised.get(parent, 0.0), chance)
        labels = [Label(name, chance) for name, chance in raised.items() if chance >= _MIN_CHANCE]
        labels.sort(
            key=lambda label: (-label.confidence, -len(self.taxonomy.parents[label.name]), label.name)
        )
        return [
            replace(label, instances=shown(instances[label.name])) if label.name in instances else label
            for label in labels
        ]
