"""The budget on the fake, moto and the local cloud: the same steps with the same outcome."""

from dataclasses import replace
from typing import Any

import pytest

from contract.errors import ConfigurationError
from contract.items import key_to_wire
from contract.quotas import BudgetItem
from contract.table import budget_key
from processors.adapters.calls import retry_policy
from processors.adapters.dynamodb_counters import DynamoDBRateLimits
from processors.rate_limit import DayCount, Lane, ReservationRequest
from tests.processors.test_conformance import client as client_fixture

client = client_fixture
NOW = 1_795_000_000.0
TODAY = "2026-11-18"
STEP = ReservationRequest(
    span=0.2,
    now=NOW,
    latest=NOW + 30,
    lane=Lane.LIVE,
    soon=NOW + 0.5,
    overdue=NOW - 2,
    absurd=NOW + 900,
    calls=10,
    day=TODAY,
)
BULK = replace(STEP, lane=Lane.BULK)
LABELS = "DetectLabels"
BEGUN = BudgetItem(calls_day=TODAY)


@pytest.fixture
def budgets(client: tuple[Any, str]) -> DynamoDBRateLimits:
    store = DynamoDBRateLimits(*client, retry_policy(sleep=lambda _seconds: None))
    store.begin_day(LABELS, TODAY)
    return store


def state(next_at: float, day_calls: int, **others: Any) -> BudgetItem:
    return replace(BEGUN, next_at=next_at, day_calls=day_calls, **others)


def test_nothing_is_taken_before_the_day_was_begun(client: tuple[Any, str]) -> None:
    store = DynamoDBRateLimits(*client, retry_policy(sleep=lambda _seconds: None))

    assert store.start(LABELS, STEP) == (False, BudgetItem())
    assert store.begin_day(LABELS, TODAY) == BEGUN
    assert store.start(LABELS, STEP) == (True, state(NOW + 0.2, 10))
    assert store.begin_day(LABELS, TODAY) == state(NOW + 0.2, 10)
    assert store.begin_day(LABELS, "2026-11-19") == state(NOW + 0.2, 0, calls_day="2026-11-19")
    assert store.begin_day(LABELS, TODAY) == state(NOW + 0.2, 0, calls_day="2026-11-19")
    assert store.join(LABELS, STEP) == (False, state(NOW + 0.2, 0, calls_day="2026-11-19"))


def test_a_line_is_begun_once_and_then_moved_on(budgets: DynamoDBRateLimits) -> None:
    assert budgets.join(LABELS, STEP) == (False, BEGUN)
    assert budgets.start(LABELS, STEP) == (True, state(NOW + 0.2, 10))
    assert budgets.start(LABELS, STEP) == (False, state(NOW + 0.2, 10))
    assert budgets.join(LABELS, STEP) == (True, state(NOW + 0.4, 20))


def test_a_line_that_has_run_empty_is_begun_anew(budgets: DynamoDBRateLimits) -> None:
    later = replace(STEP, now=NOW + 10, absurd=NOW + 910)
    budgets.start(LABELS, STEP)

    assert budgets.join(LABELS, later) == (False, state(NOW + 0.2, 10))
    assert budgets.start(LABELS, later) == (True, state(NOW + 10.2, 20))


def test_a_line_that_a_wrong_clock_has_begun_is_begun_anew(budgets: DynamoDBRateLimits) -> None:
    budgets.start(LABELS, replace(STEP, now=NOW + 3600, absurd=NOW + 4500))

    assert budgets.join(LABELS, STEP) == (False, state(NOW + 3600.2, 10))
    assert budgets.start(LABELS, STEP) == (True, state(NOW + 0.2, 20))


def test_the_calls_of_a_day_end_at_the_room_that_there_is(budgets: DynamoDBRateLimits) -> None:
    bounded = replace(STEP, room=10)

    assert budgets.start(LABELS, bounded) == (True, state(NOW + 0.2, 10))
    assert budgets.join(LABELS, bounded) == (True, state(NOW + 0.4, 20))
    assert budgets.join(LABELS, bounded) == (False, state(NOW + 0.4, 20))


def test_a_limit_that_was_set_meanwhile_is_told_before_anything_is_taken(
    budgets: DynamoDBRateLimits, client: tuple[Any, str]
) -> None:
    set_daily_limit(client, 15)

    assert budgets.start(LABELS, STEP) == (False, replace(BEGUN, daily_limit=15))
    known = replace(STEP, daily_limit=15, room=5)
    assert budgets.start(LABELS, known) == (True, state(NOW + 0.2, 10, daily_limit=15))
    assert budgets.join(LABELS, known) == (False, state(NOW + 0.2, 10, daily_limit=15))


