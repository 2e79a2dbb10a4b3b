import pytest

from loadtest.bench.figures import Figure, in_unit


@pytest.mark.parametrize(
    ("value", "text"), [(0.844, "0.84 s"), (14.26, "14.3 s"), (451.7, "452 s"), (0.0, "0.00 s")]
)
def test_a_value_is_written_with_the_digits_that_mean_something(value: float, text: str) -> None:
    assert in_unit(value, "s") == text


def test_a_figure_without_a_baseline_has_no_ratio_and_no_aim() -> None:
    assert Figure("start", 2.0, "s", at_most=1.0).cells() == ("start", "2.00 s", "", "", "")


def test_a_baseline_of_zero_has_no_ratio() -> None:
    assert Figure("function", 19.0, "ms", "asked directly", 0.0, at_most=2.0).ratio is None


@pytest.mark.parametrize(
    ("value", "aim"), [(8.1, "≥ 0.8 reached"), (8.0, "≥ 0.8 reached"), (7.9, "≥ 0.8 **missed**")]
)
def test_what_is_to_be_fast_is_held_against_its_least(value: float, aim: str) -> None:
    assert Figure("rate", value, "images/s", "asked directly", 10.0, at_least=0.8).aim == aim


@pytest.mark.parametrize(("value", "aim"), [(124.0, "≤ 1.25 reached"), (126.0, "≤ 1.25 **missed**")])
def test_what_is_to_be_short_is_held_against_its_most(value: float, aim: str) -> None:
    assert Figure("import", value, "ms", "bare boto3", 100.0, at_most=1.25).aim == aim


def test_the_baseline_is_shown_with_its_name() -> None:
    cells = Figure("rate", 8.0, "images/s", "asked directly", 10.0).cells()
    assert cells == ("rate", "8.00 images/s", "10.0 images/s asked directly", "0.80", "")
