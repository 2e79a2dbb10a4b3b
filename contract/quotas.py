"""How many calls a second an account may make, and the budget item by which all workers share them.

AWS limits each operation by itself, in each account and region. The budget of an operation is one item of the
table: the time of its next free slot, and what was learned from throttles. A worker takes a run of slots by
moving that time on in one update, so no two workers ever hold the same slot and calls are evenly spaced.
"""

from __future__ import annotations

from collections.abc import Mapping

# https://docs.aws.amazon.com/general/latest/gr/rekognition.html
LARGE_REGIONS = frozenset({"us-east-1", "us-west-2", "eu-west-1"})
IN_LARGE_REGIONS: Mapping[str, float] = {
    "DetectLabels": 50,
    "DetectModerationLabels": 50,
    "DetectText": 50,
    "DetectFaces": 100,
}
ELSEWHERE: Mapping[str, float] = {
    "DetectLabels": 5,
    "DetectModerationLabels": 5,
    "DetectText": 5,
    "DetectFaces": 25,
}


def usual_quota(operation: str, region: str) -> float:
    """Give the calls a second that a new account has for an operation in a region."""
    return (IN_LARGE_REGIONS if region in LARGE_REGIONS else ELSEWHERE)[operation]
