"""What Locust writes is read."""

import json

import pytest

from loadtest import LoadtestError
from loadtest.api_load import RequestStats, read_stats

WRITTEN = json.dumps(
    [
        {"name": "one image", "num_requests": 3, "num_failures": 1, "response_times": {"20": 2, "400": 1}},
        {"name": "a page", "num_requests": 1, "num_failures": 0, "response_times": {"30": 1}},
    ]
)


def test_each_kind_of_question_has_its_figures_and_the_last_are_of_all() -> None:
    assert read_stats(WRITTEN, 2.0) == (
        RequestStats("a page", 1, 0, 0.5, 30.0, 30.0, 30.0),
        RequestStats("one image", 3, 1, 1.5, 20.0, 400.0, 400.0),
        RequestStats("all together", 4, 1, 2.0, 20.0, 400.0, 400.0),
    )


@pytest.mark.parametrize("text", ["", "[{}]", "{}x", '["a"]'])
def test_what_is_no_statistics_is_told(text: str) -> None:
    with pytest.raises(LoadtestError, match="locust did not write"):
        read_stats(text, 1.0)
