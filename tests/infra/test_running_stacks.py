"""A stack that runs is updated: nothing that holds data is replaced by an empty one of its kind.

CloudFormation replaces a resource without asking where its logical id is another, or a property that can only
be given at creation. Which those are is in the resource's own schema.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from contract.settings import PicturesSettings, ProcessorSettings, QuerySettings, TallySettings
from tests.infra.conftest import JWT, Synthesize
from tests.infra.template import Template

HERE = Path(__file__).parent
HANDBOOK = HERE.parents[1] / "docs" / "operations.md"
HELD: dict[str, Any] = json.loads((HERE / "running_stacks.json").read_text())
LOST: Mapping[str, str] = HELD["what is lost with it"]
# A table with another stream has another ARN of it, so that the tally's reader of it is replaced, too.
AS_GOOD_AS = {"AWS::DynamoDB::Table": ("StreamSpecification",)}
SETTINGS_CLASSES = {
    "processors.handler.handler": ProcessorSettings,
    "processors.counting_handler.handler": TallySettings,
    "processors.pictures_handler.handler": PicturesSettings,
    "query_api.handler.handler": QuerySettings,
}
VARIANTS: list[dict[str, object]] = [{}, {"pictures": "false"}, {"retained": "false"}, {**JWT}]


def given_at_creation(kind: str) -> set[str]:
    """Return the properties of a type whose change replaces the resource, or may."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    pointers = schema.get("createOnlyProperties", []) + schema.get("conditionalCreateOnlyProperties", [])
    return {pointer.split("/")[2] for pointer in pointers} | set(AS_GOOD_AS.get(kind, ()))


def holding_data(template: Template) -> dict[str, Any]:
    """Return what a replacement of each resource that holds something depends on, by logical id."""
    return {
        name: {
            "type": resource["Type"],
            "given at creation": {
                name: value
                for name, value in sorted(resource["Properties"].items())
                if name in given_at_creation(resource["Type"])
            },
        }
        for name, resource in sorted(template.document["Resources"].items())
        if resource["Type"] in LOST
    }


@pytest.mark.parametrize("settings", VARIANTS, ids=lambda settings: ",".join(settings) or "nothing set")
def test_an_update_replaces_nothing_that_holds_data(
    synthesized: Synthesize, settings: Mapping[str, object]
) -> None:
    for name, resource in holding_data(Template.of(synthesized(settings))).items():
        assert name in HELD["resources"], (
            f"{name} ({resource['type']}) is new. If it takes the place of one that is there under another "
            f"name, an update loses {LOST[resource['type']]}: keep the construct's path. If it is new, "
            f"write it into `resources` of tests/infra/running_stacks.json: {json.dumps({name: resource})}"
        )
        assert resource == HELD["resources"][name], (
            f"an update would replace {name}, and with it {LOST[resource['type']]} would be lost"
        )


def test_an_update_leaves_nothing_out_that_holds_data(template: Template) -> None:
    """What is left out of a template is deleted, or stays behind where nobody looks."""
    for name in HELD["resources"].keys() - holding_data(template).keys():
        headings = re.findall(r"^#+ (.+)$", HANDBOOK.read_text(), flags=re.MULTILINE)
        assert HELD["gone on purpose"].get(name) in headings, (
            f"{name} is not in the template any more: an update loses "
            f"{LOST[HELD['resources'][name]['type']]}. If it has to go: write under a heading of "
            "docs/operations.md what is to be done before, and put that heading under `gone on purpose` in "
            "tests/infra/running_stacks.json"
        )


def test_buckets_and_the_table_stay_when_they_leave_the_template_or_the_stack_goes(
    template: Template,
) -> None:
    for kind in ("AWS::S3::Bucket", "AWS::DynamoDB::Table"):
        for resource in template.all(kind).values():
            assert resource["DeletionPolicy"] in ("Retain", "RetainExceptOnCreate")
            assert resource["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("handler", sorted(SETTINGS_CLASSES))
def test_new_code_starts_in_the_environment_of_the_code_before_it(handler: str, template: Template) -> None:
    """An update changes a function's code first, and its variables in a second call; between the two, the new
    code runs with the old ones. What it cannot do without has to be there already; the rest has defaults.

    https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
    """
    required = {
        field.name.upper()
        for field in fields(SETTINGS_CLASSES[handler])
        if field.default is field.default_factory is MISSING
    }
    before = set(HELD["variables"][handler])

    assert required <= before, f"give {sorted(required - before)} a default in contract/settings.py"


def test_a_variable_that_code_before_needs_is_still_set(template: Template) -> None:
    """Or going back would lead through code that cannot start."""
    now = {
        function["Properties"]["Handler"]: function["Properties"]["Environment"]["Variables"].keys()
        for function in template.all("AWS::Lambda::Function").values()
    }
    for handler, before in HELD["variables"].items():
        assert set(before) <= now[handler], handler
