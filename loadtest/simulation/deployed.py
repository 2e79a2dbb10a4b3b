"""What the synthesized template says of the processor, where a simulation depends on it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from loadtest.local_place import ROOT
from loadtest.simulation.fleet import TERMINATE
from loadtest.simulation.scenario import Scenario
from local.cloud.assembly import STACK_NAME

TEMPLATE = ROOT / "cdk.out" / f"{STACK_NAME}.template.json"
HANDLER = "processors.handler.handler"


def recursive_loop(template: Path = TEMPLATE) -> str:
    """Return the processor's recursion configuration; AWS's default where the template has none.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
    """
    resources = json.loads(template.read_text())["Resources"].values()
    (processor,) = [
        resource["Properties"]
        for resource in resources
        if resource["Type"] == "AWS::Lambda::Function" and resource["Properties"].get("Handler") == HANDLER
    ]
    return str(processor.get("RecursiveLoop", TERMINATE))


def as_deployed(scenario: Scenario) -> Scenario:
    """Fill in what a scenario leaves to the template."""
    return replace(scenario, recursive_loop=scenario.recursive_loop or recursive_loop())
