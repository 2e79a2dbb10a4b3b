"""A local cloud of their own for all tests that need the whole pipeline: started once, stopped at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from infra.local.clients import LocalClients
from infra.local.outputs import Outputs
from infra.local.place import Place
from infra.local.running import running_place


@dataclass(frozen=True)
class RunningPlace:
    place: Place
    outputs: Outputs
    clients: LocalClients


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlace]:
    with running_place(tmp_path_factory.mktemp("place")) as (place, outputs):
        yield RunningPlace(place, outputs, LocalClients(place))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the local cloud, by itself or as one of its parameters: `-m "not local_cloud"`."""
    for item in items:
        wanted = getattr(item, "fixturenames", ())
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if "running" in wanted or "local cloud" in parameters:
            item.add_marker("local_cloud")
