"""Where a conformance suite runs: on the fake, on moto and on the local cloud."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.conftest import RunningCloud
from tests.fakes.places import PLACES
from tests.fakes.s3 import FakeS3
from tests.fakes.s3_versions import Versioning
from tests.fakes.sns import FakeSNS
from tests.fakes.sqs import FakeSQS

FAKES: dict[str, Callable[[], Any]] = {
    "s3": lambda: FakeS3(versioning=Versioning.NEVER),
    "sns": FakeSNS,
    "sqs": FakeSQS,
}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def new_client(place: str, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Any]]:
    """Make a client of a service, by its name."""
    session: Any = boto3.Session("test", "test", region_name="us-east-1")
    if place == "fake":
        yield lambda service: FAKES[service]()
    elif place == "moto":
        with mock_aws():
            yield session.client
    else:
        running: RunningCloud = request.getfixturevalue("running")
        yield partial(session.client, endpoint_url=running.outputs.endpoint_url)
