import pytest

from loadtest.bench.throughput import Round, cpu_figures, figures, photos_a_round, steady_rate


@pytest.mark.parametrize(("rate", "photos"), [(14.0, 150), (15.0, 150), (8.0, 90), (1.0, 30), (0.01, 30)])
def test_a_round_takes_about_as_long_as_asked_and_holds_the_mix_whole(rate: float, photos: int) -> None:
    assert photos_a_round(rate, 10.0, mix=30) == photos


def test_the_steady_rate_leaves_out_beginning_and_end() -> None:
    slow_start, flowing, slow_end = [0.0, 9.0], [10.0 + place / 4 for place in range(16)], [30.0, 60.0]
    assert steady_rate(slow_start + flowing + slow_end) == pytest.approx(4.0)


@pytest.mark.parametrize("told", [[1.0], [1.0, 1.0, 1.0]])
def test_completions_told_all_at_once_have_no_steady_rate(told: list[float]) -> None:
    assert steady_rate(told) is None


def test_the_ratio_is_that_of_the_medians() -> None:
    direct = [Round(100, seconds, {}) for seconds in (5.0, 10.0, 100.0)]
    pipeline = [Round(100, seconds, {}) for seconds in (12.5, 12.5, 1.0)]
    (end_to_end,) = figures(direct, pipeline)
    assert (end_to_end.value, end_to_end.baseline) == (8.0, 10.0)
    assert end_to_end.aim == "≥ 0.8 reached"


def test_processor_time_is_told_by_process_the_costliest_first_the_sum_last() -> None:
    direct = [Round(100, 10.0, {"recognizer": 10.0, "cloud": 0.4, "idle": 0.0})]
    pipeline = [Round(100, 10.0, {"recognizer": 11.0, "cloud": 1.4, "function": 2.0, "idle": 0.0})]
    told = [(figure.what, figure.value, figure.baseline) for figure in cpu_figures(direct, pipeline)]
    assert told == [
        ("recognizer", 110.0, 100.0),
        ("function", 20.0, 0.0),
        ("cloud", 14.0, 4.0),
        ("all together", 144.0, 104.0),
    ]
