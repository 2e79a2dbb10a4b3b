"""The detectors there are: what each asks of Amazon Rekognition, how often it may, and where.

A detector more is an entry here, and a file of its name in `processors/detectors/` that reads its answers.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# An image beyond it is rejected without a call. https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
MAX_S3_IMAGE_BYTES = 15 * 1024 * 1024
# From which confidence on labels and categories are asked for and shown, in percent. Where photos are
# searched by meaning, answers hold labels below it, too: vectors are made of them, and nothing else.
LEAST_CONFIDENCE_PERCENT = 40.0
# What DetectLabels says of colours and sharpness, for a price of its own.
IMAGE_PROPERTIES = "IMAGE_PROPERTIES"
CUSTOM_LABELS = "custom_labels"


@dataclass(frozen=True)
class DetectorSpec:
    """One operation of Rekognition, as a detector.

    `asked` are the request's parameters beside the image, those of `asked_by_setting` the fields of
    ProcessorSettings that they take. The quotas are what a new account has, in calls a second: in the three
    large regions, and elsewhere (https://docs.aws.amazon.com/general/latest/gr/rekognition.html).
    `more_regions` have it beside those that have everything, and `not_regions` are those of these where
    nobody has looked it up. `answer_bytes` is the size of a usual answer as it is kept, for the cost model.

    Several detectors may ask one operation: they share its quota. `feature` is what of the operation one of
    them asks for, where that has a price of its own. `is_hourly` says that no call is charged, but each hour
    of a model that runs for them.
    """

    operation: str
    quota: float
    quota_elsewhere: float
    answer_bytes: int
    asked: Mapping[str, Any] = field(default_factory=dict)
    asked_by_setting: Mapping[str, str] = field(default_factory=dict)
    more_regions: frozenset[str] = frozenset()
    not_regions: frozenset[str] = frozenset()
    feature: str = ""
    is_hourly: bool = False

    @property
    def call(self) -> str:
        """What its calls are charged as: the operation, and where it has a price of its own, the feature."""
        return f"{self.operation}/{self.feature}" if self.feature else self.operation


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
    # A call of its own beside that for labels: AWS charges both features also where one call asks for both,
    # and so each has its answer, that neither is asked for again when the other is chosen.
    "image_properties": DetectorSpec(
        "DetectLabels",
        50,
        5,
        840,
        {"Features": [IMAGE_PROPERTIES], "Settings": {"ImageProperties": {"MaxDominantColors": 12}}},
        feature=IMAGE_PROPERTIES,
    ),
    "celebrities": DetectorSpec("RecognizeCelebrities", 50, 5, 700, not_regions=frozenset({"us-gov-west-1"})),
    "protective_equipment": DetectorSpec("DetectProtectiveEquipment", 5, 5, 400),
    # A model of one's own. How many calls a second it takes follows from its inference units and its kind;
    # no account has a quota of it, so what is here is a careful beginning.
    CUSTOM_LABELS: DetectorSpec(
        "DetectCustomLabels",
        5,
        5,
        300,
        asked_by_setting={
            "ProjectVersionArn": "custom_labels_model",
            "MinConfidence": "min_label_confidence_percent",
        },
        not_regions=frozenset({"us-gov-west-1", "us-west-1"}),
        is_hourly=True,
    ),
}

# What is asked about each face where persons are looked for: no detector, for it is about no whole photo, but
# it has a line of the quota as they have. It is asked at home alone, where the collection is.
SEARCH = DetectorSpec("SearchUsersByImage", 50, 5, 120)

OPERATIONS: Mapping[str, str] = {name: spec.operation for name, spec in SPECS.items()}
CALLS: Mapping[str, str] = {name: spec.call for name, spec in SPECS.items()}
# Those of which no call is charged.
HOURLY = frozenset(spec.operation for spec in SPECS.values() if spec.is_hourly)
# A version of a model of Custom Labels: its region, its project, its own name, and when it was made.
# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_StartProjectVersion.html
MODEL_ARN = re.compile(
    r"arn:[a-z\d-]+:rekognition:([a-z\d-]+):\d{12}:project/([\w.-]{1,255})/version/([\w.-]{1,255})/\d+"
)
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
    spec.operation: (_EVERYTHING | spec.more_regions) - spec.not_regions for spec in (*SPECS.values(), SEARCH)
}


def operations_of(detectors: Iterable[str]) -> tuple[str, ...]:
    """Return what detectors ask, each operation once."""
    return tuple(dict.fromkeys(OPERATIONS[name] for name in detectors))


def operation_of(call: str) -> str:
    """Return the operation of what is charged as a call."""
    return call.partition("/")[0]


def missing_in(region: str, operations: Iterable[str]) -> tuple[str, ...]:
    """Return the operations that Rekognition is not known to have in a region."""
    return tuple(operation for operation in operations if region not in REGIONS[operation])
