"""What is forgotten is looked for in the table as it is, however late other reads would be."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from moto import mock_aws

from aws.calls import TableBatches
from contract.alert_state import FORGOTTEN, AlertExample, AlertMessage, AlertState
from contract.alerts import alert_key
from contract.corrections import NONE, corrections_key
from contract.edits import Edit
from contract.items import ItemKey, from_wire, key_to_wire, to_wire
from contract.results import ResultName
from contract.table import record_key, result_key
from contract.tallies import Name
from operations.adapters.aws_errors import translated
from operations.adapters.dynamodb import DynamoDBTraces
from operations.inventory import ResultTrace, Trace, TraceKind
from tests.fakes.dynamodb import TABLE
from tests.fakes.late_reads import LateReads
from tests.operations.world import AT_ONCE


@pytest.fixture
def traces() -> Iterator[DynamoDBTraces]:
    with ThreadPoolExecutor(2) as executor, mock_aws():
        moto = boto3.client("dynamodb", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        moto.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        )
        client: Any = LateReads(moto, TABLE)
        yield DynamoDBTraces(
            client, TABLE, AT_ONCE, TableBatches(client, TABLE, translated, AT_ONCE, executor)
        )


def put(traces: DynamoDBTraces, at: ItemKey, **attributes: object) -> None:
    traces.client.put_item(TableName=TABLE, Item={**key_to_wire(at), **to_wire(attributes)})


def test_a_record_that_was_just_written_is_found(traces: DynamoDBTraces) -> None:
    put(traces, record_key("a.jpg"), key="a.jpg", status="recognized")
    put(traces, record_key("b.jpg"), key="b.jpg", status="recognized")

    assert [(found.kind, found.key) for found in traces.find("a")] == [(TraceKind.RECORD, "a.jpg")]


def test_an_index_row_is_a_trace_of_its_photo(traces: DynamoDBTraces) -> None:
    at = ItemKey("index#label:cat#0", "2026-01-31 a.jpg")
    put(traces, at, key="a.jpg", revision="r")

    assert list(traces.find("a")) == [Trace(TraceKind.ROW, at, "a.jpg", is_alive=False, content_id=None)]


def test_a_key_in_an_alert_is_taken_out_and_the_photo_stays_counted(traces: DynamoDBTraces) -> None:
    examples = (AlertExample("a.jpg", "Fox 90 %"), AlertExample("b.jpg", ""))
    message = AlertMessage("fox-7-1", 2, 5, examples, 99)
    state = AlertState(3, 2, 8, examples, 4, message, ("0a",))
    put(traces, alert_key("fox"), **state.to_item(), expires_at=12345)
    put(traces, alert_key("owl"), **AlertState(held=1, examples=examples[1:]).to_item())

    (trace,) = traces.find("a")
    assert trace == Trace(TraceKind.ALERT, alert_key("fox"), "a.jpg", is_alive=False, content_id=None)
    traces.remove(trace)
    traces.remove(trace)

    assert list(traces.find("a")) == []
    assert [found.at.pk for found in traces.find("b")] == ["alert#fox", "alert#owl"]
    place = key_to_wire(alert_key("fox"))
    kept = from_wire(traces.client.get_item(TableName=TABLE, Key=place, ConsistentRead=True)["Item"])
    left = (AlertExample(FORGOTTEN, ""), examples[1])
    expected = state._replace(version=5, examples=left, sending=message._replace(examples=left))
    assert AlertState.from_item(kept) == expected
    assert kept["expires_at"] == 12345


def test_results_that_were_just_named_by_a_record_are_not_given_away(traces: DynamoDBTraces) -> None:
    result = result_key(ResultName("abc-7", "labels", "f1"))
    put(traces, result)
    assert traces.results("abc-7") == [ResultTrace(result)]

    put(traces, Name("abc-7", "a.jpg", 1).at)
    assert traces.results("abc-7") is None


def test_a_claim_is_removed_only_if_nobody_has_claimed_anew(traces: DynamoDBTraces) -> None:
    result = result_key(ResultName("abc-7", "picture", "f1"))
    put(traces, result, claimed_by="t1", claimed_until=5)
    claim = ResultTrace(result, "t1", 5)
    assert traces.results("abc-7") == [claim]

    put(traces, result, claimed_by="t2", claimed_until=500)
    traces.remove_result(claim)
    traces.remove_result(ResultTrace(result))
    assert traces.results("abc-7") == [ResultTrace(result, "t2", 500)]

    put(traces, result, called_at="2026", answer=b"packed")
    traces.remove_result(ResultTrace(result))
    traces.remove_result(ResultTrace(result))
    assert traces.results("abc-7") == []


def test_what_people_said_of_a_content_goes_with_its_results(traces: DynamoDBTraces) -> None:
    place = corrections_key("abc-7")
    put(traces, place, **NONE.edited(Edit(add=("Dog",)), "ana", "2026-11-27T12:00:00Z").to_item())

    assert traces.results("abc-7") == [ResultTrace(place)]
    traces.remove_result(ResultTrace(place))

    assert traces.results("abc-7") == []
