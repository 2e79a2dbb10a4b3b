"""Fusing what three networks see, with networks that see what the test says."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image

from local.rekognition import detector
from local.rekognition.detect_labels import Label, Labeller, load_taxonomy
from local.rekognition.models.sessions import Floats, Network

TAXONOMY = load_taxonomy()
PICTURE = Image.new("RGB", (640, 480))
CELLS = 104


def certain_of(name: str) -> Floats:
    """Logits of a classifier that is sure of one class."""
    logits = np.zeros(1000, dtype=np.float32)
    logits[TAXONOMY.imagenet.index(name)] = 20
    return logits


UNSURE = np.zeros(1000, dtype=np.float32)


@dataclass(frozen=True)
class FakeClassifier(Network):
    """Sees one thing on the whole picture, another on a close look."""

    name: str = "classifier"
    session: Any = None
    whole: Floats = field(default_factory=lambda: UNSURE)
    close: Floats = field(default_factory=lambda: UNSURE)
    batches: list[int] = field(default_factory=list)

    def run(self, values: Floats, outputs: list[str] | None = None) -> dict[str, Floats]:
        self.batches.append(len(values))
        row = self.whole if len(self.batches) == 1 else self.close
        return {"logits": np.stack([row] * len(values))}


@dataclass(frozen=True)
class FakeDetector(Network):
    """Sees things: name, score, and half their width in pixels, side by side along the middle."""

    name: str = "detector"
    session: Any = None
    things: tuple[tuple[str, float, float], ...] = ()

    def run(self, values: Floats, outputs: list[str] | None = None) -> dict[str, Floats]:
        heat = np.zeros((1, 80, CELLS, CELLS), dtype=np.float32)
        distances = np.zeros((1, 4, CELLS, CELLS), dtype=np.float32)
        for number, (name, score, half) in enumerate(self.things):
            column = (number + 1) * CELLS // (len(self.things) + 1)
            heat[0, TAXONOMY.coco.index(name), CELLS // 2, column] = score
            distances[0, :, CELLS // 2, column] = half
        return {"tower_0/keypoints": heat, "tower_0/wh": distances}


@dataclass(frozen=True)
class NoFaces(Network):
    name: str = "faces"
    session: Any = None

    def run(self, values: Floats, outputs: list[str] | None = None) -> dict[str, Floats]:
        sizes = {"class": 1, "object": 1, "box": 4, "points": 10}
        return {
            f"{name}_{stride}": np.full((1, channels, 2, 2), -9, dtype=np.float32)
            for name, channels in sizes.items()
            for stride in (8, 16, 32)
        }


def find(classifier: FakeClassifier, *things: tuple[str, float, float]) -> dict[str, Label]:
    labeller = Labeller(classifier, FakeDetector(things=things), NoFaces(), TAXONOMY)
    return {label.name: label for label in labeller.find(PICTURE)}


def test_the_network_has_the_number_of_cells_that_the_test_assumes() -> None:
    assert detector.SIDE == 4 * CELLS


def test_a_sure_class_gives_its_label_and_all_its_kinds() -> None:
    labels = find(FakeClassifier(whole=certain_of("German Shepherd")))

    assert {"German Shepherd", "Dog", "Canine", "Mammal", "Pet", "Animal"} <= set(labels)
    assert min(labels[name].confidence for name in ("Dog", "Animal")) > 0.99


def test_breeds_that_share_the_chances_still_make_a_sure_dog() -> None:
    logits = np.maximum(certain_of("Beagle"), np.maximum(certain_of("Whippet"), certain_of("Saluki")))

    labels = find(FakeClassifier(whole=logits))

    assert labels["Beagle"].confidence < 0.4
    assert labels["Dog"].confidence > 0.99


def test_a_thing_that_only_the_detector_knows_is_a_label_with_its_place() -> None:
    labels = find(FakeClassifier(), ("Giraffe", 0.8, 100))

    (instance,) = labels["Giraffe"].instances
    assert labels["Giraffe"].confidence > 0.95
    assert labels["Animal"].confidence >= labels["Giraffe"].confidence
    assert instance.box == pytest.approx((0.26, 0.26, 0.74, 0.74), abs=0.01)


def test_a_weak_detection_is_no_likely_label() -> None:
    assert find(FakeClassifier(), ("Kite", 0.3, 50))["Kite"].confidence < 0.2


def test_many_weak_detections_of_one_thing_support_each_other() -> None:
    one = find(FakeClassifier(), ("Person", 0.38, 20))["Person"].confidence
    many = find(FakeClassifier(), *[("Person", 0.38, 20)] * 5)["Person"].confidence

    assert one < 0.5 < many


def test_a_box_is_renamed_when_a_close_look_is_sure_of_another_animal() -> None:
    classifier = FakeClassifier(close=certain_of("Egyptian Cat"))

    labels = find(classifier, ("Dog", 0.45, 100))

    assert classifier.batches == [2, 1]
    assert labels["Cat"].instances
    assert "Dog" not in labels or not labels["Dog"].instances


def test_a_close_look_that_knows_no_better_leaves_the_name() -> None:
    labels = find(FakeClassifier(close=certain_of("Espresso")), ("Giraffe", 0.6, 100))

    assert labels["Giraffe"].instances


def test_what_the_whole_picture_confirms_needs_no_close_look() -> None:
    classifier = FakeClassifier(whole=certain_of("Beagle"))

    labels = find(classifier, ("Dog", 0.4, 100))

    assert classifier.batches == [2]
    (instance,) = labels["Dog"].instances
    assert instance.confidence > 0.9


def test_labels_come_surest_first_and_parents_are_never_less_sure() -> None:
    labels = find(FakeClassifier(whole=certain_of("Hen")), ("Person", 0.5, 50), ("Chair", 0.45, 30))

    chances = [label.confidence for label in labels.values()]
    assert chances == sorted(chances, reverse=True)
    for label in labels.values():
        for parent in TAXONOMY.parents[label.name]:
            assert labels[parent].confidence >= label.confidence
