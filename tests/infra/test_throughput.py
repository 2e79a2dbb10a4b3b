"""A new table takes 4,000 writes a second; where the quotas let more through, it is made ready beforehand."""

import pytest

from contract.picture_usage import PictureWork, writes_a_second
from contract.quotas import IN_LARGE_REGIONS, photo_rates
from contract.usage import NEW_TABLE_WRITES
from tests.infra.conftest import Synthesize
from tests.infra.template import Template

FILE = PictureWork(1, 1)
ALL_OF_IT = PictureWork(1, 1, keep_location=True, near_duplicates=True)


@pytest.mark.parametrize(
    ("pictures", "photos", "is_too_much"),
    [
        (None, 135, False),
        (None, 145, True),
        (FILE, 115, False),
        (FILE, 125, True),
        (ALL_OF_IT, 90, False),
        (ALL_OF_IT, 100, True),
    ],
)
def test_a_new_table_is_enough_for_about_117_photos_a_second(
    pictures: PictureWork | None, photos: float, is_too_much: bool
) -> None:
    """For 138 where they are not looked at as files."""
    writes = writes_a_second({"DetectLabels": photos, "DetectFaces": photos}, pictures)

    assert (writes.table > NEW_TABLE_WRITES) is is_too_much


def test_no_usual_quota_makes_the_table_cost_more() -> None:
    rates = photo_rates(IN_LARGE_REGIONS, ("labels", "faces", "moderation", "text"))

    assert writes_a_second(rates, ALL_OF_IT).table < NEW_TABLE_WRITES


def test_the_table_and_its_index_are_ready_for_raised_quotas(synthesized: Synthesize) -> None:
    context = {
        "detectors": "labels",
        "quotas": "DetectLabels=500",
        "confidence_order": True,
        "access_logs": True,
    }
    template = Template.of(synthesized(context))
    wanted = writes_a_second({"DetectLabels": 500}, FILE)
    table = template.properties("AWS::DynamoDB::Table")

    assert table["WarmThroughput"] == {"WriteUnitsPerSecond": wanted.table}
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["WarmThroughput"] == {"WriteUnitsPerSecond": wanted.index}
    assert wanted.table > 2 * NEW_TABLE_WRITES > wanted.index > NEW_TABLE_WRITES
