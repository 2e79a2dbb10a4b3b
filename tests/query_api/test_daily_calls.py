"""Questions that are paid for stand in the same count of a day as what workers ask, and end with it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from aws.retries import RetryPolicy
from contract.items import to_wire
from contract.meaning import INVOKE_MODEL
from contract.table import budget_key
from processors.adapters.dynamodb_counters import DynamoDBRateLimits
from processors.rate_limit import DayCount
from query_api.adapters.daily_calls import DailyCalls
from query_api.ports import DayUsedUpError
from tests.fakes.dynamodb import TABLE
from tests.query_api.site import Site

TODAY = datetime(2026, 11, 28, 23, 0, tzinfo=UTC)
DAY = "2026-11-28"


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        client: Any = boto3.client("dynamodb", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        keys = {"pk": "HASH", "sk": "RANGE"}
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        )
        yield client


def questions(client: Any, limit: int | None, now: datetime = TODAY) -> DailyCalls:
    return DailyCalls(client, TABLE, INVOKE_MODEL, limit, lambda: now)


def as_many_as_allowed(calls: DailyCalls, most: int = 10) -> int:
    for taken in range(most):
        try:
            calls.take()
        except DayUsedUpError:
            return taken
    return most


def test_workers_and_questions_share_a_day(client: Any) -> None:
    limits = DynamoDBRateLimits(client, TABLE, RetryPolicy(1, 1, 1))
    limits.begin_day(INVOKE_MODEL, DAY)
    assert limits.count(INVOKE_MODEL, DayCount(3, DAY, 5 - 3, None))[0]

    assert as_many_as_allowed(questions(client, 5)) == 2

    is_done, standing = limits.count(INVOKE_MODEL, DayCount(1, DAY, 5 - 1, None))
    assert (is_done, standing.day_calls) == (False, 5), "and workers have none left either"


def test_it_is_said_when_there_is_more_and_a_new_day_has_all_of_it(client: Any) -> None:
    calls = questions(client, 1)
    calls.take()
    with pytest.raises(DayUsedUpError) as refused:
        calls.take()
    assert refused.value.retry_after_seconds == 3600

    assert as_many_as_allowed(questions(client, 1, TODAY + timedelta(hours=2))) == 1
    assert as_many_as_allowed(calls) == 0, "by a clock that is behind, it is the day that has begun"


@pytest.mark.parametrize(("operators", "taken"), [(3, 3), (0, 0)])
def test_an_operators_limit_goes_before_the_deployments(client: Any, operators: int, taken: int) -> None:
    at = budget_key(INVOKE_MODEL)
    client.put_item(TableName=TABLE, Item=to_wire({**at._asdict(), "daily_limit": operators}))

    assert as_many_as_allowed(questions(client, 1)) == taken


def test_a_limit_that_is_changed_holds_for_who_knew_the_former_one(client: Any) -> None:
    calls, at = questions(client, None), budget_key(INVOKE_MODEL)
    calls.take()
    client.update_item(
        TableName=TABLE,
        Key=to_wire(at._asdict()),
        UpdateExpression="SET daily_limit = :two",
        ExpressionAttributeValues={":two": {"N": "2"}},
    )

    assert as_many_as_allowed(calls) == 1
    client.update_item(TableName=TABLE, Key=to_wire(at._asdict()), UpdateExpression="REMOVE daily_limit")
    assert as_many_as_allowed(calls) == 10


def test_a_reader_is_told_what_else_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def used_up(_text: str) -> Any:
        raise DayUsedUpError(3600)

    monkeypatch.setattr("tests.query_api.site.of_words", used_up)
    site = Site(meaning=True)

    refused = site.list(like="a dog")

    assert (refused.status, refused.headers["retry-after"]) == (503, "3600")
    assert refused.json["type"] == "urn:imagepipe:problem:day-used-up"
    assert "similar_to" in refused.json["detail"]
    assert site.list(label="Dog").status == 200
