"""What was seen anew in a picture: labels with a place, where the picture has changed."""

from collections.abc import Mapping
from typing import Any

from contract.cameras import cells_of
from contract.sightings import MOST_SIGHTINGS, PictureBox, Sighting
from processors.cameras.scene import Cells

# What stands before something that stood there all along covers less of it than this.
CHANGED_SHARE = 0.4


def sightings(response: Mapping[str, Any], changed: Cells) -> tuple[Sighting, ...]:
    """Read an answer of DetectLabels; return what stands where cells have changed, the surest first.

    Raise KeyError or TypeError for what is no such answer.
    """
    found = [
        Sighting.of(label["Name"], instance.get("Confidence", label["Confidence"]), box)
        for label in response["Labels"]
        for instance in label.get("Instances", ())
        if _has_changed(box := _box(instance["BoundingBox"]), changed)
    ]
    return tuple(sorted(found, key=lambda each: (-each.confidence, each.label, each.box))[:MOST_SIGHTINGS])


def _box(written: Mapping[str, float]) -> PictureBox:
    return PictureBox(written["Left"], written["Top"], written["Width"], written["Height"])


def _has_changed(box: PictureBox, changed: Cells) -> bool:
    covered = cells_of(box)
    return len(changed.intersection(covered)) >= CHANGED_SHARE * len(covered)
