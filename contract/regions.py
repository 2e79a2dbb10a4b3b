"""Where Rekognition has which of the operations that we call.

https://docs.aws.amazon.com/general/latest/gr/rekognition.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contract.detectors import SPECS

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
