"""From what three networks see to labels: fusing the classifier, the detector and the faces.

A label's confidence is the sum of the classifier's probabilities over everything of its kind, so that
"Dog" is sure where the breed is not, joined with the detector's evidence as independent chances.
"""

from dataclasses import dataclass, replace

import numpy as np

from local.rekognition.classifier import box_view, centre_view, classify, whole_view
from local.rekognition.detector import Detection, detect
from local.rekognition.evidence import Instance, Label, either, likelihood, shown, witnessed
from local.rekognition.face_detector import detect_faces
from local.rekognition.models.sessions import Floats, Network
from local.rekognition.pictures import Picture
from local.rekognition.taxonomy import Taxonomy

_CLOSE_LOOKS = 2
_MIN_AREA, _LARGE_AREA, _MAX_AREA = 0.01, 0.1, 0.8
_FACE_SIDE_PIXELS = 320
_SURE, _UNSURE = 0.6, 0.2
_MIN_CHANCE = 0.01


@dataclass(frozen=True)
class LabelNetworks:
    """The three networks."""

    classifier: Network
    detector: Network
    faces: Network


@dataclass(frozen=True)
class Labeller:
    """Finds labels in pictures; safe to share between threads."""

    networks: LabelNetworks
    taxonomy: Taxonomy

    def find(self, picture: Picture) -> list[Label]:
        """Every label with a chance of at least one in a hundred, surest first."""
        detections = detect(self.networks.detector, picture)
        views = classify(self.networks.classifier, [centre_view(picture), whole_view(picture)])
        whole = self.taxonomy.sums(views.mean(axis=0))
        looks = self._close_looks(picture, detections, whole)
        most = np.maximum.reduce([whole, *looks.values()])
        chances: dict[str, float] = dict(zip(self.taxonomy.labels, most.tolist(), strict=True))
        instances = self._instances(detections, looks, whole)
        for face in detect_faces(self.networks.faces, picture, _FACE_SIDE_PIXELS):
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
        rows = classify(self.networks.classifier, views)
        return {detection: self.taxonomy.sums(row) for detection, row in zip(doubtful, rows, strict=True)}

    def _name(self, detection: Detection) -> str:
        return self.taxonomy.coco[detection.index]

    def _instances(
        self, detections: list[Detection], looks: dict[Detection, Floats], whole: Floats
    ) -> dict[str, list[Instance]]:
        """Detections by name, each held against what the classifier sees in its place."""
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
        """The detector's name, or another of its own names if the classifier is sure of that one."""
        name = self._name(detection)
        places = self.taxonomy.labels.index
        if not self.taxonomy.parents[name] or sums[places(name)] > _UNSURE:
            return name
        category = self.taxonomy.categories[name]
        rivals = [other for other in self.taxonomy.coco if self.taxonomy.categories[other] == category]
        best = max(rivals, key=lambda other: sums[places(other)])
        return best if sums[places(best)] >= _SURE else name

    def _with_parents(self, chances: dict[str, float], instances: dict[str, list[Instance]]) -> list[Label]:
        """Labels whose parents are at least as sure as they are."""
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
