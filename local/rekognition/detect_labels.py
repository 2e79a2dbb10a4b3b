"""DetectLabels.

https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectLabels.html. `Aliases` are always
empty and `ImageProperties` is refused, for no model here gives them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from local.rekognition.detector import Box
from local.rekognition.errors import invalid_parameter
from local.rekognition.labels import Label, Labeller, LabelNetworks, Taxonomy, load_taxonomy
from local.rekognition.models.sessions import LoadNetwork
from local.rekognition.pictures import Picture

MODEL_VERSION = "3.0"
DEFAULT_MIN_CONFIDENCE = 55.0


def bounding_box(box: Box) -> dict[str, float]:
    """Return a box as Rekognition writes it."""
    left, top, right, bottom = box
    return {"Left": left, "Top": top, "Width": right - left, "Height": bottom - top}


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

    labeller: Labeller
    taxonomy: Taxonomy
    name: str = "DetectLabels"

    @classmethod
    def load(cls, load: LoadNetwork) -> Self:
        networks = LabelNetworks(load("efficientnet-lite0"), load("centernet"), load("yunet"))
        taxonomy = load_taxonomy()
        return cls(Labeller(networks, taxonomy), taxonomy)

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return labels, surest first, at least `MinConfidence` and at most `MaxLabels` of them."""
        if "IMAGE_PROPERTIES" in request.get("Features", ()):
            raise invalid_parameter("IMAGE_PROPERTIES is not available in the local Rekognition")
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
            "LabelModelVersion": MODEL_VERSION,
        }

    def _write(self, label: Label) -> dict[str, Any]:
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
