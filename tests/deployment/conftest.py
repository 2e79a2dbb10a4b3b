"""Stacks beside the one that the local cloud of the tests has, each to itself and gone afterwards."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from aws.stack_outputs import read_outputs
from local.cloud.assembly import STACK_NAME, Assembly
from local.cloud.deployment import delete_stack
from local.cloud.environment import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Outputs
from tests.conftest import RunningCloud
from tests.end_to_end.conftest import Site, followed


def as_on_aws(running: RunningCloud) -> dict[str, str]:
    """Return the environment in which a tool takes the local cloud for AWS."""
    return {
        **os.environ,
        "AWS_ENDPOINT_URL": running.environment.endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
    }


@dataclass
class Stopwatch:
    """What took how long, for docs/deploying.md: `pytest -s tests/deployment` prints it."""

    of: str
    _laps: list[str] = field(default_factory=list)
    _begun: float = field(default_factory=time.monotonic)
    _last: float = field(default_factory=time.monotonic)

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self._laps.append(f"{name} {now - self._last:.1f} s")
        self._last = now

    def tell(self) -> None:
        print(f"\n{self.of}: {', '.join(self._laps)}; together {self._last - self._begun:.1f} s")


@contextmanager
def gone_afterwards(running: RunningCloud, stack: str) -> Iterator[None]:
    """Delete a stack that is deployed in the block."""
    try:
        yield
    finally:
        delete_stack(running.clients, stack)


@contextmanager
def site_of(running: RunningCloud, stack: str) -> Iterator[Site]:
    """Find a stack by its name, and follow its completions while the block lasts."""
    given = read_outputs(running.clients.cloudformation, stack)
    assert given is not None, f"there is no stack {stack}"
    theirs = replace(running, outputs=Outputs.of(running.environment, given))
    with followed(theirs, stack) as site:
        yield site


def named(assembly: Assembly, stack: str, folder: Path) -> Assembly:
    """Return a synthesized app as `-c stack=…` makes it: the name stands beside the template."""
    there = shutil.copytree(assembly.directory, folder)
    manifest = json.loads((there / "manifest.json").read_text())
    manifest["artifacts"][STACK_NAME]["properties"]["stackName"] = stack
    (there / "manifest.json").write_text(json.dumps(manifest))
    return Assembly(there, assembly.digest)
