"""`GET /stats`: how things stand."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from moto import mock_aws
from mypy_boto3_dynamodb import DynamoDBClient
from mypy_boto3_sqs import SQSClient

from aws.queue_depths import QueueDepth
from contract.errors import ConfigurationError, ThrottledError
from contract.items import key_to_wire
from contract.metrics import Metric
from contract.table import counts_key
from contract.tallies import STATUS_COUNTS
from query_api.adapters.clients import QueueBacklogs
from query_api.ports import Backlog
from tests.query_api.conftest import TABLE_NAME, MotoTable
from tests.query_api.counts import CountsSite, MemoryCounts


def test_everything_is_told_in_one_answer() -> None:
    site = CountsSite(
        MemoryCounts(
            by_status={"recognized": 30, "rejected": 2},
            by_day={
                "2026-11-23": {Metric.CALLS_MADE: 10, Metric.CALLS_AVOIDED: 3, Metric.IMAGES_RECOGNIZED: 5},
                "2026-10-25": {Metric.CALLS_MADE: 50, Metric.CALLS_AVOIDED: 1000},
                "2026-10-24": {Metric.CALLS_MADE: 7, Metric.CALLS_AVOIDED: 7},
            },
            waiting=Backlog(QueueDepth(4, 1), QueueDepth(20, 0), 3),
        )
    )

    stats = site.json("/stats")

    today = stats.pop("today")
    assert stats == {
        "images": {"recognized": 30, "rejected": 2},
        "calls": {"made": 60, "avoided": 1003, "dollars_saved": 1.003, "days": 30},
        "scenes": None,
        "queues": {"images": {"waiting": 4, "in_flight": 1}, "bulk": {"waiting": 20, "in_flight": 0}},
        "dead_letters": 3,
    }
    assert today["calls_made"] == 10
    assert today["images_recognized"] == 5
    assert set(today) == {count.name.lower() for count in Metric}


def test_what_scenes_save_is_told_with_what_they_cost_in_answers() -> None:
    site = CountsSite(
        MemoryCounts(
            by_day={
                "2026-11-23": {
                    Metric.CALLS_INHERITED: 40,
                    Metric.SCENES_COMPARED: 2,
                    Metric.SCENE_LABELS: 20,
                    Metric.SCENE_LABELS_DIFFERENT: 3,
                },
                "2026-11-22": {Metric.CALLS_INHERITED: 2},
            }
        )
    )

    assert site.json("/stats")["scenes"] == {
        "inherited": 42,
        "compared": 2,
        "disagreement": 0.15,
        "days": 30,
    }


def test_where_nothing_has_happened_yet_everything_is_zero() -> None:
    stats = CountsSite().json("/stats")

    assert stats["images"] == {"recognized": 0, "rejected": 0}
    assert set(stats["today"].values()) == {0}


def test_what_nobody_knows_to_ask_for_is_refused() -> None:
    assert CountsSite().get("/stats?day=2026-11-23").status == 400


@pytest.mark.parametrize(
    ("failure", "status"),
    [(ThrottledError("Throttling", "slow down"), 503), (ConfigurationError("AccessDenied", "no"), 500)],
)
def test_what_cannot_be_read_is_a_problem_and_not_a_zero(
    failure: ThrottledError | ConfigurationError, status: int
) -> None:
    assert CountsSite(MemoryCounts(failure=failure)).get("/stats").status == status


def test_statuses_and_days_are_one_read(dynamodb: DynamoDBClient, moto_table: MotoTable) -> None:
    dynamodb.put_item(
        TableName=TABLE_NAME,
        Item={**key_to_wire(STATUS_COUNTS), "=recognized": {"N": "7"}, "=rejected": {"N": "0"}},
    )
    dynamodb.put_item(
        TableName=TABLE_NAME, Item={**key_to_wire(counts_key("2026-11-23")), "CallsMade": {"N": "12"}}
    )

    found = moto_table.statuses_and_days(["2026-11-23", "2026-11-22"])

    assert found == ({"recognized": 7}, {"2026-11-23": {"CallsMade": 12}})


@pytest.fixture
def sqs() -> Iterator[SQSClient]:
    with mock_aws():
        yield boto3.client("sqs", region_name="eu-central-1")


def test_queues_are_asked_what_waits_and_what_is_under_way(sqs: SQSClient) -> None:
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("images", "bulk", "dead", "bulk-dead")]
    for url, messages in zip(urls, (3, 1, 2, 4), strict=True):
        for number in range(messages):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
    sqs.send_message(QueueUrl=urls[0], MessageBody="later", DelaySeconds=900)
    sqs.receive_message(QueueUrl=urls[0], MaxNumberOfMessages=1)

    with ThreadPoolExecutor(4) as executor:
        backlog = QueueBacklogs(lambda: sqs, urls[0], urls[1], tuple(urls[2:]), executor).backlog()

    assert backlog == Backlog(QueueDepth(2, 1, 1), QueueDepth(1, 0), 6)


def test_a_queue_that_is_not_there_is_the_deployments_fault(sqs: SQSClient) -> None:
    absent = "https://sqs.eu-central-1.amazonaws.com/123456789012/absent"

    with ThreadPoolExecutor(4) as executor, pytest.raises(ConfigurationError, match="absent"):
        QueueBacklogs(lambda: sqs, absent, absent, (absent, absent), executor).backlog()
