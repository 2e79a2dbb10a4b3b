from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import botocore.session
import pytest
from boto3.dynamodb.types import TypeSerializer
from moto import mock_aws
from mypy_boto3_dynamodb import DynamoDBClient

from contract.items import PARTITION_KEY, SORT_KEY, ItemKey, key_to_wire
from contract.table import RANK, RANK_INDEX, RANK_PROJECTED
from query_api.adapters.clients import make_dynamodb_client
from query_api.adapters.dynamodb import QueryTable
from tests.query_api.memory_table import MemoryTable
from tests.query_api.site import Site

TABLE_NAME = "images"
SCHEMA: Any = {
    "KeySchema": [
        {"AttributeName": PARTITION_KEY, "KeyType": "HASH"},
        {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"} for name in (PARTITION_KEY, SORT_KEY, RANK)
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": RANK_INDEX,
            "KeySchema": [
                {"AttributeName": PARTITION_KEY, "KeyType": "HASH"},
                {"AttributeName": RANK, "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(RANK_PROJECTED)},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
_serialize = TypeSerializer().serialize


@pytest.fixture(autouse=True)
def _no_sockets(socket_disabled: None) -> None:
    """Nothing here may open one."""


@pytest.fixture
def site() -> Site:
    return Site()


@dataclass(frozen=True)
class MotoTable(QueryTable):
    """The adapter, on a table that tests can fill."""

    def put(self, at: ItemKey, item: Mapping[str, object]) -> None:
        tagged = {name: _serialize(value) for name, value in item.items()}
        self.client.put_item(TableName=self.table_name, Item={**tagged, **key_to_wire(at)})

    def remove(self, at: ItemKey) -> None:
        self.client.delete_item(TableName=self.table_name, Key=key_to_wire(at))


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    """A client of DynamoDB in this process, with an empty table."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = make_dynamodb_client(botocore.session.get_session())
        client.create_table(TableName=TABLE_NAME, **SCHEMA)
        yield client


@pytest.fixture
def moto_table(dynamodb: DynamoDBClient) -> Iterator[MotoTable]:
    with ThreadPoolExecutor(4) as executor:
        yield MotoTable(dynamodb, TABLE_NAME, executor, lambda what, error: None, pause=lambda seconds: None)


@pytest.fixture(params=["memory", "dynamodb"])
def table_like(request: pytest.FixtureRequest) -> MemoryTable | MotoTable:
    """Each place that photos can be read from."""
    if request.param == "memory":
        return MemoryTable()
    found: MotoTable = request.getfixturevalue("moto_table")
    return found
