"""A synthesized template, to be asked about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.cloud.assembly import Assembly

Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Template:
    document: Mapping[str, Any]

    @classmethod
    def of(cls, assembly: Assembly) -> Template:
        return cls(json.loads(assembly.template))

    def all(self, kind: str) -> dict[str, Resource]:
        """Give the resources of a type, by logical id."""
        return {
            name: resource
            for name, resource in self.document["Resources"].items()
            if resource["Type"] == kind
        }

    def the(self, kind: str, part_of_id: str = "") -> tuple[str, Resource]:
        """Give the one resource of a type whose logical id has this in it."""
        found = [item for item in self.all(kind).items() if part_of_id in item[0]]
        assert len(found) == 1, f"{len(found)} of {kind} with {part_of_id!r}: {[name for name, _ in found]}"
        return found[0]

    def properties(self, kind: str, part_of_id: str = "") -> Mapping[str, Any]:
        properties: Mapping[str, Any] = self.the(kind, part_of_id)[1]["Properties"]
        return properties

    def in_region(self, value: Any, region: str) -> Any:
        """Choose, as CloudFormation does in a region."""
        if isinstance(value, dict) and "Fn::FindInMap" in value:
            mapping, first, second = value["Fn::FindInMap"]
            assert first == {"Ref": "AWS::Region"}
            return self.document["Mappings"][mapping][region][second]
        if not isinstance(value, dict) or "Fn::If" not in value:
            return value
        name, if_so, otherwise = value["Fn::If"]
        return if_so if f'"{region}"' in json.dumps(self.document["Conditions"][name]) else otherwise

    def queue_readers(self) -> list[Mapping[str, Any]]:
        """Give the event sources that read queues."""
        mappings = self.all("AWS::Lambda::EventSourceMapping").values()
        return [mapping["Properties"] for mapping in mappings if "ScalingConfig" in mapping["Properties"]]

    def statements_of(self, function_id: str) -> Iterator[Mapping[str, Any]]:
        """Give what the role of a function may do, statement by statement."""
        role = self.properties("AWS::Lambda::Function", function_id)["Role"]["Fn::GetAtt"][0]
        for policy in self.all("AWS::IAM::Policy").values():
            if {"Ref": role} in policy["Properties"]["Roles"]:
                yield from policy["Properties"]["PolicyDocument"]["Statement"]

    def actions_of(self, function_id: str) -> set[str]:
        return {
            action for statement in self.statements_of(function_id) for action in listed(statement["Action"])
        }


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def target(value: Mapping[str, Any]) -> str:
    """Give the logical id that a `Ref` or a `Fn::GetAtt` points at."""
    found = value.get("Ref") or value["Fn::GetAtt"][0]
    assert isinstance(found, str)
    return found
