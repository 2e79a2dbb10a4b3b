"""Percentiles, steady state, use of a quota, and the time until it is used again."""

import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest import arithmetic
from loadtest.arithmetic import Steps, Window
from loadtest.photos import TrackedPhoto
from loadtest.scenario import Phase, QuotaChange, Scenario
from tests.loadtest.looks import samples

ALWAYS_TEN = Steps(((0.0, 10.0),))
HALVED = (QuotaChange(30, {"DetectLabels": 5}), QuotaChange(60, {"DetectLabels": 10}))


@pytest.mark.parametrize(("percent", "value"), [(50, 2.0), (75, 3.0), (95, 4.0), (99, 4.0), (25, 1.0)])
def test_a_percentile_is_a_value_that_was_there(percent: float, value: float) -> None:
    assert arithmetic.percentile([4.0, 1.0, 3.0, 2.0], percent) == value


def test_nothing_has_no_percentile() -> None:
    assert arithmetic.percentile([], 50) is None


@given(st.lists(st.floats(0, 1000), min_size=1), st.floats(1, 100))
def test_so_many_percent_are_not_above_it(values: list[float], percent: float) -> None:
    found = arithmetic.percentile(values, percent)

    assert found is not None
    assert sum(value <= found for value in values) >= percent / 100 * len(values) - 1e-6


def ended(phase: str, times: Iterable[float], sent_at: float = 0.0) -> list[TrackedPhoto]:
    return [TrackedPhoto(f"{phase}/{at}", phase, 0, sent_at, float(at)) for at in times]


def test_steady_state_leaves_out_the_warm_up_and_the_last_twentieth() -> None:
    scenario = Scenario("one", "", (Phase("photos", 100),), warm_up_seconds=5.0)

    assert arithmetic.steady_window(scenario, ended("photos", range(1, 101))) == Window(5.0, 95.0)


def test_steady_state_is_that_of_the_backlog_alone() -> None:
    scenario = Scenario("two", "", (Phase("idle", 9, per_second=1), Phase("backlog", 100)))
    photos = [*ended("idle", range(1, 10)), *ended("backlog", range(11, 111), sent_at=10.0)]

    assert arithmetic.steady_window(scenario, photos) == Window(15.0, 105.0)


@pytest.mark.parametrize("times", [[], [1.0, 2.0, 5.5]])
def test_a_run_without_a_second_of_it_has_none(times: list[float]) -> None:
    scenario = Scenario("one", "", (Phase("photos", 3),))

    assert arithmetic.steady_window(scenario, ended("photos", times)) is None


def test_a_quota_is_added_up_over_its_changes() -> None:
    quota = arithmetic.quota_at({"DetectLabels": 10}, HALVED, "DetectLabels")

    assert quota.over(Window(20, 70)) == 10 * 10 + 30 * 5 + 10 * 10
    assert (quota.at(29.9), quota.at(30), quota.at(61)) == (10, 5, 10)


def test_calls_between_two_looks_are_in_proportion() -> None:
    looked = samples(lambda at: 10 * at, 10)

    assert arithmetic.accepted_at(looked, "DetectLabels", 2.5) == 25
    assert arithmetic.accepted_at(looked, "DetectLabels", 0.5) == 5
    assert arithmetic.accepted_at(looked, "DetectLabels", 99.0) == 100


def test_a_quota_that_is_filled_is_used_wholly() -> None:
    looked = samples(lambda at: 10 * at, 60)

    assert arithmetic.use(looked, "DetectLabels", ALWAYS_TEN, Window(5, 55)) == pytest.approx(1.0)


def test_where_there_is_no_limit_nothing_is_used_of_it() -> None:
    unlimited = Steps(((0.0, math.inf),))

    assert arithmetic.use(samples(lambda at: at, 9), "DetectLabels", unlimited, Window(1, 8)) is None


def test_a_restored_quota_is_used_again_some_seconds_later() -> None:
    quota = arithmetic.quota_at({"DetectLabels": 10}, HALVED, "DetectLabels")
    # Five a second until 64 s, though ten are allowed from 60 s on; then ten.
    looked = samples(lambda at: 5 * min(at, 64) + 10 * max(0, at - 64), 90)

    back = arithmetic.seconds_until_back(looked, "DetectLabels", quota, 60)

    assert back == pytest.approx(8.0)  # 4 s late, and the first five seconds of which 0.9 was used


def test_a_quota_that_is_never_used_again_is_told_so() -> None:
    quota = arithmetic.quota_at({"DetectLabels": 10}, HALVED, "DetectLabels")

    assert arithmetic.seconds_until_back(samples(lambda at: 5 * at, 90), "DetectLabels", quota, 60) is None


def test_only_changes_that_raise_a_quota_are_restorations() -> None:
    scenario = Scenario("halved", "", quotas={"DetectLabels": 10}, changes=HALVED)

    assert arithmetic.restorations(scenario, "DetectLabels") == [HALVED[1]]
    assert arithmetic.restorations(scenario, "DetectFaces") == []
