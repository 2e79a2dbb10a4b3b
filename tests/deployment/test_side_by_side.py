"""Two stacks in one account: each has its own of everything, and commands work on the one that is named."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aws.stack_outputs import read_outputs
from infra.bundles import ROOT
from local.cloud.assembly import STACK_NAME, synthesize
from local.cloud.deployment import deploy
from tests.conftest import RunningCloud
from tests.deployment.conftest import Stopwatch, as_on_aws, gone_afterwards, named, site_of

STACK = "photos2"
PROGRAM = Path(sys.executable).parent / "imagepipe"


def resources(running: RunningCloud, stack: str) -> dict[str, str]:
    pages = running.clients.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    listed = [each for page in pages for each in page["StackResourceSummaries"]]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}


@pytest.mark.nightly
def test_each_has_its_own_of_everything_and_commands_ask_the_one_that_is_named(
    running: RunningCloud, photos: Path, tmp_path: Path
) -> None:
    def status(stack: str) -> Any:
        command = [str(PROGRAM), "status", "--json", "--exact", "--stack", stack]
        done = subprocess.run(
            command, cwd=ROOT, env=as_on_aws(running), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    with gone_afterwards(running, STACK):
        watch = Stopwatch("the local deployer, for the CDK")
        deploy(running.clients, named(synthesize()[0], STACK, tmp_path / "second"))
        watch.lap("deploy")
        first, second = resources(running, STACK_NAME), resources(running, STACK)
        assert first.keys() == second.keys(), "the same template"
        assert set(first.values()) & set(second.values()) == {"$default"}, "the stage of each one's API"

        before = status(STACK_NAME)["records"]
        watch.lap("looked at")
        with site_of(running, STACK) as site:
            site.put("cat.jpg", (photos / "cat.jpg").read_bytes())
            site.completions(["cat.jpg"])
            assert site.record("cat.jpg")["labels"]
            watch.lap("first answer")
        watch.tell()
        assert status(STACK)["records"]["recognized"]["count"] == 1
        assert status(STACK_NAME)["records"] == before

    outputs = read_outputs(running.clients.cloudformation, STACK_NAME)
    assert outputs is not None, "the first is still there"
    assert not read_outputs(running.clients.cloudformation, STACK)
