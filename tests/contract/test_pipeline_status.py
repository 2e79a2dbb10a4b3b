"""How things stand: one computation for the command, the API and the page."""

import pytest

from contract.metrics import Metric
from contract.pipeline_status import LaneStatus, PipelineStatus, QuotaInUse, Spent, days_of_month
from contract.prices import dollars_for_calls
from contract.quotas import BudgetItem

# 2026-11-23, noon in UTC.
NOW = 1_795_435_200.0
DAY = "2026-11-23"


def status(at: float, calls: int, day: str = DAY) -> PipelineStatus:
    quota = QuotaInUse.of(
        "DetectLabels", 50, None, BudgetItem(calls_day=day, day_calls=calls), now=at, account=None
    )
    return PipelineStatus(at, (LaneStatus("images", 0, 0, 0),), (quota,), {}, Spent(0, 0))


def test_a_days_dollars_are_those_of_its_place_in_the_month() -> None:
    counts: dict[str, dict[str, int]] = {
        "2026-10-31": {Metric.CALLS_MADE: 9_000_000},
        "2026-11-01": {Metric.CALLS_MADE: 999_000},
        DAY: {Metric.CALLS_MADE: 2_000},
    }

    spent = Spent.of(counts, DAY)

    assert spent.today == pytest.approx(1.0 + 0.8)
    assert spent.month == pytest.approx(dollars_for_calls(1_001_000))
    assert Spent.of({}, DAY) == Spent(0, 0)


def test_the_days_of_the_month_end_with_today() -> None:
    days = days_of_month(NOW)

    assert (days[0], days[-1], len(days)) == (DAY, "2026-11-01", 23)


def test_a_rate_is_told_by_two_looks_and_not_over_midnight() -> None:
    before, after = status(NOW, 100), status(NOW + 10, 350)

    assert after.rates(before) == {"DetectLabels": 25.0}
    assert after.rates(None) == {}
    assert after.rates(after) == {}
    assert status(NOW + 10, 3).rates(before) == {}


def test_a_quota_that_is_used_up_has_its_calls_reserved_ahead() -> None:
    quota = QuotaInUse.of("DetectLabels", 50, 20_000, BudgetItem(next_at=NOW + 4, quota=20.0), now=NOW)

    assert (quota.in_use, quota.line_seconds, quota.daily.in_use) == (20.0, 4.0, 20_000)
    assert QuotaInUse.of("DetectLabels", 50, None, BudgetItem(next_at=NOW - 4), now=NOW).line_seconds == 0
