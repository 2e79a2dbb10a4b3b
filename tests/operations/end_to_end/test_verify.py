"""`imagepipe verify` as it is typed: all holds on a running place, and nothing of it is left."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from typing import Any

import pytest

from tests.conftest import RunningPlace
from tests.operations.end_to_end.test_imagepipe import Operator

PREFIX = "imagepipe-verify/"


@pytest.fixture(scope="module")
def operator(running: RunningPlace) -> Operator:
    return Operator(running)


@pytest.fixture(scope="module")
def told(operator: Operator) -> Any:
    """Run all checks once."""
    return operator.json("verify", "--yes", code=0)


def calls_under(operator: Operator, prefix: str) -> int:
    """Count the calls that Rekognition accepted for objects under a prefix."""
    with urllib.request.urlopen(f"{operator.outputs.rekognition_url}/_local/calls") as answer:
        objects = json.load(answer)["objects"]
    return sum(
        count
        for counts in objects.values()
        for name, count in counts.items()
        if name.startswith(f"{operator.outputs.bucket}/{prefix}")
    )


def test_everything_holds(told: Any) -> None:
    assert [(check["name"], check["verdict"]) for check in told["checks"]] == [
        (name, "held")
        for name in (
            "completions arrive",
            "upload",
            "overwrite",
            "copy and rename",
            "delete",
            "hostile keys",
            "broken files",
            "answers",
            "completions",
        )
    ]
