"""What `imagepipe forget` finds of a key in the table, on moto's."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from aws.calls import TableBatches
from contract.items import ItemKey, key_to_wire, to_wire
from contract.records import ImageRecord, ImageVersion, Status
from contract.results import ResultName
from contract.table import record_key, result_key
from contract.tallies import Name
from operations.adapters.aws_errors import translated
from operations.adapters.dynamodb import DynamoDBTraces
from operations.adapters.s3 import ObjectVersion
from operations.inventory import ResultTrace, TraceKind
from tests.fakes.dynamodb import TABLE
from tests.operations.world import AT_ONCE
from tests.processors.world import InlineExecutor

VERSION = ImageVersion("a b.jpg", "e1", 10, "v1", "2026-01-01T00:00:00.000Z")


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        keys: Any = {"pk": "HASH", "sk": "RANGE"}
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@pytest.mark.parametrize("shares_answers", [True, False])
@pytest.mark.parametrize("is_named", [True, False])
def test_the_results_of_a_record_are_found_by_what_they_are_kept_by(
    client: Any, shares_answers: bool, is_named: bool
) -> None:
    record = ImageRecord(
        VERSION, Status.RECOGNIZED, "AA", 1, VERSION.uploaded_at, shares_answers=shares_answers
    )
    result = result_key(ResultName(record.content_id, "labels", "f1"))

    def put(at: ItemKey, item: Any) -> None:
        client.put_item(TableName=TABLE, Item={**key_to_wire(at), **to_wire(item)})

    put(record_key(record.key), record.to_item())
    put(result, {"called_at": "2026"})
    if is_named:
        name = Name(record.content_id, "another.jpg", 1)
        put(name.at, name.to_item())
    reads = TableBatches(client, TABLE, translated, AT_ONCE, InlineExecutor())
    traces = DynamoDBTraces(client, TABLE, AT_ONCE, reads)

    (found,) = traces.find(record.key)

    assert (found.kind, found.is_alive, found.content_id) == (TraceKind.RECORD, True, record.content_id)
    assert traces.results(record.content_id) == (None if is_named else [ResultTrace(result)])


@pytest.mark.parametrize("version_id", ["v1", None])
def test_an_object_tells_both_names_that_its_results_may_be_kept_by(version_id: str | None) -> None:
    listed = ObjectVersion("a b.jpg", version_id or "null", "e1", 10)
    version = ImageVersion("a b.jpg", "e1", 10, version_id, "")

    assert listed.content_ids == (version.content_id, version.own_content_id)
    assert ObjectVersion("a b.jpg", "v2").content_ids == ()
