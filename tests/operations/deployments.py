"""Lambda and Service Quotas in memory, with what operations call."""

# ruff: noqa: N803 - boto3 spells its parameters in capitals

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from contract.detector_choice import ByPrefix
from contract.environment import dump
from contract.policy import Policy
from contract.settings import ProcessorSettings
from loadtest.simulation.outages import client_error

PROCESSOR = "arn:aws:lambda:us-east-1:123456789012:function:processor"


@dataclass
class FakeLambda:
    """One function, read from by one queue."""

    settings: ProcessorSettings
    queue_arn: str = "arn:aws:sqs:us-east-1:123456789012:images"
    # What another release would have written otherwise.
    others: dict[str, str] = field(default_factory=dict)

    def list_event_source_mappings(self, *, EventSourceArn: str) -> Any:
        mappings = [{"FunctionArn": PROCESSOR}] if EventSourceArn == self.queue_arn else []
        return {"EventSourceMappings": mappings}

    def get_function_configuration(self, *, FunctionName: str) -> Any:
        assert FunctionName == PROCESSOR
        variables = {**dump(self.settings), "POWERTOOLS_SERVICE_NAME": "processors", **self.others}
        return {"MemorySize": 1024, "Environment": {"Variables": variables}}


@dataclass
class FakeServiceQuotas:
    """Quotas by code; `applied` are the account's, where it has others than AWS gives."""

    defaults: dict[str, dict[str, Any]] = field(default_factory=dict)
    applied: dict[str, dict[str, Any]] = field(default_factory=dict)
    fails_with: str | None = None

    def get_paginator(self, operation: str) -> Paginator:
        if self.fails_with:
            raise client_error(self.fails_with, operation)
        return Paginator(self.applied if operation == "list_service_quotas" else self.defaults)


@dataclass
class Paginator:
    """A quota a page."""

    quotas: dict[str, dict[str, Any]]

    def paginate(self, *, ServiceCode: str) -> Iterator[Any]:
        assert ServiceCode == "rekognition"
        for code, quota in self.quotas.items():
            yield {"Quotas": [{"QuotaCode": code, **quota}]}


def deployed(
    fingerprints: Mapping[str, str],
    *,
    shares_answers: bool = True,
    scenes: bool = False,
    policy: Policy | None = None,
    cameras: str = "",
    films_function: str = "",
) -> Any:
    """Return what is read of a deployed processor that asks with these fingerprints, by detector."""
    settings = SimpleNamespace(
        detectors=tuple(fingerprints),
        every_detector=tuple(fingerprints),
        answers_are_shared=shares_answers,
        scenes="yes" if scenes else "no",
        cameras=cameras,
        films_function=films_function,
    )
    return SimpleNamespace(
        fingerprints=fingerprints,
        fingerprints_of=ByPrefix(fingerprints),
        settings=settings,
        policy=policy,
    )


def named(operation: str, value: float) -> dict[str, Any]:
    """Describe a quota by its name alone."""
    return {"QuotaName": f"Transactions per second per account for {operation}", "Value": value}


def metered(operation: str, value: float) -> dict[str, Any]:
    """Describe a quota by what it meters."""
    return {
        "QuotaName": "Calls",
        "Value": value,
        "Period": {"PeriodUnit": "SECOND", "PeriodValue": 1},
        "UsageMetric": {"MetricDimensions": {"Resource": operation, "Service": "Rekognition"}},
    }
