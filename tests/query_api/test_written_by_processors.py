"""What processors write is what the query API reads: both adapters, one table."""

from concurrent.futures import Executor, ThreadPoolExecutor

import pytest
from mypy_boto3_dynamodb import DynamoDBClient

from aws.calls import TableBatches
from contract import table
from contract.results import Result, ResultName
from processors.adapters.calls import retry_policy, translated
from processors.adapters.dynamodb import ImageTable as ProcessorsTable
from processors.pipeline.commit import Decided
from query_api.endpoints.images import read_details
from query_api.search.listing import Listing
from query_api.search.questions import ListQuestion
from tests.query_api.conftest import TABLE_NAME, MotoTable
from tests.query_api.photos import photo

NAME = ResultName("etag-of-cat.jpg-1234", "labels", "f1")
ANSWER = Result(NAME, {"Labels": [{"Name": "Cat", "Confidence": 97.5}]}, "2026-11-23T12:30:00.000Z")


@pytest.fixture
def processors(dynamodb: DynamoDBClient) -> ProcessorsTable:
    executor: Executor = ThreadPoolExecutor(1)
    retry = retry_policy()
    batches = TableBatches(dynamodb, TABLE_NAME, translated, retry, executor)
    return ProcessorsTable(batches, retry, clock=lambda: 0.0)


def test_a_committed_record_is_read_with_its_raw_results(
    processors: ProcessorsTable, moto_table: MotoTable
) -> None:
    record = photo("cat.jpg", labels={"Cat": 97.5}, faces=0, detectors={"labels": "f1"})
    processors.save_results([ANSWER])
    processors.write_rows(table.index_rows(record))
    processors.commit([Decided(record, None)])

    details = read_details(moto_table, "cat.jpg")
    page = Listing(moto_table).page(ListQuestion(labels=("Cat",)))

    assert details is not None
    assert (details.record, details.results) == (record, {"labels": ANSWER})
    assert [(match.record, match.confidence) for match in page.matches] == [(record, 97.5)]


def test_a_claimed_call_has_no_result_yet(processors: ProcessorsTable, moto_table: MotoTable) -> None:
    record = photo("cat.jpg", labels={"Cat": 97.5}, faces=0, detectors={"labels": "f1"})
    processors.commit([Decided(record, None)])
    processors.claim([NAME], "somebody")

    details = read_details(moto_table, "cat.jpg")

    assert details is not None
    assert details.results == {}
