"""A local cloud of their own for all tests that need the whole pipeline: started once, stopped at the end."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader
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
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


# Each session of botocore parses the descriptions of the services for itself; nobody changes what was parsed.
_parsed = cache(JSONFileLoader().load_file)


def _load_file(_: JSONFileLoader, file_path: str) -> Any:
    return _parsed(file_path)


JSONFileLoader.load_file = _load_file  # type: ignore[assignment, method-assign]


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
