"""One call to AWS as it goes over the wire: which service, which operation, about what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl


class Service(StrEnum):
    """The services that the processor calls."""

    REKOGNITION = "Rekognition"
    DYNAMODB = "DynamoDB"
    SNS = "SNS"
    SQS = "SQS"
    S3 = "S3"


_TARGETS = {
    "RekognitionService": Service.REKOGNITION,
    "DynamoDB_20120810": Service.DYNAMODB,
    "AmazonSQS": Service.SQS,
}


@dataclass(frozen=True)
class Call:
    """A request. `path` is as it came, with its query; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def service(self) -> Service:
        """Tell the services apart: JSON ones name themselves, SNS speaks in forms, the rest is S3."""
        prefix = self.headers.get("x-amz-target", "").partition(".")[0]
        if prefix in _TARGETS:
            return _TARGETS[prefix]
        form = self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        return Service.SNS if form else Service.S3

    @cached_property
    def operation(self) -> str:
        """The operation's name; for S3, the method."""
        if self.service is Service.SNS:
            return dict(self.form).get("Action", "")
        return self.headers.get("x-amz-target", "").partition(".")[2] or self.method

    @cached_property
    def members(self) -> dict[str, Any]:
        """The members of a JSON request."""
        found: dict[str, Any] = json.loads(self.body or b"{}")
        return found

    @cached_property
    def form(self) -> list[tuple[str, str]]:
        """The fields of a form, in order."""
        return parse_qsl(self.body.decode(), keep_blank_values=True)


@dataclass(frozen=True)
class Answer:
    """A reply. Headers are as they came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def accepted(self) -> bool:
        """Whether AWS did what it was asked to."""
        return self.status < 300


@dataclass(frozen=True)
class Photograph:
    """What a detector call is about: the operation, and one version of one object."""

    operation: str
    key: str
    version_id: str | None


def photograph_of(call: Call) -> Photograph | None:
    """Say which photo a detector is asked about; None if the call is no such question."""
    if call.service is not Service.REKOGNITION:
        return None
    place = call.members["Image"]["S3Object"]
    return Photograph(call.operation, place["Name"], place.get("Version"))


@dataclass(frozen=True)
class SavedAnswer:
    """A detector's answer written down: for which bytes (`contract.identity`), by which detector."""

    content_id: str
    detector: str


def saved_answers_of(call: Call) -> list[SavedAnswer]:
    """Return whose raw answers a call writes down; none if it does something else."""
    if call.operation != "BatchWriteItem":
        return []
    return [
        SavedAnswer(item["pk"]["S"].removeprefix("content#"), item["sk"]["S"].partition("#")[0])
        for requests in call.members["RequestItems"].values()
        for request in requests
        if "answer" in (item := request.get("PutRequest", {}).get("Item", {}))
    ]
