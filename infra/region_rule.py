"""The deployment is refused, before anything is created, where Rekognition lacks a chosen detector."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws, CfnRule, CfnRuleAssertion, Fn
from constructs import Construct

from contract.detectors import OPERATIONS, REGIONS


class RegionRule(Construct):
    """A rule of the template, with one assertion for each detector, so that the refusal names it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
    """

    def __init__(self, scope: Construct, construct_id: str, detectors: Sequence[str]) -> None:
        super().__init__(scope, construct_id)
        CfnRule(self, "Rule", assertions=[_assertion(name) for name in detectors])


def _assertion(detector: str) -> CfnRuleAssertion:
    operation = OPERATIONS[detector]
    regions = sorted(REGIONS[operation])
    return CfnRuleAssertion(
        assert_=Fn.condition_contains(regions, Aws.REGION),
        assert_description=(
            f"Rekognition has no {operation} in this region, so the detector '{detector}' cannot work here; "
            f"deploy to one of {', '.join(regions)}, or choose other detectors (contract/detectors.py)"
        ),
    )