def test_calls_of_other_regions_are_counted_and_move_no_line(budgets: DynamoDBRateLimits) -> None:
    budgets.start(LABELS, STEP)

    assert budgets.count(LABELS, DayCount(7, TODAY, room=10)) == (True, state(NOW + 0.2, 17))
    assert budgets.count(LABELS, DayCount(7, TODAY, room=10)) == (False, state(NOW + 0.2, 17))
    assert budgets.count(LABELS, DayCount(7, "2026-11-19")) == (False, state(NOW + 0.2, 17))


def test_a_limit_that_was_set_meanwhile_is_told_before_calls_of_other_regions_are_counted(
    budgets: DynamoDBRateLimits, client: tuple[Any, str]
) -> None:
    set_daily_limit(client, 5)

    assert budgets.count(LABELS, DayCount(4, TODAY)) == (False, replace(BEGUN, daily_limit=5))
    known = DayCount(4, TODAY, room=1, daily_limit=5)
    assert budgets.count(LABELS, known) == (True, replace(BEGUN, daily_limit=5, day_calls=4))
    assert budgets.count(LABELS, known) == (False, replace(BEGUN, daily_limit=5, day_calls=4))


def set_daily_limit(client: tuple[Any, str], limit: int) -> None:
    aws, table_name = client
    aws.update_item(
        TableName=table_name,
        Key=key_to_wire(budget_key(LABELS)),
        UpdateExpression="SET daily_limit = :limit",
        ExpressionAttributeValues={":limit": {"N": str(limit)}},
    )


def test_nobody_joins_a_line_that_is_too_long(budgets: DynamoDBRateLimits) -> None:
    budgets.start(LABELS, replace(STEP, span=31.0))

    assert budgets.join(LABELS, STEP) == (False, state(NOW + 31, 10))


def test_bulk_joins_a_short_line_and_a_long_one_only_when_overdue(budgets: DynamoDBRateLimits) -> None:
    budgets.start(LABELS, BULK)
    assert budgets.join(LABELS, BULK) == (True, state(NOW + 0.4, 20, bulk_at=NOW))
    budgets.join(LABELS, replace(STEP, span=5.0))

    assert budgets.join(LABELS, BULK) == (False, state(NOW + 5.4, 30, bulk_at=NOW))
    overdue = replace(BULK, now=NOW + 3, soon=NOW + 3.5, overdue=NOW + 1)
    assert budgets.join(LABELS, overdue) == (True, state(NOW + 5.6, 40, bulk_at=NOW + 3))


def test_operations_have_lines_of_their_own(budgets: DynamoDBRateLimits) -> None:
    budgets.start(LABELS, STEP)
    budgets.begin_day("DetectFaces", TODAY)

    assert budgets.start("DetectFaces", STEP) == (True, state(NOW + 0.2, 10))


def test_a_throttle_is_noted_unless_there_is_a_cut_that_was_not_known(budgets: DynamoDBRateLimits) -> None:
    cut = replace(BEGUN, cut_at=NOW, cut_from=50.0)

    assert budgets.cut(LABELS, 50.0, NOW, None, 0.0) == cut
    assert budgets.cut(LABELS, 37.5, NOW + 2, None, 0.0) == cut
    assert budgets.cut(LABELS, 37.5, NOW + 2, NOW, 0.0) == replace(cut, cut_at=NOW + 2, cut_from=37.5)


@pytest.mark.parametrize("nonsense", [{"S": "fifty"}, {"N": "-3"}, {"N": "1e30"}])
@pytest.mark.parametrize("name", ["quota", "next_at", "daily_limit", "cut_from"])
def test_an_item_that_cannot_be_read_is_the_deployments_fault(
    client: tuple[Any, str], name: str, nonsense: dict[str, Any]
) -> None:
    aws, table_name = client
    key = key_to_wire(budget_key(LABELS))
    aws.update_item(
        TableName=table_name,
        Key=key,
        UpdateExpression=f"SET {name} = :nonsense",
        ExpressionAttributeValues={":nonsense": nonsense},
    )
    store = DynamoDBRateLimits(*client, retry_policy(sleep=lambda _seconds: None))

    with pytest.raises(ConfigurationError, match=name) as raised:
        store.begin_day(LABELS, TODAY)
    assert raised.value.code == "UnreadableBudget"
