"""What a new account may call, as AWS lists it: https://docs.aws.amazon.com/general/latest/gr/rekognition.html"""

import pytest

from contract.quotas import readable_part, usual_quota


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-west-1"])
@pytest.mark.parametrize(
    ("operation", "quota"),
    [
        ("DetectLabels", 50),
        ("DetectModerationLabels", 50),
        ("DetectText", 50),
        ("DetectFaces", 100),
        ("RecognizeCelebrities", 50),
        ("DetectProtectiveEquipment", 5),
    ],
)
def test_in_large_regions(region: str, operation: str, quota: float) -> None:
    assert usual_quota(operation, region) == quota


@pytest.mark.parametrize(
    ("operation", "quota"),
    [
        ("DetectLabels", 5),
        ("DetectModerationLabels", 5),
        ("DetectText", 5),
        ("DetectFaces", 25),
        ("RecognizeCelebrities", 5),
        ("DetectProtectiveEquipment", 5),
    ],
)
def test_elsewhere(operation: str, quota: float) -> None:
    assert usual_quota(operation, "eu-central-1") == quota


@pytest.mark.parametrize(
    "name", ["next_at", "bulk_at", "quota", "cut_at", "cut_from", "daily_limit", "day_calls"]
)
def test_of_an_item_with_a_number_that_is_none_the_rest_is_read(name: str) -> None:
    assert readable_part({name: "fifty", "calls_day": "2026-01-31"}) == {"calls_day": "2026-01-31"}
    assert readable_part({name: -1}) == {}
