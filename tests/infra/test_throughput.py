"""A new table takes 4,000 writes a second; where the quotas let more through, it is made ready beforehand."""

import pytest

from contract.quotas import IN_LARGE_REGIONS
from contract.usage import NEW_TABLE_WRITES, writes_a_second
from tests.infra.conftest import Synthesize
from tests.infra.template import Template


@pytest.mark.parametrize(("photos", "is_too_much"), [(50, False), (135, False), (145, True)])
def test_a_new_table_is_enough_for_about_138_photos_a_second(photos: float, is_too_much: bool) -> None:
    writes = writes_a_second({"DetectLabels": photos, "DetectFaces": photos})

    assert (writes.table > NEW_TABLE_WRITES) is is_too_much


def test_no_usual_quota_makes_the_table_cost_more() -> None:
    assert writes_a_second(IN_LARGE_REGIONS).table < NEW_TABLE_WRITES


def test_the_table_and_its_index_are_ready_for_raised_quotas(synthesized: Synthesize) -> None:
    context = {
        "detectors": "labels",
        "quotas": "DetectLabels=500",
        "confidence_order": True,
        "access_logs": True,
    }
    template = Template.of(synthesized(context))
    wanted = writes_a_second({"DetectLabels": 500})
    table = template.properties("AWS::DynamoDB::Table")

    assert table["WarmThroughput"] == {"WriteUnitsPerSecond": wanted.table}
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["WarmThroughput"] == {"WriteUnitsPerSecond": wanted.index}
    assert wanted.table > 2 * NEW_TABLE_WRITES > wanted.index > NEW_TABLE_WRITES
