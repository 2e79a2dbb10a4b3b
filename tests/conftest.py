"""A local cloud of their own for all tests that need the whole pipeline: started once, stopped at the end."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from infra.bundles import ROOT
from local.cloud.environment import LocalClients, LocalEnvironment, Outputs
from local.cloud.running import running_environment

# How long an example takes says more of what else runs on the machine than of the code.
settings.register_profile("whenever", deadline=None)
settings.load_profile("whenever")

# What is imported and collected lives as long as the run: a million objects, of which each look for garbage
# would find none.
gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


@dataclass(frozen=True)
class RunningCloud:
    environment: LocalEnvironment
    outputs: Outputs
    clients: LocalClients


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    with running_environment(tmp_path_factory.mktemp("place")) as (environment, outputs):
        yield RunningCloud(environment, outputs, LocalClients(environment))


@pytest.fixture(scope="session")
def photos() -> Path:
    """The sample photos."""
    return ROOT / "images"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the local cloud, by itself or as one of its parameters: `-m "not local_cloud"`."""
    for item in items:
        wanted = getattr(item, "fixturenames", ())
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if "running" in wanted or "local cloud" in parameters:
            item.add_marker("local_cloud")
