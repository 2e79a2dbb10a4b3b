"""What a new account may call, as AWS lists it: https://docs.aws.amazon.com/general/latest/gr/rekognition.html"""

from __future__ import annotations

import pytest

from contract.quotas import usual_quota


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-west-1"])
@pytest.mark.parametrize(
    ("operation", "quota"),
    [("DetectLabels", 50), ("DetectModerationLabels", 50), ("DetectText", 50), ("DetectFaces", 100)],
)
def test_in_large_regions(region: str, operation: str, quota: float) -> None:
    assert usual_quota(operation, region) == quota


@pytest.mark.parametrize(
    ("operation", "quota"),
    [("DetectLabels", 5), ("DetectModerationLabels", 5), ("DetectText", 5), ("DetectFaces", 25)],
)
def test_elsewhere(operation: str, quota: float) -> None:
    assert usual_quota(operation, "eu-central-1") == quota
