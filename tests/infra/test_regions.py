"""Trap 34: a region and detectors that do not go together are refused before anything is created."""

from typing import Any

import botocore.session

from contract.detectors import DETECTORS, NOT_LOOKED_UP, OPERATIONS, REGIONS, SEARCH, missing_in
from contract.quotas import LARGE_REGIONS
from tests.infra.template import Template


def assertions(template: Template) -> list[dict[str, Any]]:
    (rule,) = template.document["Rules"].values()
    found: list[dict[str, Any]] = rule["Assertions"]
    return found


def refusals(template: Template, region: str) -> list[str]:
    """Return what CloudFormation says in a region."""
    said = []
    for assertion in assertions(template):
        regions, asked = assertion["Assert"]["Fn::Contains"]
        assert asked == {"Ref": "AWS::Region"}
        if region not in regions:
            said.append(assertion["AssertDescription"])
    return said


def test_the_default_detectors_go_in_a_large_region_and_anywhere_that_has_both(template: Template) -> None:
    assert not refusals(template, "eu-west-1")
    assert not refusals(template, "eu-central-1")


def test_a_region_without_rekognition_is_refused_for_each_detector(template: Template) -> None:
    said = refusals(template, "eu-north-1")

    assert len(said) == 2
    assert "DetectLabels" in said[0]
    assert "DetectFaces" in said[1]


def test_a_region_that_has_faces_only_is_refused_for_labels(template: Template) -> None:
    (said,) = refusals(template, "ca-central-1")

    assert "DetectLabels" in said
    assert missing_in("ca-central-1", ["DetectFaces"]) == ()


def test_every_operation_has_its_regions_and_the_large_ones_have_them_all() -> None:
    assert set(REGIONS) == {*OPERATIONS.values(), SEARCH.operation}
    assert all(regions >= LARGE_REGIONS for regions in REGIONS.values())
    assert (
        len(DETECTORS) == len(OPERATIONS) == len(REGIONS)
    )  # labels and image properties ask one, persons another


def test_the_table_knows_every_region_in_which_botocore_reaches_rekognition() -> None:
    """A new region shows up here: look up what it has, and put it into contract/detectors.py."""
    session = botocore.session.get_session()
    reached = {
        region
        for partition in ("aws", "aws-us-gov")
        for region in session.get_available_regions("rekognition", partition)
    }
    known = frozenset().union(*REGIONS.values())

    assert known | NOT_LOOKED_UP == reached
    assert not known & NOT_LOOKED_UP
