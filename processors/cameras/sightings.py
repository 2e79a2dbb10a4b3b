"""What a detector saw in a picture: labels with a place."""

from collections.abc import Mapping
from typing import Any

from contract.sightings import PictureBox, Sighting


def sightings(response: Mapping[str, Any]) -> tuple[Sighting, ...]:
    """Read an answer of DetectLabels; return what has a place, the surest first.

    Raise KeyError or TypeError for what is no such answer.
    """
    found = [
        Sighting.of(
            label["Name"], instance.get("Confidence", label["Confidence"]), _box(instance["BoundingBox"])
        )
        for label in response["Labels"]
        for instance in label.get("Instances", ())
    ]
    return tuple(sorted(found, key=lambda each: (-each.confidence, each.label, each.box)))


def _box(written: Mapping[str, float]) -> PictureBox:
    return PictureBox(written["Left"], written["Top"], written["Width"], written["Height"])
