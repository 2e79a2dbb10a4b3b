"""Calls a second and latency."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.rekognition.quotas import CallQuotas, QuotaChangeError, QuotaSettings, TokenBucket, read_change
from local.rekognition.request import RekognitionError

OPERATIONS = ("DetectLabels", "DetectFaces")


@dataclass
class FakeClock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_holds_one_second_of_calls_and_no_more() -> None:
    clock = FakeClock()
    bucket = TokenBucket(5, clock)
    clock.now += 60

    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]


def test_a_bucket_fills_evenly() -> None:
    clock = FakeClock()
    bucket = TokenBucket(10, clock)
    while bucket.take():
        pass

    clock.now += 0.11
    assert [bucket.take(), bucket.take()] == [True, False]


def test_less_than_one_call_a_second_lets_one_in_now_and_then() -> None:
    clock = FakeClock()
    bucket = TokenBucket(0.5, clock)

    assert [bucket.take(), bucket.take()] == [True, False]
    clock.now += 2
    assert bucket.take()


@given(st.floats(0.5, 100), st.lists(st.floats(0, 2), max_size=200))
def test_never_more_calls_than_the_rate_allows_in_any_time(rate: float, pauses: list[float]) -> None:
    clock = FakeClock()
    bucket = TokenBucket(rate, clock)
    admitted = 0
    for pause in pauses:
        clock.now += pause
        admitted += bucket.take()

    assert admitted <= max(1.0, rate) + rate * sum(pauses) + 1e-6


def test_over_quota_the_services_own_code_is_raised() -> None:
    quotas = CallQuotas(FakeClock())
    quotas.change({"DetectLabels": 1}, {})
    quotas.admit("DetectLabels")

    with pytest.raises(RekognitionError) as refused:
        quotas.admit("DetectLabels")

    assert refused.value.code == "ProvisionedThroughputExceededException"
    assert refused.value.status == 400


def test_quotas_are_separate_by_operation() -> None:
    quotas = CallQuotas(FakeClock())
    quotas.change({"DetectLabels": 1}, {})
    quotas.admit("DetectLabels")

    for _ in range(100):
        quotas.admit("DetectFaces")


def test_a_limit_can_be_lifted() -> None:
    quotas = CallQuotas(FakeClock())
    quotas.change({"DetectLabels": 1}, {})
    quotas.change({"DetectLabels": None}, {})

    for _ in range(100):
        quotas.admit("DetectLabels")
    assert quotas.rates() == {}


def test_latency_is_set_in_milliseconds() -> None:
    quotas = CallQuotas()
    quotas.change({}, {"DetectLabels": 250})

    assert quotas.latency_seconds("DetectLabels") == 0.25
    assert quotas.latency_seconds("DetectFaces") == 0


def test_a_change_is_read() -> None:
    change = read_change({"rates": {"DetectLabels": 5, "DetectFaces": None}}, OPERATIONS)

    assert change == QuotaSettings({"DetectLabels": 5.0, "DetectFaces": None}, {})


WRONG = [
    (5, "an object"),
    ({"rate": {}}, "rates"),
    ({"rates": []}, "objects"),
    ({"rates": {"DetectCats": 1}}, "DetectCats"),
    ({"rates": {"DetectLabels": 0}}, "null lifts the limit"),
    ({"rates": {"DetectLabels": "5"}}, "'5'"),
    ({"latencies_ms": {"DetectLabels": -1}}, "-1"),
]


@pytest.mark.parametrize(("wanted", "says"), WRONG)
def test_a_wrong_change_is_refused_with_the_reason(wanted: object, says: str) -> None:
    with pytest.raises(QuotaChangeError, match=says):
        read_change(wanted, OPERATIONS)
