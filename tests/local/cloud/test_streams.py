"""The stream of a table tells of every way in which an item comes to be there."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import boto3
import pytest

from local.cloud.environment import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from tests.conftest import RunningCloud

KEY = {"pk": {"S": "image#a.jpg"}, "sk": {"S": "record"}}


@pytest.fixture
def client(running: RunningCloud) -> Callable[[str], Any]:
    session: Any = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
    return partial(session.client, endpoint_url=running.outputs.endpoint_url)


@pytest.fixture
def table(client: Callable[[str], Any]) -> Iterator[dict[str, Any]]:
    name = f"streamed-{uuid4().hex}"
    created = client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )
    yield created["TableDescription"]
    client("dynamodb").delete_table(TableName=name)


def put(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=KEY)


def write_batch(dynamodb: Any, table: str) -> None:
    dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": KEY}}]})


def insert_batch(dynamodb: Any, table: str) -> None:
    statement = f"INSERT INTO \"{table}\" VALUE {{'pk': ?, 'sk': ?}}"
    dynamodb.batch_execute_statement(Statements=[{"Statement": statement, "Parameters": list(KEY.values())}])


def transact(dynamodb: Any, table: str) -> None:
    dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": KEY}}])


@pytest.mark.parametrize("write", [put, write_batch, insert_batch, transact])
def test_a_new_item_is_in_the_stream_once(
    client: Callable[[str], Any], table: dict[str, Any], write: Callable[[Any, str], None]
) -> None:
    write(client("dynamodb"), table["TableName"])

    streams, arn = client("dynamodbstreams"), table["LatestStreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=iterator)["Records"]

    assert [(record["eventName"], record["dynamodb"]["Keys"]) for record in records] == [("INSERT", KEY)]
