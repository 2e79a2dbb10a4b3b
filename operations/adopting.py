"""What a new stack takes over of an old one: the import that CloudFormation is given, made of our template.

An import can do nothing but import: a template of it holds what is taken in, and no output. So of the
synthesized template, the retained resources are left, under their logical ids and without what they say of
others (the queue that the bucket tells, the API that it lets in). The deployment that follows finds them
under these ids, and adds that.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-new-stack.html
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from operations.adapters.cloudformation import ImportedResource
from operations.terminal import OperatorError

# By the output that names it: the option that says which is to be taken in, and what finds it.
_FOUND_BY = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::DynamoDB::Table": "TableName",
}


class Adoption(NamedTuple):
    """A template of what is taken in, and what is there of it."""

    template: Mapping[str, Any]
    resources: tuple[ImportedResource, ...]

    @property
    def template_body(self) -> str:
        return json.dumps(self.template, indent=1)

    @property
    def resources_to_import(self) -> str:
        """Return what `aws cloudformation create-change-set --resources-to-import` takes."""
        listed = [
            {
                "ResourceType": each.kind,
                "LogicalResourceId": each.logical_id,
                "ResourceIdentifier": {each.identifier: each.name},
            }
            for each in self.resources
        ]
        return json.dumps(listed, indent=1)


def adoption(template: Mapping[str, Any], there: Mapping[str, str]) -> Adoption:
    """Return the import of what is there, by the output of the template that names each.

    Raise OperatorError where the template has no resource of its own for one of them.
    """
    resources = []
    kept: dict[str, Any] = {}
    for output, name in there.items():
        logical_id = template["Outputs"].get(output, {}).get("Value", {})
        logical_id = logical_id.get("Ref") if isinstance(logical_id, Mapping) else None
        if logical_id is None:
            raise OperatorError(
                f"the template has no {output} of its own that {name} could become: synthesize it with the "
                "settings that the stack had (make synth SETTINGS=…), without bucket and restored_table"
            )
        resource = template["Resources"][logical_id]
        kind = resource["Type"]
        resources.append(ImportedResource(logical_id, kind, _FOUND_BY[kind], name))
        kept[logical_id] = {
            "Type": kind,
            # CloudFormation wants a policy of all that it takes in; should that be undone, it stays.
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                each: value for each, value in resource["Properties"].items() if not _refers(value)
            },
        }
    return Adoption({"Description": template.get("Description", ""), "Resources": kept}, tuple(resources))


def _refers(value: object) -> bool:
    """Return whether a property says anything of another resource, or of a condition."""
    if isinstance(value, Mapping):
        return any(name == "Ref" or name.startswith("Fn::") or _refers(of) for name, of in value.items())
    return isinstance(value, list) and any(map(_refers, value))
