"""The detectors there are: what each asks of Amazon Rekognition, how often it may, and where.

A detector more is an entry here, and a file of its name in `processors/detectors/` that reads its answers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# An image beyond it is rejected without a call. https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
MAX_S3_IMAGE_BYTES = 15 * 1024 * 1024
# From which confidence on labels and categories are asked for, in percent; nothing below is kept.
LEAST_CONFIDENCE_PERCENT = 40.0


@dataclass(frozen=True)
class DetectorSpec:
    """One operation of Rekognition, as a detector.

    `asked` are the request's parameters beside the image, those of `asked_by_setting` the fields of
    ProcessorSettings that they take. The quotas are what a new account has, in calls a second: in the three
    large regions, and elsewhere (https://docs.aws.amazon.com/general/latest/gr/rekognition.html).
    `more_regions` have it beside those that have everything. `answer_bytes` is the size of a usual answer as
    it is kept, for the cost model.
    """

    operation: str
    quota: float
    quota_elsewhere: float
    answer_bytes: int
    asked: Mapping[str, Any] = field(default_factory=dict)
    asked_by_setting: Mapping[str, str] = field(default_factory=dict)
    more_regions: frozenset[str] = frozenset()


# Labels and categories are asked for down to a low confidence, and faces with all attributes: thresholds are
# applied when reading, for free, and asking again costs a call.
SPECS: Mapping[str, DetectorSpec] = {
    "labels": DetectorSpec(
        "DetectLabels",
        50,
        5,
        1300,
        asked_by_setting={"MaxLabels": "max_labels", "MinConfidence": "min_label_confidence_percent"},
    ),
    "faces": DetectorSpec(
        "DetectFaces", 100, 25, 1450, {"Attributes": ["ALL"]}, more_regions=frozenset({"ca-central-1"})
    ),
    "moderation": DetectorSpec(
        "DetectModerationLabels",
        50,
        5,
        100,
        asked_by_setting={"MinConfidence": "min_label_confidence_percent"},
    ),
    "text": DetectorSpec("DetectText", 50, 5, 950),
}

OPERATIONS: Mapping[str, str] = {name: spec.operation for name, spec in SPECS.items()}
DETECTORS = tuple(SPECS)
# What a deployment asks for every image unless it chooses otherwise.
DEFAULT_DETECTORS = ("labels", "faces")

_EVERYTHING = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "eu-central-1",
        "eu-west-1",
        "eu-west-2",
        "us-east-1",
        "us-east-2",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    }
)
# Rekognition answers there too, but nobody has looked up which operations it has. They are left out; whoever
# knows better moves them up.
NOT_LOOKED_UP = frozenset({"ap-southeast-5", "ap-southeast-7", "eu-south-2", "il-central-1", "sa-east-1"})

REGIONS: Mapping[str, frozenset[str]] = {
    spec.operation: _EVERYTHING | spec.more_regions for spec in SPECS.values()
}


def missing_in(region: str, operations: Iterable[str]) -> tuple[str, ...]:
    """Return the operations that Rekognition is not known to have in a region."""
    return tuple(operation for operation in operations if region not in REGIONS[operation])
