from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import boto3
import pytest

from local.cloud.environment import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from tests.conftest import RunningCloud
from tests.query_api.conftest import SCHEMA, MotoTable


@pytest.fixture(autouse=True)
def _no_sockets() -> None:
    """Here they are needed."""


@pytest.fixture
def table_like(running: RunningCloud) -> Iterator[MotoTable]:
    """The adapter on a table of the local cloud."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=running.outputs.endpoint_url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
    )
    name = f"conformance-{uuid4().hex}"
    client.create_table(TableName=name, **SCHEMA)
    with ThreadPoolExecutor(4) as executor:
        yield MotoTable(client, name, executor, lambda what, error: None)
    client.delete_table(TableName=name)
